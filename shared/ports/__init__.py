"""The three ports: Bus, Store, Blobs. Two adapters each, one contract test-suite a port.

Everything works in batches. A store document is a plain dict with an `_id`; absent equals null;
times are integer milliseconds of the store's own clock.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from shared.story.events import Event

Doc = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Is:
    """A condition on one field other than equality, as in `{"due_at": Is("<=", now)}`."""

    op: Literal["<", "<=", ">", ">=", "in", "present"]
    value: Any = None


Where = Mapping[str, Any]
"""Field path (dots allowed) → a scalar to equal, None for absent or null, or an `Is`."""


@dataclass(frozen=True, slots=True)
class Update:
    """One guarded change of one document: all of it or nothing, and only where `where` holds."""

    id: str
    where: Where = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    unset: Sequence[str] = ()
    inc: Mapping[str, int] = field(default_factory=dict)
    upsert: bool = False
    """Create the document when it does not exist (only with an empty `where`)."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index over `fields`; with `present`, only over documents that have that field."""

    fields: tuple[str, ...]
    present: str | None = None
    unique: bool = False


class Store(Protocol):
    """Documents that survive the answer: every write is durable before it returns."""

    async def open(self, indexes: Mapping[str, Sequence[Index]]) -> None:
        """Connect and prepare the collections named here with their indexes."""
        ...

    async def close(self) -> None: ...

    def now(self) -> int:
        """Milliseconds on the store's clock: the one clock of leases and timers."""
        ...

    async def insert(self, collection: str, docs: Sequence[Doc]) -> set[str]:
        """Insert once: returns the ids that were new; known ids are left untouched."""
        ...

    async def get(self, collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        """The documents that exist, by id."""
        ...

    async def update(self, collection: str, updates: Sequence[Update]) -> set[str]:
        """Apply each update whose guard holds; returns the ids of those that did.

        At most one update a document in one call. Of racing writers with the same guard one wins.
        An update that breaks a unique index counts as one whose guard did not hold.
        """
        ...

    async def find(
        self,
        collection: str,
        where: Where,
        *,
        order: Sequence[str] = (),
        limit: int = 0,
    ) -> list[Doc]:
        """Matching documents; `order` names fields, with a leading "-" for descending."""
        ...

    async def count(self, collection: str, where: Where) -> int: ...

    async def delete(self, collection: str, ids: Sequence[str]) -> int: ...


Handler = Callable[[Sequence[Event]], Awaitable[None]]
"""Takes one batch. Returning commits it; raising brings the whole batch again."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a consumer is alive: what it is assigned, and how long since its loop last turned."""

    assigned: int
    progress_age: float


class Bus(Protocol):
    """Events to services: at least once, in any order, in batches."""

    def subscribe(self, service: str, types: Sequence[type[Event]], handle: Handler) -> None:
        """One consumer for a service over all its event types; called before `start`."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Graceful: no new batch is begun, the running one is finished and committed."""
        ...

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns when every event is acknowledged; raises BusUnavailable otherwise."""
        ...

    def health(self, service: str) -> Health: ...


@dataclass(frozen=True, slots=True)
class Blob:
    """What a done record says of stored bytes."""

    key: str
    size: int
    sha256: str


class Blobs(Protocol):
    """Bytes by key. A put is atomic: a key has all of its bytes or does not exist."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def put(self, key: str, source: Path | bytes) -> Blob: ...

    async def get(self, key: str) -> bytes:
        """All bytes; raises BlobMissing, which names the key."""
        ...

    async def fetch(self, key: str, to: Path) -> None:
        """Into a file, streamed; raises BlobMissing and leaves no half file."""
        ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes from `start` up to but not including `end`."""
        ...

    async def stat(self, key: str) -> Blob:
        """Raises BlobMissing. The sha256 may be empty where the server does not know it."""
        ...

    async def keys(self, prefix: str) -> list[str]: ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Missing keys are fine."""
        ...
