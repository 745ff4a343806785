"""Scripts: what is in one, and which of its scenes make a trailer. Pure."""
