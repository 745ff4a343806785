"""Scripts that users give, read in processes apart and kept by content.

As a picture, a script waits under the day on which it was given until a video uses it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from pydantic import BaseModel

from services.gateway.images import Unread, read_twice
from shared.base.pool import Pool
from shared.base.worker import Bounds
from shared.media.scripts import prepare
from shared.ports import Blobs
from shared.runtime.keeping import DAY_MS
from shared.story.errors import BadInput, BlobMissing
from shared.story.script.files import ScriptFile, script_key, waiting_key
from shared.story.script.reading import read_title

SECONDS = 30
"""So long may one script take: ten times what a PDF of 120 pages needs, on a busy machine."""
BOUNDS = Bounds(mapped=768 << 20)


class Script(BaseModel):
    """A script that is kept, and what was found in it."""

    id: str
    title: str
    scenes: int
    characters: int


def make_script_pool(processes: int = 1) -> Pool:
    """Return processes for scripts from outside, which are not those of any encode."""
    return Pool(processes, BOUNDS)


async def read_script_file(data: bytes, pool: Pool) -> ScriptFile:
    """Return the script in these bytes, whatever they are said to be; BadInput when it can't be
    used.
    """
    try:
        return await read_twice(pool, prepare, data, SECONDS, "script")
    except Unread as error:
        raise BadInput(f"{error}: give it as Fountain or plain text") from None


@dataclass(frozen=True)
class Scripts:
    """Takes scripts in, and finds them again for their owner."""

    blobs: Blobs
    now: Callable[[], int]
    pool: Pool = field(default_factory=make_script_pool)
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Each owner has one script read at a time: whoever gives many holds up nobody else."""

    async def take(self, data: bytes, owner: str) -> Script:
        """Keep the script in these bytes, and return its id; BadInput if it can't be used."""
        async with self.turns.setdefault(owner, asyncio.Lock()):
            file = await read_script_file(data, self.pool)
        return await self.keep(file, owner)

    async def keep(self, file: ScriptFile, owner: str) -> Script:
        """Store a script, for a day or as long as videos use it."""
        key = waiting_key(owner, file.id, self._today())
        await self.blobs.put(key, file.text.encode(errors="replace"))
        return Script(id=file.id, title=file.title, scenes=file.scenes, characters=file.characters)

    async def use(self, script: str, owner: str) -> str | None:
        """Keep a script for as long as videos may need it, and return its title; None without."""
        kept = script_key(owner, script)
        for key in self._list_keys(script, owner):
            with suppress(BlobMissing):
                text = await self.blobs.get(key)
                if key != kept:
                    await self.blobs.put(kept, text)
                return read_title(text.decode())
        return None

    async def find(self, script: str, owner: str) -> str | None:
        """Return the key of a script; None where this owner has given none of this id."""
        for key in self._list_keys(script, owner):
            with suppress(BlobMissing):
                return (await self.blobs.stat(key)).key
        return None

    def _list_keys(self, script: str, owner: str) -> list[str]:
        today = self._today()
        days = [waiting_key(owner, script, day) for day in (today, today - 1)]
        return [script_key(owner, script), *days]

    def _today(self) -> int:
        return self.now() // DAY_MS
