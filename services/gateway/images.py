"""Pictures that users give, read in processes apart; and all files of theirs, kept by content.

A file waits under the day on which it was given, and is removed a day later if no video uses it.
A video that uses it gets a copy under a key that nothing removes: so no accepted video can lose it,
whatever happens at the same time.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from weakref import WeakValueDictionary

from pydantic import BaseModel

from shared.base.pool import Pool
from shared.base.worker import Bounds
from shared.media.uploads import prepare
from shared.ports import Blobs
from shared.runtime.keeping import DAY_MS
from shared.story.errors import BadInput, BlobMissing, WorkerDied, WorkersUnavailable, WorkTimedOut
from shared.story.images import UPLOADS, Picture, image_key, upload_day, upload_key

T = TypeVar("T")
R = TypeVar("R")

SECONDS = 20
"""So long may one picture take: ten times what the largest one needs, on a busy machine."""
BOUNDS = Bounds(mapped=640 << 20)
"""The largest WebP takes 580 MiB, a JPEG for printers 520, a PNG 435: most of it once decoded."""


class Image(BaseModel):
    """A picture that is kept: upright, at most 2048 pixels on its long side."""

    id: str
    width: int
    height: int


def make_picture_pool(processes: int = 2) -> Pool:
    """Return processes for pictures from outside, which are not those of any encode."""
    return Pool(processes, BOUNDS)


async def read_picture(data: bytes, pool: Pool) -> Picture:
    """Return the picture in these bytes, whatever they are said to be; BadInput when it can't be
    used.
    """
    try:
        return await read_twice(pool, prepare, data, SECONDS, "picture")
    except Unread as error:
        raise BadInput(f"{error}: scale it down, or save it anew as a plain PNG or JPEG") from None


class Unread(BadInput):
    """A file was too much for a process to look at, twice."""


async def read_twice(pool: Pool, read: Callable[[T], R], given: T, seconds: float, what: str) -> R:
    """Return what is found in a file of a user's; BadInput where it can't be found out.

    It is tried twice: a process that dies or is late may be this machine's fault, but a file that
    is at fault does it again.
    """
    for _ in range(2):
        try:
            return await pool.run(read, given, seconds=seconds)
        except WorkTimedOut:
            continue
        except WorkerDied as error:
            # the system has killed it: a file that needs too much meets a bound of ours before
            if error.code == -signal.SIGKILL:
                away = f"this machine has no memory for the {what}"
                raise WorkersUnavailable(away) from error
    raise Unread(f"the {what} can't be read, or not within {seconds:g} s")


@dataclass(frozen=True)
class Images:
    """Takes pictures in, and finds them again for their owner."""

    blobs: Blobs
    now: Callable[[], int]
    pool: Pool = field(default_factory=make_picture_pool)
    folder: Path | None = None
    """Where files are while they are copied; None: where the system has such."""
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Each owner has one picture read at a time: whoever gives many holds up nobody else."""

    async def take(self, data: bytes, owner: str) -> Image:
        """Keep the picture in these bytes, and return its id; BadInput if it can't be used."""
        async with self.turn(owner):
            picture = await read_picture(data, self.pool)
        return await self.keep(picture, owner)

    async def keep(self, picture: Picture, owner: str) -> Image:
        """Store a picture, for a day or as long as videos use it, and return its id and size."""
        await self.store(picture.id, picture.data, owner)
        return Image(id=picture.id, width=picture.width, height=picture.height)

    def turn(self, owner: str) -> asyncio.Lock:
        """Return what lets one file of an owner be read at a time."""
        return self.turns.setdefault(owner, asyncio.Lock())

    async def store(self, id_: str, source: bytes | Path, owner: str) -> None:
        """Store a file of any kind under its id, for a day or as long as videos use it."""
        await self.blobs.put(upload_key(owner, id_, self._today()), source)

    async def find(self, image_id: str, owner: str) -> str | None:
        """Return the key of a file; None where this owner has given none of this id."""
        today = self._today()
        uploads = [upload_key(owner, image_id, day) for day in (today, today - 1)]
        for key in (image_key(owner, image_id), *uploads):
            with suppress(BlobMissing):
                return (await self.blobs.stat(key)).key
        return None

    async def use(self, image_id: str, owner: str) -> bool:
        """Keep a file for as long as videos may need it; return False where there is none."""
        found, kept = await self.find(image_id, owner), image_key(owner, image_id)
        if found not in {None, kept}:
            with suppress(BlobMissing):  # its day has just ended
                await self._copy(found, kept)
                found = kept
        return found == kept

    async def _copy(self, key: str, to: str) -> None:
        # by way of a file: a clip is too large for memory
        with TemporaryDirectory(dir=self.folder) as folder:
            path = Path(folder) / "file"
            await self.blobs.fetch(key, path)
            await self.blobs.put(to, path)

    async def sweep(self) -> None:
        """Remove all that was given before yesterday: videos have copies of what they use."""
        # not yesterday's: a picture given just before midnight has its whole day too
        yesterday = self._today() - 1
        waiting = await self.blobs.keys(UPLOADS)
        days = {key: upload_day(key) for key in waiting}
        old = [key for key, day in days.items() if day is not None and day < yesterday]
        await self.blobs.delete(old)

    def _today(self) -> int:
        return self.now() // DAY_MS
