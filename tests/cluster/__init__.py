"""The real servers as plain processes on loopback, and the tests that run on them."""
