"""The local engine: no key, no network, deterministic by seed."""
