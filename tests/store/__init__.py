"""Tests of what each Store adapter has to itself."""
