"""The secret text of an API key. Pure, but for chance.

A token is `sw_<id>_<secret>`. The id finds the row. What is stored is the SHA-256 of the whole: the
secret has 256 random bits, so nobody can try them out, and a slow hash would protect nothing but
make each request dear. Nor is salt needed: no two tokens are alike.
"""

import hmac
import re
import secrets
from hashlib import sha256

PREFIX = "sw_"

_TOKEN = re.compile(r"sw_([a-z0-9]{1,20})_[0-9a-f]{64}", re.ASCII)


def make_id() -> str:
    """Return the id of a new key: it is no secret."""
    return secrets.token_hex(6)


def make_token(key_id: str) -> str:
    """Return a new token for a key: only its owner will ever have it."""
    return f"{PREFIX}{key_id}_{secrets.token_hex(32)}"


def read_id(token: str) -> str | None:
    """Return the id of the key that a token is of; None where it is no token."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def hash_token(token: str) -> str:
    """Return what is stored of a token."""
    return sha256(token.encode()).hexdigest()


def is_same(token: str, stored: str | None) -> bool:
    """Tell whether a hash is of this token, in a time that tells nothing."""
    return stored is not None and hmac.compare_digest(hash_token(token), stored)
