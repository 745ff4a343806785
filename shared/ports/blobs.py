"""The Blobs: bytes by key."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Blob:
    """What a done record says of stored bytes."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What a place of blobs tells of one without a look into it."""

    key: str
    size: int
    at: int
    """When it was written, by the clock of the place, in milliseconds."""


class Blobs(Protocol):
    """Bytes by key. A put is atomic: a key has all of its bytes or does not exist."""

    async def open(self, *, make: bool = True) -> None:
        """Connect, and make the place where the bytes are kept; without `make` only look for it."""
        ...

    async def close(self) -> None:
        """Let go of the server."""
        ...

    async def put(self, key: str, source: Path | bytes) -> Blob:
        """Store these bytes durably, in place of those before; return what was stored."""
        ...

    async def get(self, key: str) -> bytes:
        """Return all bytes; raises BlobMissing."""
        ...

    async def fetch(self, key: str, to: Path) -> None:
        """Write the bytes into a file; raises BlobMissing, and leaves no half file."""
        ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Return the bytes from `start` up to but not including `end`, in parts."""
        ...

    async def stat(self, key: str) -> Blob:
        """Return what is stored; raises BlobMissing. The sha256 is empty where it is not known."""
        ...

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so."""
        ...

    async def list_stored(self, prefix: str) -> list[Stored]:
        """Return what is stored under the keys that begin so."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete these; missing keys are fine."""
        ...
