"""Sends stored files over HTTP: whole, in part, or not at all where the client has them."""

import re
from hashlib import blake2b
from pathlib import PurePosixPath

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.filetypes import TYPES
from shared.ports import Blobs


class Unsatisfiable(Exception):
    """A range that lies outside of the file."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (start, end) of the one range that is asked for, end not included.

    None is the whole file: also for several ranges and for what is not understood (RFC 9110, 14.2).
    """
    # No file has more than eighteen digits of bytes; long numbers would take long to be read.
    match = re.fullmatch(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", header or "")
    if match is None or match.group(0).strip() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if first and last and int(last) < int(first):
        return None
    if start >= size or start >= end:
        raise Unsatisfiable
    return start, end


async def serve(request: Request, blobs: Blobs, key: str, name: str) -> Response:
    """Return the answer to GET or HEAD on one blob."""
    size = (await blobs.stat(key)).size
    headers = _describe(key, name)
    # Who has the file already is told so, whichever range was asked for (RFC 9110, 13.2.2).
    if {"*", headers["ETag"]} & _split_tags(request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    try:
        part = parse_range(_pick_range(request, headers["ETag"]), size)
    except Unsatisfiable:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    code = 206 if part else 200
    if request.method == "HEAD":  # no file needs to be opened to say how long it is
        return Response(status_code=code, headers=headers)
    return StreamingResponse(blobs.stream(key, start, end), status_code=code, headers=headers)


def _describe(key: str, name: str) -> dict[str, str]:
    suffix = PurePosixPath(key).suffix
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{name}{suffix}"',
        "Content-Type": TYPES.get(suffix, "application/octet-stream"),
        # A key holds take and attempt: its bytes never change, so it is a tag as good as a hash.
        "ETag": f'"{blake2b(key.encode(), digest_size=12).hexdigest()}"',
    }


def _pick_range(request: Request, etag: str) -> str | None:
    """Return the Range header, unless it was meant for another version of the file."""
    condition = request.headers.get("if-range")
    return request.headers.get("range") if condition in {None, etag} else None


def _split_tags(header: str | None) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in (header or "").split(",")}
