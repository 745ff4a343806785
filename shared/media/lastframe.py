"""Finds the last picture that a clip shows, exactly: the frame with the greatest show time.

The next chunk starts from it, so a frame too early would show as a jump. Simple ways are wrong:
the number of packets, because an edit list hides some; the end of the file, because sound may be
longer; and decode order, because it is not the order of showing. So: seek near the end of the
picture track, decode to the end, and keep the frame with the greatest time.
"""

from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from shared.media.picture import EXACT_RGB
from shared.media.probe import BadMedia, describe, looks_like_mp4, open_media, video_of

_INDEXED = {"mov,mp4,m4a,3gp,3g2,mj2"}  # formats in which a seek always lands on a keyframe
_FAST_PNG = (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY)


def last_frame(clip: Path, out: Path) -> None:
    """Write the last picture that the clip shows as a PNG, upright, in the clip's own size."""
    with open_media(clip, examine=not looks_like_mp4(clip)) as container:
        last = describe(container, clip).last
        indexed = container.format.name in _INDEXED
        if indexed:
            frame = _decode_at(last, container, video_of(container, clip))
        else:
            frame = _decode_all(clip)
    if frame is None:
        raise BadMedia(f"{clip.name} has no frame that can be decoded")
    # A decoder leaves out a picture that it can't read, and says nothing.
    if frame.is_corrupt or (indexed and frame.pts != last):
        raise BadMedia(f"{clip.name} is damaged where its last frame is")
    _save(frame, out)


def _decode_at(last: int, container: InputContainer, stream: VideoStream) -> av.VideoFrame | None:
    """Return the frame shown at this time, decoding only what it needs."""
    stream.thread_type = "AUTO"
    container.seek(last, stream=stream, backward=True)
    found: av.VideoFrame | None = None
    for packet in container.demux(stream):
        # Frames before the last one are skipped if no other is made from them. In a clip with a
        # single keyframe, that saves much of the work.
        needed = packet.pts is None or packet.pts >= last
        stream.codec_context.skip_frame = "DEFAULT" if needed else "NONREF"
        for frame in packet.decode():
            found = _later(found, frame)
    return found


def _decode_all(clip: Path) -> av.VideoFrame | None:
    """Return the frame that is shown last, decoding the whole clip."""
    found: av.VideoFrame | None = None
    # Opened again: its packets were read to the end, and not every format can go back.
    with open_media(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            found = _later(found, frame)
    return found


def _later(one: av.VideoFrame | None, other: av.VideoFrame) -> av.VideoFrame | None:
    """Return the frame that is shown later; one without a time is never shown."""
    if other.pts is None or (one is not None and other.pts < (one.pts or 0)):
        return one
    return other


def _save(frame: av.VideoFrame, out: Path) -> None:
    """Write a frame as a PNG."""
    bgr = frame.to_ndarray(format="bgr24", interpolation=EXACT_RGB)  # the order that cv2 wants
    upright = np.rot90(bgr, round(frame.rotation / 90))
    # Lossless with any strategy. To pack it tighter costs more time than the smaller file saves.
    written, png = cv2.imencode(".png", upright, _FAST_PNG)
    assert written
    out.write_bytes(png.tobytes())
