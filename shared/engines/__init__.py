"""What does the work: one file a backend, a plain argument, no registry."""
