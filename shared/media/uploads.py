"""The way to the preparation of pictures: Pillow is imported in the worker process only."""

from shared.story.images import Picture


def prepared(data: bytes) -> Picture:
    """The picture in these bytes, made fit to be kept; BadInput when there is none."""
    from shared.media.upload import prepare

    return prepare(data)
