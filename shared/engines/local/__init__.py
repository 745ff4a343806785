"""The local engine needs no key and no network; the same seed gives the same video."""
