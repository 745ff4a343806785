"""API keys: made, listed, replaced and revoked; and found again by their tokens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from services.gateway.errors.callers import NoSuchKey
from services.gateway.keys import tokens
from services.gateway.keys.caller import NO_LIMITS, Caller, Limits, Role
from shared.ports import Doc, Index, Store, Update
from shared.story.fact import Fact

KEYS = "keys"
INDEXES: Mapping[str, Sequence[Index]] = {KEYS: (Index(("owner",)),)}

KNOWN_MS = 2_000
"""So late may a replica hear that a key was revoked."""
MOST_KNOWN = 10_000
"""Whoever tries ids out must not fill the memory."""
FIRST = "first"
"""The id of the key that a cluster makes for itself: one, however many replicas start at once."""


class ApiKey(Fact):
    """An API key, without its secret."""

    id: str
    owner: str
    role: Role
    name: str = ""
    limits: Limits = NO_LIMITS
    created_at: int = Field(description="Milliseconds since 1970.")
    replaced_at: int | None = Field(None, description="When it got another token.")
    revoked_at: int | None = None


class NewApiKey(ApiKey):
    """An API key with its token, which is shown this once."""

    token: str = Field(description="Send it as `Authorization: Bearer sw_…`. It is not stored.")


@dataclass
class ApiKeys:
    """The keys of an installation."""

    store: Store
    _known: dict[str, tuple[int, Doc | None]] = field(default_factory=dict)

    async def make(
        self, owner: str, role: Role, name: str = "", limits: Limits = NO_LIMITS
    ) -> NewApiKey:
        """Make a key; this answer alone has its token."""
        made = await self._insert(tokens.make_id(), owner, role, name, limits)
        assert made is not None, "no id comes twice"
        return made

    async def make_first(self) -> NewApiKey | None:
        """Make the first key, for an admin; None where there are keys, or another makes it."""
        if await self.exist():
            return None
        return await self._insert(FIRST, "admin", Role.ADMIN, "the first key", NO_LIMITS)

    async def exist(self) -> bool:
        """Tell whether there is any key, or ever was."""
        return bool(await self.store.find(KEYS, {}, limit=1))

    async def list_all(self) -> list[ApiKey]:
        """Return all keys, those that were revoked too, by owner and age."""
        rows = await self.store.find(KEYS, {}, order=["owner", "created_at", "_id"])
        return [_read(row) for row in rows]

    async def read(self, key_id: str) -> ApiKey:
        """Return one key; refuse an id that none has."""
        rows = await self.store.get(KEYS, [key_id])
        if key_id not in rows:
            raise NoSuchKey(key_id)
        return _read(rows[key_id])

    async def replace(self, key_id: str, grace_ms: int = 0) -> NewApiKey:
        """Give a key another token; the one before is good for so long yet."""
        while True:
            row = (await self.store.get(KEYS, [key_id])).get(key_id)
            if row is None or row.get("revoked_at"):
                raise NoSuchKey(key_id)
            token, now = tokens.make_token(key_id), self.store.now()
            change = {"hash": tokens.hash_token(token), "replaced_at": now}
            change |= {"old_hash": row["hash"], "old_until": now + grace_ms}
            guard = {"hash": row["hash"], "revoked_at": None}
            if await self.store.update(KEYS, [Update(key_id, where=guard, set=change)]):
                self._known.pop(key_id, None)
                return NewApiKey(**dict(_read({**row, **change})), token=token)

    async def revoke(self, key_id: str) -> ApiKey:
        """Let nobody in by this key any more. Its videos stay, and go on."""
        change = Update(key_id, where={"revoked_at": None}, set={"revoked_at": self.store.now()})
        if (await self.store.get(KEYS, [key_id])).get(key_id):
            await self.store.update(KEYS, [change])
        self._known.pop(key_id, None)
        return await self.read(key_id)

    async def find(self, token: str) -> Caller | None:
        """Return who has this token; None where it is none of ours, or not any more."""
        key_id = tokens.read_id(token)
        row = None if key_id is None else await self._look_up(key_id)
        if row is None or row.get("revoked_at") or not self._fits(token, row):
            return None
        key = _read(row)
        return Caller(key.owner, key.role, key.id, key.limits)

    async def is_good(self, key_id: str) -> bool:
        """Tell whether there is a key of this id that was not revoked."""
        row = await self._look_up(key_id)
        return row is not None and not row.get("revoked_at")

    def _fits(self, token: str, row: Doc) -> bool:
        if tokens.is_same(token, row["hash"]):
            return True
        return self.store.now() < row.get("old_until", 0) and tokens.is_same(
            token, row.get("old_hash")
        )

    async def _look_up(self, key_id: str) -> Doc | None:
        at, row = self._known.get(key_id, (0, None))
        now = self.store.now()
        if not at <= now < at + KNOWN_MS:
            row = (await self.store.get(KEYS, [key_id])).get(key_id)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key_id] = (now, row)
        return row

    async def _insert(
        self, key_id: str, owner: str, role: Role, name: str, limits: Limits
    ) -> NewApiKey | None:
        """Store a key; return None where another has stored one of this id."""
        token = tokens.make_token(key_id)
        row = {
            "_id": key_id,
            "hash": tokens.hash_token(token),
            "owner": owner,
            "role": str(role),
            "name": name,
            "limits": dict(limits),
            "created_at": self.store.now(),
        }
        if not await self.store.insert(KEYS, [row]):
            return None
        self._known.pop(key_id, None)
        return NewApiKey(**dict(_read(row)), token=token)


async def make_first_key(keys: ApiKeys, tell: Callable[[str], None]) -> None:
    """Make the first key where none was ever made, and tell its token: nobody could let us in."""
    made = await keys.make_first()
    if made is not None:
        tell(
            f"the first API key, of an admin, is {made.token} and is told this once: keep it, "
            "and give others theirs by POST /v1/keys or `storywave keys create`"
        )


def _read(row: Doc) -> ApiKey:
    names = ApiKey.model_fields.keys() & row.keys()
    return ApiKey.model_validate({"id": row["_id"], **{name: row[name] for name in names}})
