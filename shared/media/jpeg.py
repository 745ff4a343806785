"""Refuses JPEG files that are made to keep a decoder busy, without decoding them."""

import re

from shared.story.errors import BadInput

# A decoder goes over the picture once for each scan. A scan may change every pixel, so one of 40
# megapixels takes 50 ms, however few bytes it has. Encoders write 10 scans, or 18 for four colours.
MAX_SCANS = 50
MAX_SEGMENTS = 2_000  # the largest colour profile that fits into a file takes 160 of them

# Markers that a decoder acts on: within the data of a scan, there are only zeros and restarts.
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])")

_SCAN, _END = 0xDA, 0xD9


def refuse_costly(data: bytes) -> None:
    """Refuse a JPEG that would take far longer to decode than others; let other files pass."""
    scans, segments, at = 0, 0, 2
    while data.startswith(b"\xff\xd8\xff") and (marker := _MARKER.search(data, at)):
        kind = marker[1][0]
        if kind == _END:  # another file may follow, such as the film of a camera's live photo
            return
        at = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2]))
        scans, segments = scans + (kind == _SCAN), segments + 1
        if scans > MAX_SCANS or segments > MAX_SEGMENTS:
            raise BadInput(
                f"the JPEG is coded in more than {MAX_SCANS} scans, or {MAX_SEGMENTS:,} segments: "
                "save it anew as a plain JPEG or PNG"
            )
