"""The last step of a clip: look at all of it, and keep the frame that the next one starts from."""

from dataclasses import replace

from shared.engines.base import Made, Order
from shared.media.lastframe import last_frame
from shared.media.probe import BadMedia, opened, probe, video_of


def finish(order: Order, made: Made) -> Made:
    """Refuse a clip that can't be decoded to its end; a retry may bring a good one."""
    clip = made.files.get("key")
    if clip is None:
        raise BadMedia("the engine finished without a clip")
    seconds = probe(clip).seconds
    with opened(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"
        if not sum(1 for _ in container.decode(stream)):
            raise BadMedia(f"{clip.name} has no frame that can be decoded")
    files = dict(made.files)
    if order.input.get("wants_last_frame"):
        files["last_frame_key"] = order.folder / "last.png"
        last_frame(clip, files["last_frame_key"])
    return replace(made, files=files, data={**made.data, "seconds": round(seconds, 3)})
