"""Input files on their way to the provider: small ones inside the input, others once a day each."""

import asyncio
import base64
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from shared.engines.replicate.client import Provider
from shared.engines.replicate.transport import Answered
from shared.story.errors import PermanentError

MOST_INLINE = 256_000
"""The longest data URL that the provider takes."""
KEPT_MS = 24 * 3_600_000
SPARE_MS = 3_600_000
"""A file is given again so long before it is removed: a run may wait before it reads it."""
MOST_KNOWN = 10_000
MOST_BYTES = 100_000_000
"""The largest file that the provider takes."""
MOST_OF_PICTURE = 6_000_000
"""Models that read larger pictures are interrupted, again and again."""


@dataclass(frozen=True)
class InputFile:
    """A file as an input names it: inside, or by what it contains."""

    path: Path
    media_type: str
    digest: str
    inline: str | None
    """Its data URL, where that is short enough."""


class Uploads:
    """The files that the provider has of us."""

    def __init__(self, provider: Provider, now: Callable[[], int]) -> None:
        self._provider = provider
        self._now = now
        self._known: dict[str, asyncio.Task[tuple[str, int]]] = {}
        """What a file contains → where it lies, and until when."""

    async def place(self, file: InputFile) -> str:
        """Return the URL under which a run can read a file."""
        return file.inline or await self._upload(file)

    async def is_same(self, file: InputFile, listed: object) -> bool:
        """Tell whether a URL in the input of a run leads to this file, as far as can be known."""
        if file.inline is not None or not isinstance(listed, str):
            return listed == file.inline
        known = self._known.get(file.digest)
        if known and known.done() and not known.exception() and known.result()[0] == listed:
            return True
        try:
            said = await self._provider.get_file(listed.rstrip("/").rpartition("/")[2])
        except Answered:  # it has removed the file: then nothing speaks against it
            return True
        digest = (said.get("checksums") or {}).get("sha256")
        return digest is None or digest == file.digest

    async def _upload(self, file: InputFile) -> str:
        known = self._known.get(file.digest)
        if known is not None and known.done() and _is_over(known, self._now()):
            known = None
        if known is None:
            known = asyncio.create_task(self._give(file))
            self._remember(file.digest, known)
        # shielded: whoever asked first may go away, and others wait for the same file
        return (await asyncio.shield(known))[0]

    async def _give(self, file: InputFile) -> tuple[str, int]:
        said = await self._provider.upload(file.path, file.media_type)
        url = (said.get("urls") or {})["get"]
        return str(url), _read_expiry(said, self._now() + KEPT_MS) - SPARE_MS

    def _remember(self, digest: str, task: asyncio.Task[tuple[str, int]]) -> None:
        self._known.pop(digest, None)
        self._known[digest] = task
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]


async def read_input(path: Path, name: str) -> InputFile:
    """Return a file as an input names it; refuse one that is larger than the provider takes."""
    return await asyncio.to_thread(_read, path, name)


def _read(path: Path, name: str) -> InputFile:
    if path.stat().st_size > MOST_BYTES:
        raise PermanentError(f"its input “{name}” is larger than {MOST_BYTES // 10**6} MB")
    kind = mimetypes.guess_type(path.name, strict=False)[0] or "application/octet-stream"
    if kind.startswith("image/") and path.stat().st_size > MOST_OF_PICTURE:
        path, kind = _press(path, name), "image/jpeg"
    content = path.read_bytes()
    head, digest = f"data:{kind};base64,", sha256(content).hexdigest()
    is_small = len(head) + (len(content) + 2) // 3 * 4 <= MOST_INLINE
    inline = head + base64.b64encode(content).decode() if is_small else None
    return InputFile(path, kind, digest, inline)


def _press(path: Path, name: str) -> Path:
    """Return a picture as a JPEG, which is far smaller and looks the same."""
    from PIL import Image  # where it is used: most inputs need no decoder

    pressed = path.with_name(f"{path.stem}-pressed.jpg")
    try:
        with Image.open(path) as picture:
            plain = picture.convert("RGB")
        for quality in (92, 75, 50):
            plain.save(pressed, quality=quality)
            if pressed.stat().st_size <= MOST_OF_PICTURE:
                break
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises over broken files
        raise PermanentError(f"its input “{name}” is no picture that can be read") from error
    return pressed


def _is_over(task: asyncio.Task[tuple[str, int]], now: int) -> bool:
    return task.cancelled() or task.exception() is not None or task.result()[1] < now


def _read_expiry(said: Mapping[str, Any], otherwise: int) -> int:
    try:
        return round(datetime.fromisoformat(str(said.get("expires_at"))).timestamp() * 1000)
    except ValueError:
        return otherwise
