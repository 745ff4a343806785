"""Secrets of an installation: made once by whoever needs one first, the same for all replicas."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.ports import Doc, Index, Store, Update

SECRETS = "secrets"
INDEXES: Mapping[str, Sequence[Index]] = {SECRETS: ()}

KNOWN_MS = 2_000
"""So late may a replica hear that a secret was replaced."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What counts now, and what has counted before it."""

    current: str
    previous: str | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Return all that may have been used."""
        return (self.current, self.previous) if self.previous else (self.current,)


@dataclass
class Secrets:
    """Reads secrets, and replaces them."""

    store: Store
    _known: dict[str, tuple[int, Secret]] = field(default_factory=dict)

    async def read(self, name: str) -> Secret:
        """Return a secret. Of replicas that make it at the same time, one has made it."""
        at, known = self._known.get(name, (0, None))
        now = self.store.now()
        if known is None or not at <= now < at + KNOWN_MS:
            known = _read(await self._read_row(name))
            self._known[name] = (now, known)
        return known

    async def rotate(self, name: str, *, forget: bool = False) -> None:
        """Replace a secret. What the one before has signed stays good, unless it is forgotten."""
        while True:
            row = await self._read_row(name)
            change = {"current": secrets.token_hex(32)}
            if not forget:
                change["previous"] = row["current"]
            gone = ["previous"] if forget else []
            guard = {"current": row["current"]}
            update = Update(name, where=guard, set=change, unset=gone)
            if await self.store.update(SECRETS, [update]):
                self._known.pop(name, None)
                return

    async def _read_row(self, name: str) -> Doc:
        rows = await self.store.get(SECRETS, [name])
        if name not in rows:
            await self.store.insert(SECRETS, [{"_id": name, "current": secrets.token_hex(32)}])
            rows = await self.store.get(SECRETS, [name])
        return rows[name]


def _read(row: Doc) -> Secret:
    return Secret(row["current"], row.get("previous"))
