"""The last picture a clip shows, exactly: the frame of the greatest presentation time.

The number of packets says nothing (an edit list hides some), the end of the file neither (sound
may be longer), and decode order is not display order. So: seek near the video track's end, decode
to the end, keep the greatest time. Where an index says which picture that is, those that no other
is made from are passed over.
"""

from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from shared.media.picture import EXACT_RGB
from shared.media.probe import BadMedia, described, header_says_all, opened, video_of

_INDEXED = {"mov,mp4,m4a,3gp,3g2,mj2"}  # formats whose seeks always land on a keyframe
_FAST_PNG = (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY)


def last_frame(clip: Path, out: Path) -> None:
    """Write the clip's last shown picture as a PNG, upright, in the clip's own size."""
    with opened(clip, examine=not header_says_all(clip)) as container:
        last = described(container, clip).last
        indexed = container.format.name in _INDEXED
        frame = _at(last, container, video_of(container, clip)) if indexed else _of_all(clip)
    if frame is None:
        raise BadMedia(f"{clip.name} has no frame that can be decoded")
    # A decoder leaves out what it can't read, and says nothing.
    if frame.is_corrupt or (indexed and frame.pts != last):
        raise BadMedia(f"{clip.name} is damaged where its last frame is")
    _save(frame, out)


def _at(last: int, container: InputContainer, stream: VideoStream) -> av.VideoFrame | None:
    """The frame shown at this time; of those before it only what it needs is decoded."""
    stream.thread_type = "AUTO"
    container.seek(last, stream=stream, backward=True)
    found: av.VideoFrame | None = None
    for packet in container.demux(stream):
        needed = packet.pts is None or packet.pts >= last
        stream.codec_context.skip_frame = "DEFAULT" if needed else "NONREF"
        for frame in packet.decode():
            found = _later(found, frame)
    return found


def _of_all(clip: Path) -> av.VideoFrame | None:
    found: av.VideoFrame | None = None
    with opened(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            found = _later(found, frame)
    return found


def _later(one: av.VideoFrame | None, other: av.VideoFrame) -> av.VideoFrame | None:
    if other.pts is None or (one is not None and other.pts < (one.pts or 0)):
        return one
    return other


def _save(frame: av.VideoFrame, out: Path) -> None:
    bgr = frame.to_ndarray(format="bgr24", interpolation=EXACT_RGB)  # as cv2 wants it
    upright = np.rot90(bgr, round(frame.rotation / 90))
    # Lossless however it is packed; what packs tighter costs more time than it saves anyone.
    written, png = cv2.imencode(".png", upright, _FAST_PNG)
    assert written
    out.write_bytes(png.tobytes())
