"""Which videos use a file that a user gave; and deleting files that none of them uses.

A request may name a file at the very moment in which it is to be deleted. So a file is first put
back to where it waited before any video used it: there, whoever accepts a request finds it, and
keeps it again. Only what still nobody has named after that is gone.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from services.gateway.brief_checks import list_files
from services.gateway.errors.problems import InUse
from services.gateway.intake import REQUESTS
from services.gateway.read.pages import Start, find_newest
from shared.ports import Blobs, Doc, Store
from shared.runtime.keeping import DAY_MS
from shared.story.brief import Brief
from shared.story.errors import BlobMissing
from shared.story.events import VideoRequested
from shared.story.images import UPLOADS, image_key
from shared.story.material import read_id
from shared.story.script.files import script_key

PAGE = 500
KEPT = ("images/", "scripts/")
"""How the keys of files begin that a video uses, or has used."""


@dataclass(frozen=True)
class Given:
    """Deletes files that users gave."""

    store: Store
    blobs: Blobs
    folder: Path
    """Where files are while they are copied."""

    async def delete(self, file_id: str, owner: str) -> bool:
        """Delete a file; refuse where a video uses it. Return False where there is none."""
        key = find_key(file_id, owner)
        await self._refuse_used(key, owner)
        found = await self._put_back(key)
        await self._refuse_used(key, owner)
        waiting = [at for at in await self.blobs.keys(UPLOADS) if _is_same(at, key)]
        await self.blobs.delete(waiting)
        return found or bool(waiting)

    async def sweep(self, keep_ms: int) -> None:
        """Put back what no video uses any more and is older than this: a day later it is gone."""
        before = self.store.now() - keep_ms
        stored = [each for start in KEPT for each in await self.blobs.list_stored(start)]
        old = {each.key for each in stored if each.at < before}
        unused = old - await self.list_used() if old else set[str]()
        for key in unused:
            await self._put_back(key)
        if unused:  # named by a request that came meanwhile
            for key in unused & await self.list_used():
                await self._keep_again(key)

    async def list_used(self, owner: str | None = None) -> set[str]:
        """Return the keys of all files that videos use, or that those of one owner use."""
        return {key async for _, brief in self._list_briefs(owner) for key in list_keys(brief)}

    async def _refuse_used(self, key: str, owner: str) -> None:
        briefs = self._list_briefs(owner)
        users = [video async for video, brief in briefs if key in list_keys(brief)]
        if users:
            await self._keep_again(key)
            raise InUse(users)

    async def _list_briefs(self, owner: str | None) -> AsyncIterator[tuple[str, Brief]]:
        """Yield each video with what was asked for; raises where one can't be read."""
        start: Start = None
        while True:
            where: Doc = {"owner": owner} if owner else {}
            rows = await find_newest(self.store, REQUESTS, where, start, PAGE + 1)
            for row in rows[:PAGE]:
                yield row["_id"], VideoRequested.model_validate(row["requested"]).brief
            if len(rows) <= PAGE:
                return
            start = (rows[PAGE]["created_at"], rows[PAGE]["_id"])

    async def _put_back(self, key: str) -> bool:
        """Let a file wait as if it had been given today; return False where there is none."""
        waiting = f"{UPLOADS}{self.store.now() // DAY_MS}/{PurePosixPath(key).name}"
        found = await self._copy(key, waiting)
        await self.blobs.delete([key])
        return found

    async def _keep_again(self, key: str) -> None:
        """Keep a file that was put back, unless it is kept."""
        waiting = [at for at in await self.blobs.keys(UPLOADS) if _is_same(at, key)]
        if waiting and not await self.blobs.keys(key):
            await self._copy(waiting[-1], key)

    async def _copy(self, key: str, to: str) -> bool:
        # by way of a file: a clip is too large for memory
        with TemporaryDirectory(dir=self.folder) as folder:
            path = Path(folder) / "file"
            try:
                await self.blobs.fetch(key, path)
            except BlobMissing:
                return False
            await self.blobs.put(to, path)
        return True


def find_key(file_id: str, owner: str) -> str:
    """Return the key under which a file is kept that videos use."""
    is_script = read_id(file_id).what == "script"
    return script_key(owner, file_id) if is_script else image_key(owner, file_id)


def list_keys(brief: Brief) -> Collection[str]:
    """Return the keys of all files that a video is made from."""
    ids = [id_ for _, id_, _ in list_files(brief)]
    return {find_key(id_, brief.owner) for id_ in [*ids, *([brief.script] if brief.script else [])]}


def _is_same(waiting: str, key: str) -> bool:
    return PurePosixPath(waiting).name == PurePosixPath(key).name
