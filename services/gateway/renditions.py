"""Other formats of stored files: made when first asked for, once, and kept beside them."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from weakref import WeakValueDictionary

from services.gateway.errors.problems import NoSuchPart
from shared.base.pool import Pool
from shared.media.renditions import write_mp3, write_png, write_still
from shared.ports import Blobs
from shared.story.errors import BlobMissing, InfrastructureError

SECONDS = 60
"""So long may one take: a sound of ten minutes takes some seconds."""

_WRITERS: Mapping[str, Callable[[Path, Path], None]] = {"mp3": write_mp3, "png": write_png}


@dataclass(frozen=True)
class Renditions:
    """Finds another format of a stored file, or makes it. `folder`: where it is made."""

    blobs: Blobs
    pool: Pool
    folder: Path
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Whoever asks while it is being made waits for that."""

    async def find(self, key: str, format_: str) -> str:
        """Return the key of a file in another format."""
        return await self._find(key, f"{key}.{format_}", _WRITERS[format_])

    async def find_still(self, key: str) -> str:
        """Return the key of the last picture of a clip, as PNG."""
        return await self._find(key, f"{key}.png", write_still)

    async def _find(self, key: str, other: str, write: Callable[[Path, Path], None]) -> str:
        # beside it: so it goes when its video goes
        turn = self.turns.setdefault(other, asyncio.Lock())
        async with turn:
            with suppress(BlobMissing):
                return (await self.blobs.stat(other)).key
            await self._make(key, other, write)
        return other

    async def _make(self, key: str, other: str, write: Callable[[Path, Path], None]) -> None:
        with TemporaryDirectory(dir=self.folder) as folder:
            source, out = Path(folder) / PurePosixPath(key).name, Path(folder) / "out"
            await self.blobs.fetch(key, source)
            try:
                await self.pool.run(write, source, out, seconds=SECONDS)
            except InfrastructureError:
                raise
            except Exception as error:
                raise NoSuchPart(
                    "This file can't be had in another format: ask for it as it is."
                ) from error
            await self.blobs.put(other, out)
