"""Models of others, run at Replicate and paid for by the run."""
