"""One test body a port, run over every adapter; what needs a server is marked `cluster`."""
