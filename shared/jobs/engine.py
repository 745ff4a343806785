"""The engine port: estimate, submit, poll, cancel, find. Vendor errors are mapped to ours inside.

An engine raises PermanentError or TransientError when the work itself failed, `Refused` when it
surely was not accepted, and InfrastructureError when a server of ours is away.
Anything else that a submit raises means that nobody knows what became of it.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from shared.jobs.machine import Job
from shared.jobs.outcomes import Accepted, Made, Pending, Produced
from shared.story.errors import BlobMissing, PermanentError, TransientError
from shared.story.fact import Micros
from shared.story.kinds import Order


class Refused(TransientError):
    """Surely not accepted (a 429, an explicit 4xx): nothing runs, nothing is owed."""


@dataclass(frozen=True)
class Workspace:
    """Where a working function works: a folder to write into, and its input files by name."""

    folder: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    take: int = 0
    """Which try of a user it is: another one is to make something else from the same order."""


Work = Callable[[Any, Workspace], Made]
"""A top-level function that takes the order of its kind. It runs in a process beside the event
loop, so it is synchronous, and everything that it takes and returns can be pickled.
"""

Finish = Callable[[Any, Workspace, Made], Made]
"""Looks at what an engine made before it is stored: refuses it (BadMedia), or adds to it."""


class Task:
    """One attempt at one job, as an engine sees it."""

    def __init__(
        self,
        job: Job,
        order: Order,
        place: "AttemptFolder",
        bring: Callable[[str, Path], Awaitable[None]],
        look_again: Callable[[], Awaitable[None]],
    ) -> None:
        self.job = job
        self.look_again = look_again
        """To be awaited before work begins that had to wait: raises where the claim is lost."""
        self.order = order
        self._place = place
        self._bring = bring

    @property
    def folder(self) -> Path:
        """Return a folder for this attempt alone."""
        return self._place.folder

    async def fetch_files(self) -> dict[str, Path]:
        """Bring all input blobs of the job into the folder; return where each of them is."""
        return {name: await self._fetch(name, key) for name, key in self.job.spec.files.items()}

    async def _fetch(self, name: str, key: str) -> Path:
        path = self.folder / f"in-{name.replace('/', '-')}{Path(key).suffix}"
        try:
            await self._bring(key, path)
        except BlobMissing as error:
            raise PermanentError(f"its input “{name}” is gone, or never arrived") from error
        return path


class AttemptFolder:
    """A folder that is made the first time it is asked for, and removed at the end.

    Most attempts need no file, and a load of jobs should not make thousands of folders.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_made = False

    @property
    def folder(self) -> Path:
        """Return the folder, made if need be."""
        self._path.mkdir(parents=True, exist_ok=True)
        self._is_made = True
        return self._path

    async def remove(self) -> None:
        """Remove the folder with all that is in it."""
        if self._is_made:
            await asyncio.to_thread(shutil.rmtree, self._path, ignore_errors=True)


@dataclass(frozen=True)
class Limits:
    """What a provider allows, over all replicas. None is no limit."""

    creates_a_second: int | None = None


class Engine(Protocol):
    """One backend. Give every job kind the engine that runs it; there is no registry."""

    name: str
    slots: int
    """Attempts in hand at once in one process."""
    repeatable: bool
    """Submitting again after a crash costs nothing and makes the same thing."""
    makes_files: bool
    """Its outputs are real files, which the last step of each kind looks at."""
    limits: Limits

    def ceiling(self, job: Job) -> Micros:
        """Return the most that this attempt can cost."""
        ...

    async def submit(self, task: Task) -> Accepted | Produced: ...

    async def poll(self, task: Task) -> Pending | Produced: ...

    async def find(self, task: Task) -> Accepted | None:
        """Return what the provider runs of an attempt whose answer was lost, if it knows it."""
        ...

    async def cancel(self, task: Task) -> None: ...
