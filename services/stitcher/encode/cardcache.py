"""Keeps the end cards made in this replica: the same content at the same size is the same card."""

import os
from contextlib import suppress
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path

from services.stitcher.draw.card import CardSpec, draw_end_card

MOST_CARDS = 50


def make_card(spec: CardSpec, cache: Path) -> int:
    """Write the card, from the cache if it is there, and return its number of frames."""
    cached = cache / f"{_hash_content(spec)}.mp4"
    try:
        # A link costs nothing, and stays whole when another worker removes the file from the cache.
        os.link(cached, spec.out)
        os.utime(cached)  # so that the cards that are in use are the last to be removed
    except FileNotFoundError:
        frames = draw_end_card(spec)
        _store(spec.out, cached)
        return frames
    return spec.frames


def _hash_content(spec: CardSpec) -> str:
    """Return a hash of all that the card depends on."""
    digest = blake2b(digest_size=16)
    for name in (field.name for field in fields(spec) if field.name != "out"):
        value = getattr(spec, name)
        digest.update(name.encode())
        # Pictures count by their bytes: each job has them in a folder of its own.
        digest.update(value.read_bytes() if isinstance(value, Path) else repr(value).encode())
    return digest.hexdigest()


def _store(made: Path, cached: Path) -> None:
    """Put a new card into the cache, and remove the cards that were not used for longest."""
    cached.parent.mkdir(exist_ok=True)
    with suppress(FileExistsError):  # another worker made the same card at the same time
        os.link(made, cached)
    with suppress(FileNotFoundError):  # another worker removes the same cards
        oldest_first = sorted(cached.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in oldest_first[:-MOST_CARDS]:
            old.unlink()
