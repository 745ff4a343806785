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
from shared.story.errors import TransientError
from shared.story.events import Micros


class Refused(TransientError):
    """Surely not accepted (a 429, an explicit 4xx): nothing runs, nothing is owed."""


@dataclass(frozen=True)
class Order:
    """What a working function gets: plain values, files on disk, a folder to write into."""

    folder: Path
    input: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """What a working function made: files by the event field that will carry their key, and data.

    `files["key"]` becomes the event's `key`; names with a slash (`outputs/srt`) become entries of
    the event's mapping field `outputs`. `data` holds further fields of the event.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


Work = Callable[[Order], Made]
"""A synchronous top-level function: it runs in a process beside the event loop."""

Finish = Callable[[Order, Made], Made]
"""Looks at what an engine made before it is stored: refuses it (BadMedia), or adds to it."""


class Task:
    """One attempt at one job, as an engine sees it."""

    def __init__(
        self, job: Job, place: "Workplace", bring: Callable[[str, Path], Awaitable[None]]
    ) -> None:
        self.job = job
        self._place = place
        self._bring = bring

    @property
    def folder(self) -> Path:
        """A folder for this attempt alone."""
        return self._place.folder

    async def fetch(self, name: str) -> Path:
        """Bring a named input blob of the job into the folder."""
        key = self.job.spec.files[name]
        path = self.folder / f"in-{name.replace('/', '-')}{Path(key).suffix}"
        await self._bring(key, path)
        return path


class Workplace:
    """A folder that is there from the first time it is asked for, until it is cleared."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._used = False

    @property
    def folder(self) -> Path:
        self._path.mkdir(parents=True, exist_ok=True)
        self._used = True
        return self._path

    async def clear(self) -> None:
        if self._used:
            await asyncio.to_thread(shutil.rmtree, self._path, ignore_errors=True)


@dataclass(frozen=True)
class Accepted:
    """The provider works on it under its own id."""

    external_id: str


@dataclass(frozen=True)
class Pending:
    """Not finished: ask again after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Produced:
    """Finished: local files, outputs that still lie at the provider, and the exact cost."""

    made: Made = field(default_factory=Made)
    urls: Mapping[str, str] = field(default_factory=dict)
    cost: Micros = 0


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
    limits: Limits

    def ceiling(self, job: Job) -> Micros:
        """The most that this attempt can cost."""
        ...

    async def submit(self, task: Task) -> Accepted | Produced: ...

    async def poll(self, task: Task) -> Pending | Produced: ...

    async def find(self, task: Task) -> Accepted | None:
        """Whether an attempt whose answer was lost is known to the provider after all."""
        ...

    async def cancel(self, task: Task) -> None: ...
