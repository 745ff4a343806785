"""Who did what, and when: a row for each event that a caller brings about, written before it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import uuid4

from pydantic import Field

from services.gateway.errors.problems import BadQuery
from services.gateway.keys.caller import CALLER, Caller, Role
from shared.base.batching import Batcher
from shared.ports import EXPIRES_AT, EXPIRY, Doc, Index, Is, Store
from shared.runtime.keeping import Keeping
from shared.story.events import Event, RevisionRequested, VideoSteered
from shared.story.fact import Fact

AUDIT = "audit"
INDEXES: Mapping[str, Sequence[Index]] = {AUDIT: (Index(("owner", "_id")), EXPIRY)}


class Deed(Fact):
    """What somebody did, or tried to do: of what was refused a row may be there, and no effect."""

    at: int = Field(description="Milliseconds since 1970.")
    owner: str = Field(description="Whose video or key it is about.")
    key: str = Field("", description="The id of the key that was used; empty where none was.")
    by: str = Field(description="The owner of that key.")
    event: str
    about: str = Field(description="The id of the video or key.")
    said: str = Field("", description="What of several things it was: paused, retry …")


class AuditPage(Fact):
    """What was done, newest first; `next` is the cursor of the page after this one."""

    deeds: tuple[Deed, ...]
    next: str | None = None


@dataclass(frozen=True)
class Audit:
    """Writes and shows what callers did."""

    store: Store
    keep_ms: int = Keeping().audit_ms

    async def note(self, events: Sequence[Event]) -> None:
        """Write who brings these events about."""
        owner = CALLER.get().owner
        await self._insert([(owner, type(e).__name__, e.video_id, _say(e)) for e in events])

    async def note_key(self, owner: str, event: str, key_id: str, said: str = "") -> None:
        """Write who changes this key."""
        await self._insert([(owner, event, key_id, said)])

    async def list_page(self, cursor: str | None, limit: int) -> AuditPage:
        """Return what was done to what is the caller's; to an admin, what anybody did."""
        if cursor is not None and not re.fullmatch(r"[0-9a-f-]{1,60}", cursor):
            raise BadQuery("use the `next` of the page before, unchanged", "cursor")
        caller = CALLER.get()
        where: Doc = {} if caller.role is Role.ADMIN else {"owner": caller.owner}
        where |= {"_id": Is("<=", cursor)} if cursor else {}
        rows = await self.store.find(AUDIT, where, order=["-_id"], limit=limit + 1)
        deeds = tuple(Deed.model_validate(_strip(row)) for row in rows[:limit])
        return AuditPage(deeds=deeds, next=rows[limit]["_id"] if len(rows) > limit else None)

    async def _insert(self, deeds: Sequence[tuple[str, str, str, str]]) -> None:
        caller, now = CALLER.get(), self.store.now()
        until = {EXPIRES_AT: now + self.keep_ms}
        await self._rows([_build_row(caller, now, *deed) | until for deed in deeds])

    @cached_property
    def _rows(self) -> Batcher[list[Doc], None]:
        """Store rows; those that come together are one write."""
        return Batcher(self._store_all)

    async def _store_all(self, groups: list[list[Doc]]) -> list[None]:
        await self.store.insert(AUDIT, [row for rows in groups for row in rows])
        return [None] * len(groups)


def _build_row(caller: Caller, now: int, owner: str, event: str, about: str, said: str) -> Doc:
    # in order of time, and no two alike
    id_ = f"{now:013x}-{uuid4().hex}"
    who = {"key": caller.key, "by": caller.owner}
    return {"_id": id_, "at": now, "owner": owner, **who, "event": event, "about": about} | (
        {"said": said} if said else {}
    )


def _strip(row: Doc) -> Doc:
    hidden = {"_id", EXPIRES_AT}
    return {name: value for name, value in row.items() if name not in hidden and value is not None}


def _say(event: Event) -> str:
    match event:
        case VideoSteered(delete=True):
            return "deleted"
        case VideoSteered():
            return event.desired
        case RevisionRequested():
            return event.action
        case _:
            return ""
