"""Chaos: everything goes wrong at once, at us and at the provider, and its books are the judge."""
