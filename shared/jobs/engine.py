"""The engine port: quote, prepare, submit, poll, find, cancel. Vendor errors are mapped inside.

What an engine says is an outcome (shared/jobs/outcomes.py). What it raises is judged in step.py:
PermanentError and TransientError count where surely nothing was submitted, or where submitting
again is free; InfrastructureError says that a server of ours is away.
"""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from shared.jobs.job import Job
from shared.jobs.outcomes import (
    Accepted,
    Deferred,
    Ended,
    Found,
    Made,
    Pending,
    Produced,
    Quote,
    Refused,
)
from shared.jobs.rates import Limits
from shared.story.errors import BlobMissing, PermanentError
from shared.story.kinds import Order


def read_clock() -> float:
    """Return seconds on a clock that goes on while the machine sleeps, and is never set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


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
"""Looks at what an engine made before it is stored: refuses it (BadMedia), or adds to it.

Its workspace has the files that the engine started from, as far as they are still there.
"""


class Task:
    """One attempt at one job, as an engine sees it."""

    def __init__(
        self,
        job: Job,
        order: Order,
        claim: "Claim",
        bring: Callable[[str, Path], Awaitable[None]],
        look_again: Callable[[], Awaitable[None]],
    ) -> None:
        self.job = job
        self.look_again = look_again
        """To be awaited before work begins that had to wait: raises where the claim is lost."""
        self.order = order
        self.claim = claim
        self._bring = bring

    @property
    def folder(self) -> Path:
        """Return a folder for this attempt alone."""
        return self.claim.folder

    def seconds_left(self) -> float:
        """Return the time in which a submit must have been sent: then the claim may be lost.

        Time in which this process stood still counts. Look at it at the last moment before the
        request leaves, or a process that wakes after minutes asks for what another has done.
        """
        return self.claim.seconds_left()

    async def fetch_files(self) -> dict[str, Path]:
        """Bring all input blobs of the job into the folder; return where each of them is."""
        return {name: await self._fetch(name, key) for name, key in self.job.spec.files.items()}

    async def find_files(self) -> dict[str, Path]:
        """Bring the inputs that are still there: what was made of them is not lost with them."""
        files = {}
        for name, key in self.job.spec.files.items():
            with suppress(PermanentError):
                files[name] = await self._fetch(name, key)
        return files

    async def _fetch(self, name: str, key: str) -> Path:
        path = self.folder / f"in-{name.replace('/', '-')}{Path(key).suffix}"
        if path.exists():  # it is whole: an engine that works here has brought it before
            return path
        try:
            await self._bring(key, path)
        except BlobMissing as error:
            raise PermanentError(f"its input “{name}” is gone, or never arrived") from error
        return path


class Claim:
    """What belongs to one claim of a job: its lease, a folder, and what was prepared under it.

    The folder is made the first time it is asked for, and removed at the end: most attempts need
    no file, and a load of jobs should not make thousands of folders.
    """

    def __init__(self, path: Path, lease_seconds: float, claimed_at: float) -> None:
        self._path = path
        self._is_made = False
        self._lease_seconds = lease_seconds
        self.renewed_at = claimed_at
        """When the last renewal that went well was asked for."""
        self.order: Order | None = None
        """The order of its job, once it has been read."""
        self.prepared: Any = None
        self.coming: dict[str, asyncio.Task[Any]] = {}
        """By number, the outputs that are fetched and stored under this claim."""

    def seconds_left(self) -> float:
        """Return how long the lease surely holds, with a tenth of it to spare for the way."""
        return 0.9 * self._lease_seconds - (read_clock() - self.renewed_at)

    @property
    def folder(self) -> Path:
        """Return the folder, made if need be."""
        self._path.mkdir(parents=True, exist_ok=True)
        self._is_made = True
        return self._path

    async def remove(self) -> None:
        """Remove the folder with all that is in it, and end what still writes into it."""
        if self.coming:
            for output in self.coming.values():
                output.cancel()
            await asyncio.gather(*self.coming.values(), return_exceptions=True)
        if self._is_made:
            await asyncio.to_thread(shutil.rmtree, self._path, ignore_errors=True)


class Engine(Protocol):
    """One backend. Give every job kind the engine that runs it; there is no registry."""

    name: str
    """Names the provider too, in its limits and in receipts."""
    slots: int
    """Attempts in hand at once in one process."""
    repeatable: bool
    """Submitting again costs nothing and makes the same thing: no mark, no hold, no search."""
    makes_files: bool
    """Its outputs are real files, which the last step of each kind looks at."""
    limits: Limits

    def quote(self, job: Job) -> Quote:
        """Return what one more attempt would be; raises PermanentError where none can be made."""
        ...

    def count_models(self, job: Job) -> int:
        """Return how many models may be tried for this job, one after the other."""
        ...

    async def fingerprint(self, task: Task) -> str | None:
        """Return what is the same for two attempts that ask for the same: model, input and files.

        The seed of a job's own is no part of it. None: what it makes is never used again.
        """
        ...

    async def prepare(self, task: Task) -> Any:
        """Return all that the submit will need, inputs uploaded and checked: nothing runs yet."""
        ...

    async def submit(
        self, task: Task, prepared: Any
    ) -> Accepted | Produced | Ended | Refused | Deferred:
        """Ask for the work, once. After an error nobody knows what became of it.

        The engine bounds the time itself, and looks at `task.seconds_left()` at the last moment
        before its request leaves: past it, nothing may be sent any more.
        """
        ...

    async def poll(self, task: Task) -> Pending | Produced | Ended: ...

    async def find(self, task: Task) -> Found | Ended:
        """Return what the provider runs that may be an attempt whose answer was lost."""
        ...

    async def cancel(self, task: Task) -> None: ...
