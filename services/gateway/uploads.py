"""Files that users give, of any kind: written as they come, looked at apart, kept by content."""

from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, Field

from services.gateway.download import Downloads, save_parts
from services.gateway.errors.problems import TooManyUploads
from services.gateway.images import Images, read_twice
from services.gateway.scripts import Scripts
from shared.base.pool import Pool
from shared.base.worker import Bounds
from shared.media.uploads import examine
from shared.story.images import MAX_BYTES as PICTURE_BYTES
from shared.story.material import Material, What, read_id
from shared.story.script.files import MAX_BYTES as SCRIPT_BYTES

SECONDS = 90
"""So long may one file be looked at: a clip of three minutes is decoded to its end."""
BOUNDS = Bounds(resident=1 << 30)
MOST_AT_ONCE = 8
"""Uploads under way in one process: each may take 200 MiB of its disk."""
MOST_OF_ONE = 4
"""Of them of one owner: whoever gives slowly, or names a slow host, holds up nobody else."""


class Upload(BaseModel):
    """A file that is kept: for a day, or as long as videos use it."""

    id: str = Field(description="What the fields of a beat, and `script` of a video, take.")
    kind: What
    width: int = Field(0, description="Of what is seen; 0 where nothing is.")
    height: int = 0
    seconds: float = Field(0.0, description="Of a clip or a sound.")
    has_sound: bool = False
    title: str = Field("", description="Of a script.")
    scenes: int = 0
    characters: int = 0


def _make_pool() -> Pool:
    return Pool(2, BOUNDS)


@dataclass
class Uploads:
    """Takes files in. `folder` is where they are while they are looked at."""

    images: Images
    scripts: Scripts
    folder: Path
    downloads: Downloads = field(default_factory=Downloads)
    pool: Pool = field(default_factory=_make_pool)
    under_way: Counter[str] = field(default_factory=Counter)
    """By owner."""

    async def take(self, parts: AsyncIterable[bytes], owner: str) -> Upload:
        """Keep the file in these parts, whatever it is said to be; BadInput if it can't be used."""
        return await self._take(lambda path: save_parts(parts, path), owner)

    async def fetch(self, url: str, owner: str) -> Upload:
        """Keep what a URL leads to, fetched once; BadInput if it can't be used."""
        return await self._take(lambda path: self.downloads.save(url, path), owner)

    async def has(self, file_id: str, owner: str) -> bool:
        """Tell whether a file that this owner gave is still there."""
        is_script = read_id(file_id).what == "script"
        return await (self.scripts if is_script else self.images).find(file_id, owner) is not None

    async def _take(self, save: Callable[[Path], Awaitable[str]], owner: str) -> Upload:
        with self._make_file(owner) as path:
            digest = await save(path)
            if _is_picture(path):
                return await self._take_picture(path, owner)
            async with self.images.turn(owner):
                found = await read_twice(self.pool, examine, path, SECONDS, "file")
            if found.what == "script":
                return await self._take_script(path, owner)
            return await self._keep(path, found, digest, owner)

    @contextmanager
    def _make_file(self, owner: str) -> Iterator[Path]:
        """Give a file for one upload, which is gone at its end."""
        if self.under_way.total() >= MOST_AT_ONCE or self.under_way[owner] >= MOST_OF_ONE:
            raise TooManyUploads
        self.under_way[owner] += 1
        path = self.folder / f"upload-{uuid4().hex}"
        try:
            yield path
        finally:
            self.under_way -= Counter([owner])  # without those that are at 0
            path.unlink(missing_ok=True)

    async def _take_picture(self, path: Path, owner: str) -> Upload:
        # a byte more than any may have: then it is refused like one that was given as a picture
        image = await self.images.take(_read(path, PICTURE_BYTES + 1), owner)
        return Upload(id=image.id, kind="image", width=image.width, height=image.height)

    async def _take_script(self, path: Path, owner: str) -> Upload:
        script = await self.scripts.take(_read(path, SCRIPT_BYTES + 1), owner)
        return Upload(kind="script", **script.model_dump())

    async def _keep(self, path: Path, found: Material, digest: str, owner: str) -> Upload:
        id_ = found.name(digest)
        await self.images.store(id_, path, owner)
        return Upload(
            id=id_,
            kind=found.what,
            width=found.width,
            height=found.height,
            seconds=round(found.seconds, 3),
            has_sound=found.has_sound,
        )


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _is_picture(path: Path) -> bool:
    head = _read(path, 12)
    is_webp = head[:4] == b"RIFF" and head[8:] == b"WEBP"
    return is_webp or head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
