"""Data of an earlier version, and tests that this one takes it up."""
