"""The way to the preparation of pictures: Pillow is imported in the worker process only."""

from shared.story.images import Picture


def prepare(data: bytes) -> Picture:
    """Return the picture in these bytes, made fit to be kept; BadInput when there is none."""
    from shared.media import upload

    return upload.prepare(data)
