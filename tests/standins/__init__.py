"""Servers that answer as a provider does, for tests: they keep books of their own."""
