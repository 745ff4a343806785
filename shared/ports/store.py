"""The Store: documents that survive the answer.

A document is a plain dict with an `_id`; absent equals null; times are integer milliseconds of the
store's own clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

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


EXPIRES_AT = "expires_at"
"""A field that any document may have: from this time on, nobody needs it."""
EXPIRY = Index((EXPIRES_AT,), present=EXPIRES_AT)
"""What a collection has whose documents may expire: by it they are found and deleted."""


class Store(Protocol):
    """Documents that survive the answer: every write is durable before it returns.

    **A write that is refused has written nothing.** `insert` and `update` look at all that they
    are given first. They raise Unstorable where a value can't be held, and ValueError where an
    update means nothing. So whoever wrote many at once may leave out what the error names, or ask
    again one by one: each gets the answer that it would have had alone.

    No store can hold: half of a character (a lone surrogate), an integer beyond 64 bits, NaN and
    infinity, a key that is no text or has a NUL in it, and types that JSON does not have.
    """

    async def open(self, indexes: Mapping[str, Sequence[Index]]) -> None:
        """Connect, and prepare the collections that are named here with their indexes."""
        ...

    async def close(self) -> None:
        """Finish what was asked, and let go of the server or the file."""
        ...

    def now(self) -> int:
        """Return the milliseconds on the store's clock: the one clock of leases and timers."""
        ...

    async def insert(self, collection: str, docs: Sequence[Doc]) -> set[str]:
        """Insert each document once; return the ids that were new. Known ones stay as they are.

        A document that breaks a unique index counts as known.
        """
        ...

    async def get(self, collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        """Return the documents that exist, by id."""
        ...

    async def update(self, collection: str, updates: Sequence[Update]) -> set[str]:
        """Apply each update whose guard holds; return the ids of those documents.

        Of racing writers with the same guard one wins. An update that breaks a unique index counts
        as one whose guard did not hold. Two updates of one document in one call are refused with a
        ValueError: the answer names documents, so it could not say which of the two has won.

        Whether a document can take a change shows only when it is written. Where one can't,
        because a path leads through a plain value or the document would become too large, it
        stays as it is, and a ValueError is raised; the other updates may have been written.
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
        """Return what matches; `order` names fields, with a leading "-" for descending."""
        ...

    async def count(self, collection: str, where: Where) -> int:
        """Return how many documents match."""
        ...

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Delete the documents that exist; return how many did."""
        ...

    async def expire(self, collection: str) -> int:
        """Delete what has expired, unless a server does that by itself; return how many it was.

        A document may outlive its time for a while. Its time is read and written, and asked for
        by nobody: the server has a type of its own for it.
        """
        ...
