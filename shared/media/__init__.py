"""Picture and sound on files: formats, probing, the last frame, the verifier. No service."""
