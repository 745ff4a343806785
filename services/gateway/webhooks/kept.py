"""The webhooks that users have named: of all their videos, or of one.

Their secrets lie here and nowhere else: neither events nor jobs carry them.
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import uuid4

from services.gateway.errors.problems import NoSuchWebhook
from shared.base.batching import Batcher
from shared.ports import Doc, Index, Is, Store, Update
from shared.story.errors import BadInput

WEBHOOKS = "webhooks"
INDEXES = {WEBHOOKS: (Index(("owner", "created_at"), present="owner"),)}

MOST = 20
"""Webhooks of one owner."""


@dataclass(frozen=True)
class Webhook:
    """A URL that is told how videos go."""

    id: str
    url: str
    events: tuple[str, ...]
    created_at: int
    secret: str = field(repr=False)
    disabled_at: int | None = None
    """Since when it is told nothing, because it answered that it is gone."""


@dataclass(frozen=True)
class Webhooks:
    """Keeps webhooks."""

    store: Store

    async def create(self, owner: str, url: str, events: Sequence[str]) -> Webhook:
        """Return a new webhook, with its secret; the URL was looked at before."""
        row = {
            "_id": f"wh_{uuid4().hex}",
            "owner": owner,
            "url": url,
            "events": list(events),
            "secret": _make_secret(),
            "created_at": self.store.now(),
        }
        await self.store.insert(WEBHOOKS, [row])
        # counted afterwards: of many that come at once, each would be the first
        made = _read(row, "")
        if made.id not in [each.id for each in (await self.list_all(owner))[:MOST]]:
            await self.store.delete(WEBHOOKS, [made.id])
            raise BadInput(f"you have {MOST} webhooks already: delete one first", "url")
        return made

    async def list_all(self, owner: str) -> list[Webhook]:
        """Return the webhooks of all videos of an owner, in the order in which they came."""
        return await self._list(owner)

    @cached_property
    def _list(self) -> Batcher[str, list[Webhook]]:
        """List an owner's webhooks; every new video asks, and who asks together is one question."""
        return Batcher(self._list_each)

    async def _list_each(self, owners: list[str]) -> list[list[Webhook]]:
        asked = {"owner": Is("in", sorted({*owners}))}
        rows = await self.store.find(WEBHOOKS, asked, order=["created_at", "_id"])
        found: dict[str, list[Webhook]] = {owner: [] for owner in owners}
        for row in rows:
            found[row["owner"]].append(_read(row, ""))
        return [[*found[owner]] for owner in owners]

    async def delete(self, owner: str, id_: str) -> None:
        """Forget a webhook; what it was still to be told is told to nobody."""
        await self.find(id_, owner)
        # One of a single video leaves its row: a request that comes once more would keep it again.
        gone = Update(id_, where={"owner_of_video": owner}, set={"deleted_at": self.store.now()})
        if not await self.store.update(WEBHOOKS, [gone]):
            await self.store.delete(WEBHOOKS, [id_])

    async def find(self, id_: str, owner: str) -> Webhook:
        """Return a webhook; no owner finds another's."""
        row = (await self.store.get(WEBHOOKS, [id_])).get(id_)
        if row is None or row.get("deleted_at"):
            raise NoSuchWebhook(id_)
        if owner not in (row.get("owner"), row.get("owner_of_video")):
            raise NoSuchWebhook(id_)
        return _read(row, row.get("secret") or await self.read_secret(owner))

    async def disable(self, id_: str) -> None:
        """Tell a webhook nothing any more."""
        await self.store.update(WEBHOOKS, [Update(id_, set={"disabled_at": self.store.now()})])

    # ── of one video ────────────────────────────────────────────────────────────────────────────

    async def choose(self, owner: str, video_id: str, own: Doc | None) -> Mapping[str, list[str]]:
        """Return the webhooks of a new video, by id, with what each is told of."""
        found = {each.id: list(each.events) for each in await self.list_all(owner)}
        return found if own is None else {**found, name_own(video_id): own["events"]}

    async def keep_own(self, video_id: str, owner: str, own: Doc) -> None:
        """Keep the webhook that a request names for its video alone."""
        named = {"_id": name_own(video_id), "owner_of_video": owner, **own}
        await self.store.insert(WEBHOOKS, [{**named, "created_at": self.store.now()}])

    async def read_secret(self, owner: str) -> str:
        """Return what the webhooks of an owner's single videos are signed with."""
        row = {"_id": f"secret:{owner}", "secret": _make_secret()}
        await self.store.insert(WEBHOOKS, [row])
        return str((await self.store.get(WEBHOOKS, [row["_id"]]))[row["_id"]]["secret"])


def name_own(video_id: str) -> str:
    """Return the id of the webhook that a request has named for its video alone."""
    return f"wh_{video_id}"


def _make_secret() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"


def _read(row: Doc, secret: str) -> Webhook:
    return Webhook(
        id=row["_id"],
        url=row["url"],
        events=tuple(row["events"]),
        created_at=row["created_at"],
        secret=row.get("secret") or secret,
        disabled_at=row.get("disabled_at"),
    )
