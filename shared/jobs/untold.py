"""The ends of jobs that a process is about to write and to tell: one row for all of them.

An end must be told, whatever becomes of the process that wrote it. A mark in its own row would see
to that, at the price of a second write of each row, only to take the mark off again. So a process
keeps a list: what ends is on it before the end is written, and is struck off once it is published.
Each time that something is put on it, the list is written anew, without what was struck off
meanwhile. So one small write stands for all the marks of a batch.

A list falls due a moment after it was last written, and any replica looks at it then (relay.py).
A process whose entries have grown old begins another list, and leaves the old one to whoever looks:
so nothing that went wrong with an entry here can keep it from being told.
"""

import asyncio
from collections.abc import Iterable
from uuid import uuid4

from shared.jobs.job import Job, Rules
from shared.jobs.unreadable import PUT_OFF
from shared.ports import EXPIRES_AT, EXPIRY, Doc, Index, Store, Update

UNTOLD = "untold"
INDEXES = {UNTOLD: (Index(("service", "publish_at"), present="publish_at"), EXPIRY)}
KEEP_MS = 24 * 60 * 60_000
"""How long an empty list stays: its process may put something on it again at any time."""

End = tuple[str, int]
"""A job, and the attempt that ends it."""


class Untold:
    """The list of one service in one process."""

    def __init__(self, store: Store, service: str, rules: Rules) -> None:
        self._store = store
        self._service = service
        self._relay_ms = rules.relay_ms
        self._writing = asyncio.Lock()
        self._begin()

    def _begin(self) -> None:
        """Begin another list; the one before is left to whoever finds it due."""
        self._id = f"{self._service}/{uuid4().hex}"
        self._since: dict[End, int] = {}
        self._is_empty = True

    async def note(self, jobs: Iterable[Job]) -> None:
        """Put these ends on the list, durably: from now on they are told, whoever dies."""
        async with self._writing:
            now = self._store.now()
            oldest = next(iter(self._since.values()), now)
            if not 0 <= now - oldest < self._relay_ms:
                self._begin()
            self._since.update(((job.id, job.attempt), now) for job in jobs)
            self._is_empty = False
            ends = [f"{job}:{attempt}" for job, attempt in self._since]
            known = {"service": self._service, "publish_at": now + self._relay_ms, "ends": ends}
            gone = (EXPIRES_AT, PUT_OFF)
            await self._write(
                Update(self._id, set=known, unset=gone, inc={"number": 1}, upsert=True)
            )

    def strike(self, job: str, attempt: int) -> None:
        """Take an end off the list: it is published, or surely was not written."""
        self._since.pop((job, attempt), None)

    async def clear(self) -> None:
        """Write down that all on the list is told, where no further end will come to say so."""
        async with self._writing:
            if self._since or self._is_empty:
                return
            self._is_empty = True
            told = {"ends": [], EXPIRES_AT: self._store.now() + KEEP_MS}
            await self._write(Update(self._id, set=told, unset=("publish_at",)))

    async def _write(self, update: Update) -> None:
        try:
            await self._store.update(UNTOLD, [update])
        except BaseException:
            # it may be written yet, and must not take the place of what is written after it
            self._begin()
            raise


def read_ends(row: Doc) -> list[End]:
    """Return what a list says; raises where another version has written it in another way."""
    parted = [name.rpartition(":") for name in row["ends"]]
    return [(job, int(attempt)) for job, _, attempt in parted]
