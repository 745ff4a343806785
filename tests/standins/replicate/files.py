"""Files that callers have uploaded, and what an input's URLs lead to."""

import base64
import binascii
import hashlib
import json
import uuid
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx

from tests.standins.replicate.clock import iso
from tests.standins.replicate.ledger import Ledger

MOST_BYTES = 100 * 1024 * 1024
FETCH_SECONDS = 10.0


class Unreachable(ValueError):
    """What a URL leads to can't be had."""


class Files:
    """Uploads, kept until they expire."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder / "files"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ledger = ledger

    def keep(self, content_type: str, body: bytes, now: float, seconds: float) -> dict[str, Any]:
        """Store the field `content` of a multipart body; ValueError if there is none."""
        name, kind, data, metadata = _read_form(content_type, body)
        kept = {
            "id": uuid.uuid4().hex,
            "name": name,
            "content_type": kind,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "metadata": metadata,
            "created_at": now,
            "expires_at": now + seconds,
            "gone": False,
        }
        (self._folder / kept["id"]).write_bytes(data)
        self._ledger.keep_file(kept)
        return kept

    def find(self, file_id: str, now: float) -> dict[str, Any] | None:
        """Return what is known of a file that is still there."""
        kept = self._ledger.files.get(file_id)
        return kept if kept and not kept["gone"] and now < kept["expires_at"] else None

    def list_all(self, now: float) -> list[dict[str, Any]]:
        """Return all files that are still there, newest first."""
        found = (self.find(file_id, now) for file_id in reversed(self._ledger.files))
        return [kept for kept in found if kept]

    def read(self, file_id: str, now: float) -> bytes:
        """Return a file's bytes; Unreachable if it has expired or was deleted."""
        if not self.find(file_id, now):
            raise Unreachable("the file has expired, or there never was one")
        return (self._folder / file_id).read_bytes()

    def delete(self, kept: dict[str, Any]) -> None:
        """Forget a file."""
        self._ledger.keep_file({**kept, "gone": True})
        (self._folder / kept["id"]).unlink(missing_ok=True)


def show_file(kept: dict[str, Any], base: str) -> dict[str, Any]:
    """Return a file as the API shows it."""
    return {
        "id": kept["id"],
        "name": kept["name"],
        "content_type": kept["content_type"],
        "size": kept["size"],
        "etag": kept["sha256"][:32],
        "checksums": {"sha256": kept["sha256"]},
        "metadata": kept["metadata"],
        "created_at": iso(kept["created_at"]),
        "expires_at": iso(kept["expires_at"]),
        "urls": {"get": f"{base}/v1/files/{kept['id']}"},
    }


def _read_form(content_type: str, body: bytes) -> tuple[str, str, bytes, Any]:
    """Return name, type, bytes and metadata of an upload."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    parts = {
        part.get_param("name", header="content-disposition"): part for part in form.iter_parts()
    }
    if "content" not in parts:
        raise ValueError("content: this field is required")
    content = parts["content"]
    data = content.get_payload(decode=True)
    metadata = parts["metadata"].get_payload(decode=True) if "metadata" in parts else b"{}"
    assert isinstance(data, bytes) and isinstance(metadata, bytes)
    return content.get_filename() or "file", content.get_content_type(), data, json.loads(metadata)


def read_data_url(url: str) -> bytes:
    """Return what a data URL holds."""
    head, comma, data = url.partition(",")
    if not comma:
        raise Unreachable("the data URL holds nothing")
    try:
        return base64.b64decode(data, validate=True) if "base64" in head else unquote_to_bytes(data)
    except binascii.Error as error:
        raise Unreachable("the data URL is no base64") from error


async def fetch(url: str) -> bytes:
    """Return what lies at somebody else's URL."""
    try:
        async with httpx.AsyncClient(
            trust_env=False, verify=False, timeout=FETCH_SECONDS
        ) as client:
            answer = (await client.get(url)).raise_for_status()
            return answer.content
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(f"the URL can't be read: {type(error).__name__}") from error
