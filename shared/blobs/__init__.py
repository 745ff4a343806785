"""The Blobs port's two adapters: a folder for one process, S3 for many."""
