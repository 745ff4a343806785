"""The answers to requests with an Idempotency-Key, kept for a while: a repetition gets the first.

A row is inserted before the request is served, so of any number that come at once, at any replica,
one is served. Only successes are kept: what was refused has changed nothing, and is asked anew.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from services.gateway.errors.repeated import TooManyKept, UnderWay
from shared.ports import Doc, Index, Is, Store, Update

ANSWERS = "answers"
INDEXES: Mapping[str, Sequence[Index]] = {
    ANSWERS: (Index(("owner",)), Index(("at",)), Index(("about",), present="about"))
}

KEPT_MS = 48 * 60 * 60_000
LEASE_MS = 60_000
"""After so long a request that has no answer is taken for one whose process has died."""
MOST_OF_ONE = 10_000
"""Answers that are kept for one owner at a time."""
MOST_LETTERS = 256 << 10
"""Of one answer; of a longer one it is only kept that there was one."""
SWEPT = 1_000

SERVED: ContextVar[str] = ContextVar("served", default="")
"""The id of the row under which a request is served just now, and the digest of what it asks for;
empty where it came without a key. An event that must not come twice names it: so who repeats what a
crash has cut short finds it.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request, of which `digest` is what it asked for."""

    digest: str
    status: int
    headers: Mapping[str, str]
    body: str | None
    """None where it may not be kept: it holds a secret, or is too long."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that is served now, and by nobody else."""

    id: str
    at: int


@dataclass(frozen=True)
class Answers:
    """Keeps answers by owner and Idempotency-Key."""

    store: Store

    async def claim(self, owner: str, key: str, about: str = "") -> Claim | Answer:
        """Return the right to serve a request, or the answer that it had.

        Refuse one that is being served. `about`: the video that it is about.
        """
        id_ = _name(owner, key)
        while True:
            row = (await self.store.get(ANSWERS, [id_])).get(id_)
            now = self.store.now()
            if row is None:
                if await self._insert(id_, owner, now, about):
                    return Claim(id_, now)
            elif row.get("status"):
                return _read(row)
            elif now < row["at"] + LEASE_MS:
                raise UnderWay
            elif await self._write(Claim(id_, row["at"]), {"at": now}):
                return Claim(id_, now)

    async def claim_anew(self, owner: str, key: str, answer: Answer) -> Claim | Answer:
        """Return the right to serve a request again whose answer is true no more."""
        id_, now = _name(owner, key), self.store.now()
        seen = {"status": answer.status, "digest": answer.digest}
        gone = ["status", "digest", "headers", "body"]
        change = Update(id_, where=seen, set={"at": now}, unset=gone)
        if await self.store.update(ANSWERS, [change]):
            return Claim(id_, now)
        return await self.claim(owner, key)

    async def keep(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer for those who ask again."""
        body = answer.body if len(answer.body or "") <= MOST_LETTERS else None
        said = {"digest": answer.digest, "status": answer.status, "body": body}
        await self._write(claim, {**said, "headers": dict(answer.headers)})

    async def let_go(self, claim: Claim) -> None:
        """Let the next one who asks be served: this one has changed nothing."""
        await self._write(claim, {"at": claim.at - LEASE_MS})

    async def forget(self, video_id: str) -> None:
        """Delete all answers that say something of a video."""
        rows = await self.store.find(ANSWERS, {"about": video_id})
        await self.store.delete(ANSWERS, [row["_id"] for row in rows])

    async def sweep(self) -> None:
        """Delete the answers whose time is over."""
        old = {"at": Is("<", self.store.now() - KEPT_MS)}
        while rows := await self.store.find(ANSWERS, old, limit=SWEPT):
            await self.store.delete(ANSWERS, [row["_id"] for row in rows])

    async def _insert(self, id_: str, owner: str, now: int, about: str) -> bool:
        if await self.store.count(ANSWERS, {"owner": owner}) >= MOST_OF_ONE:
            raise TooManyKept(MOST_OF_ONE)
        row: Doc = {"_id": id_, "owner": owner, "at": now} | ({"about": about} if about else {})
        return bool(await self.store.insert(ANSWERS, [row]))

    async def _write(self, claim: Claim, change: dict[str, Any]) -> bool:
        """Change a row that is still the claim's."""
        guard = {"at": claim.at, "status": None}
        return bool(await self.store.update(ANSWERS, [Update(claim.id, where=guard, set=change)]))


def _name(owner: str, key: str) -> str:
    return blake2b(f"{owner}\n{key}".encode(), digest_size=20).hexdigest()


def _read(row: Doc) -> Answer:
    return Answer(row["digest"], row["status"], row["headers"], row.get("body"))
