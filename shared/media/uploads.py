"""The way to the files of users: their readers are imported in the worker processes only."""

from pathlib import Path

from shared.story.images import Picture
from shared.story.material import Material


def prepare(data: bytes) -> Picture:
    """Return the picture in these bytes, made fit to be kept; BadInput when there is none."""
    from shared.media import upload

    return upload.prepare(data)


def examine(path: Path) -> Material:
    """Return what the file of a user is; BadInput when a video can't be made with it."""
    from shared.media import material

    return material.examine(path)
