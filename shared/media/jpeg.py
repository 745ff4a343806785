"""What a JPEG file says of itself, read without decoding any of it."""

import re

from shared.story.errors import BadInput

MAX_SCANS = 50
"""How often a decoder may go over the picture. Encoders write 10 scans, or 18 of four colours;
each may change every pixel, and so takes 50 ms of 40 megapixels, however few bytes it has.
"""
MAX_SEGMENTS = 2_000
"""A colour profile as large as a file may be takes 160 of them."""

_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])")
"""One that a decoder acts on: what is coded between scans holds only zeros and restarts."""

_SCAN, _END = 0xDA, 0xD9


def refuse_costly(data: bytes) -> None:
    """Refuse a JPEG that is slow to decode beyond its size; what is no JPEG is not looked at."""
    scans, segments, at = 0, 0, 2
    while data.startswith(b"\xff\xd8\xff") and (marker := _MARKER.search(data, at)):
        kind = marker[1][0]
        if kind == _END:  # what follows is another file, as of a camera that films as well
            return
        at = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2]))
        scans, segments = scans + (kind == _SCAN), segments + 1
        if scans > MAX_SCANS or segments > MAX_SEGMENTS:
            raise BadInput(
                f"the JPEG is coded in more than {MAX_SCANS} scans, or {MAX_SEGMENTS:,} segments: "
                "save it anew as a plain JPEG or PNG"
            )
