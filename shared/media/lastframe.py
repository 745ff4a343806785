"""The last picture a clip shows, exactly: the frame of the greatest presentation time.

The number of packets says nothing (an edit list hides some), the end of the file neither (sound
may be longer), and decode order is not display order. So: seek near the video track's end, decode
to the end, keep the greatest time.
"""

from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image

from shared.media.picture import EXACT_RGB
from shared.media.probe import BadMedia, opened, probe, video_of

_INDEXED = {"mov,mp4,m4a,3gp,3g2,mj2"}  # formats whose seeks always land on a keyframe
_PNG_LEVEL = 1  # lossless whatever the level; higher ones cost seconds


def last_frame(clip: Path, out: Path) -> None:
    """Write the clip's last shown picture as a PNG, upright, in the clip's own size."""
    probe(clip)
    frame = _decoded(clip, near_end=True) or _decoded(clip, near_end=False)
    if frame is None:
        raise BadMedia(f"{clip.name} has no frame that can be decoded")
    _save(frame, out)


def _decoded(clip: Path, near_end: bool) -> av.VideoFrame | None:
    with opened(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"
        if near_end:
            if container.format.name not in _INDEXED or not stream.duration:
                return None
            end = (stream.start_time or 0) + stream.duration
            container.seek(end, stream=stream, backward=True)
        return _greatest(container, stream)


def _greatest(container: InputContainer, stream: VideoStream) -> av.VideoFrame | None:
    best: av.VideoFrame | None = None
    for frame in container.decode(stream):
        if frame.pts is not None and (best is None or frame.pts >= (best.pts or 0)):
            best = frame
    return best


def _save(frame: av.VideoFrame, out: Path) -> None:
    image = Image.fromarray(frame.to_ndarray(format="rgb24", interpolation=EXACT_RGB))
    if frame.rotation:
        image = image.rotate(frame.rotation, expand=True)
    image.save(out, compress_level=_PNG_LEVEL)
