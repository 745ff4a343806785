"""The connections of one server: how many there may be, and how long each may keep us waiting."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Waits:
    """How long a client may keep us waiting, in seconds."""

    head: float = 10.0
    """For a whole request head, from the opening of the connection or from its first byte."""
    body: float = 10.0
    """For each `body_bytes` of a body that we want to read."""
    body_bytes: int = 10_000
    reading: float = 30.0
    """For a client to read anything at all of an answer that lies ready for it."""
    idle: float = 65.0
    """Between two requests; longer than the minute for which many proxies keep connections."""


USUAL = Waits()


class For(StrEnum):
    """What we wait for a client to do."""

    HEAD = "head"
    BODY = "body"
    READING = "reading"
    IDLE = "idle"


class Client(Protocol):
    """A connection, whatever is spoken over it."""

    def hang_up(self, why: str) -> None: ...


class Connections:
    """The connections of one server, and which of them wait for their clients."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[Client] = set()
        self._waiting: dict[Client, None] = {}  # the longest wait first

    @property
    def crowded(self) -> bool:
        """Tell whether so many are being served that the rest of the places is for probes."""
        return len(self._open) - len(self._waiting) > self._limit * 3 // 4

    def __contains__(self, connection: "Client") -> bool:
        return connection in self._open

    def add(self, connection: "Client") -> None:
        """Take one more; at the limit the longest wait ends here."""
        # Where nobody waits there is one too many for a moment: it waits, so the next one ends it.
        if len(self._open) >= self._limit and self._waiting:
            next(iter(self._waiting)).hang_up("crowded")
        self._open.add(connection)

    def mark(self, connection: "Client", waits: bool) -> None:
        """Note whether a connection waits for its client; a wait that goes on keeps its place."""
        if waits:
            self._waiting.setdefault(connection)
        else:
            self._waiting.pop(connection, None)

    def remove(self, connection: "Client") -> None:
        """Forget one that has ended."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)
