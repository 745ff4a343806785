"""Tests of what each Blobs adapter has to itself."""
