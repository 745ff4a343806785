"""Pictures and sound in files: decode, encode, examine. Nothing here knows a service."""
