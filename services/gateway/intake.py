"""Accepting a video: the gateway's own writes, in the order that survives a crash.

First the request becomes a row, inserted once: of two that come at once with one Idempotency-Key,
one is first and the other reads its row. Then money, then the events of that row. A repetition goes
through all of it again, and so completes what a crash had cut short.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from pydantic import ValidationError

from services.gateway.brief_checks import check_brief, list_files, refuse_file, refuse_script
from services.gateway.errors.callers import NotAllowed
from services.gateway.errors.problems import KeyReused, NotNow, Unreadable
from services.gateway.images import Images
from services.gateway.keys.caller import CALLER, Role
from services.gateway.keys.ids import VideoIds
from services.gateway.keys.limits import Usage
from services.gateway.requests import VideoRequest
from services.gateway.scripts import Scripts
from services.gateway.webhooks.kept import WEBHOOKS, Webhooks, name_own
from services.gateway.webhooks.post import Poster
from shared.base.batching import Batcher
from shared.base.together import await_all
from shared.jobs.gate import Gate
from shared.jobs.unreadable import tell
from shared.ports import Doc, Index, Store
from shared.runtime.allowances import Allowances
from shared.runtime.terms import Terms
from shared.story.brief import Brief
from shared.story.errors import BadInput, StorywaveError
from shared.story.estimate import price_request
from shared.story.events import Event, VideoRequested
from shared.story.material import SCRIPT_ID
from shared.story.money import say_dollars
from shared.story.shape import expect_plan

REQUESTS = "requests"
OUTPUTS = "outputs"
"""Files that a command has promised and not written yet."""

INDEXES = {
    REQUESTS: (
        Index(("owner", "created_at")),
        Index(("created_at",)),
        Index(("owner", "touched_at"), present="touched_at"),
    ),
    OUTPUTS: (),
}


def list_rows(video_id: str) -> Mapping[str, Sequence[str]]:
    """Return which rows of the gateway are about one video: they are deleted with it."""
    return {REQUESTS: [video_id], OUTPUTS: [video_id], WEBHOOKS: [name_own(video_id)]}


Emit = Callable[[Sequence[Event]], Awaitable[None]]
TakeOver = Callable[[VideoRequest, str], Awaitable[VideoRequest]]
Weights = Callable[[], Awaitable[dict[str, float]]]


@dataclass(frozen=True)
class Intake:
    """Accepts requests for videos."""

    store: Store
    gate: Gate
    images: Images
    scripts: Scripts
    note: Emit
    """Writes down who asks for these events, before they are emitted."""
    emit: Emit
    weights: Weights
    allowances: Allowances
    ids: VideoIds
    usage: Usage
    terms: Terms
    webhooks: Webhooks
    poster: Poster
    check_living: Callable[[str, str], Awaitable[None]]
    """Refuses a video that this owner has deleted: under its id there is never another."""
    take_over: TakeOver
    """Returns a request that starts from another video as one with its plan and its pictures."""

    async def accept(self, asked: VideoRequest, owner: str, key: str | None = None) -> str:
        """Return the id of the video; by then it is durable and known to our own view."""
        return (await self.accept_once(asked, owner, key))[0]

    async def accept_once(
        self, asked: VideoRequest, owner: str, key: str | None
    ) -> tuple[str, bool]:
        """Return the id of the video, and whether it is new: under its key it may be there."""
        video_id, said = await self.ids.make(owner, key), _make_digest(asked)
        if key is not None:
            same = self._find_same(video_id, said)
            _, first = await asyncio.gather(self.check_living(video_id, owner), same)
            if first:
                return await self._open(first), False
        asked = await self.take_over(asked, owner)
        # Weighed before the first write: what a crash may cut short is as short as can be.
        brief = self.settle_budget(asked.brief(owner, self.allowances))
        check_brief(brief)
        if asked.script is not None:
            brief = await self._take_script(brief, asked.script)
        row = {**await self._build_row(video_id, brief, asked), "said": said}
        await self._check_price(row, brief)
        await self._keep_files(brief, row)
        await self._check_limits(row, brief)
        is_new = await self._insert(row)
        if is_new:
            await self._keep_again(brief, row)
        else:
            row = await self._read_first(row, asked.left_open)
        return await self._open(row), is_new

    async def _find_same(self, video_id: str, said: str) -> Doc | None:
        """Return the row of a request that came before in the same words: it stays accepted.

        What it names may be another by now, or gone: a video to start from, the host of a webhook.
        """
        stored = (await self.store.get(REQUESTS, [video_id])).get(video_id)
        if stored is None or stored.get("said") != said:
            return None
        try:
            brief = VideoRequested.model_validate(stored["requested"]).brief
        except ValidationError:
            return None  # told where it is compared
        for _, id_, _ in list_files(brief):
            await self.images.use(id_, stored["owner"])
        return {"cap": None, "webhook": None, **stored}  # to a store, null is no field

    async def _open(self, row: Doc) -> str:
        """Have a stored request made; return its id."""
        id_, owner, events = str(row["_id"]), row["owner"], _build_events(row)
        wanted = row["requested"]["brief"]
        cap, on_cap = wanted.get("budget", row["cap"]), wanted.get("on_cap", "pause")
        # Money before events: a service that hears of the video may reserve some at once.
        before = [self.gate.open(id_, owner, cap, on_cap), self.note(events)]
        if row["webhook"]:
            before.append(self.webhooks.keep_own(id_, owner, row["webhook"]))
        await await_all(*before)
        await self.emit(events)
        return id_

    async def _build_row(self, id_: str, brief: Brief, asked: VideoRequest) -> Doc:
        now, owner = self.store.now(), brief.owner
        own = asked.webhook.model_dump(mode="json") if asked.webhook else None
        if asked.webhook:
            await self.poster.check(asked.webhook.url, "webhook.url")
        requested = VideoRequested(
            video_id=id_,
            at=now,
            brief=brief,
            stage_weights=await self.weights(),
            metadata=asked.metadata,
            webhooks=await self.webhooks.choose(owner, id_, own),
        )
        return {
            "_id": id_,
            "owner": owner,
            "created_at": now,
            "touched_at": now,
            "cap": asked.cap,
            "webhook": own,
            "open": sorted(asked.left_open),
            "requested": requested.model_dump(mode="json"),
        }

    async def _take_script(self, brief: Brief, script: str) -> Brief:
        """Return the brief with its script, which is kept for it; refuse one that is no script."""
        try:
            if not re.fullmatch(SCRIPT_ID, script):
                script = (await self.scripts.take(script.encode(errors="replace"), brief.owner)).id
        except BadInput as error:
            raise BadInput(str(error), "script") from error
        title = await self.scripts.use(script, brief.owner)
        if title is None:
            raise refuse_script()
        return brief.model_copy(update={"script": script, "prompt": title})

    def settle_budget(self, brief: Brief) -> Brief:
        """Return the brief with the budget that counts: its own, or what is usual here."""
        budget = self.terms.budget if brief.budget is None else brief.budget
        if not _may_spend():
            if brief.budget is not None:
                raise NotAllowed(CALLER.get().role, Role.PAYER, "This key may give no budget")
            budget = None
        return brief.model_copy(update={"budget": budget})

    async def _check_price(self, row: Doc, brief: Brief) -> None:
        """Refuse a video that nobody can price, or that costs something and may spend nothing."""
        refusal = self.find_refusal(brief)
        # A video that was accepted stays accepted, also where the settings have changed since.
        if refusal and not await self.store.get(REQUESTS, [row["_id"]]):
            raise refusal

    async def _check_limits(self, row: Doc, brief: Brief) -> None:
        """Refuse what is beyond the limits of the key that asks; a repetition counts once."""
        limits = CALLER.get().limits
        is_limited = limits.active_videos is not None or limits.spend_a_day is not None
        if not is_limited or await self.store.get(REQUESTS, [row["_id"]]):
            return
        # Looked at first, so that what is refused takes no place; to give one back is not safe, as
        # of two requests with one Idempotency-Key both have the same.
        await self.usage.check_money(row["_id"], brief.budget)
        await self.usage.take_place(row["_id"])
        await self.usage.promise(row["_id"], brief.budget)

    def find_refusal(self, brief: Brief) -> StorywaveError | None:
        """Return why nobody can price a video, or it may not cost what it does; None if it may."""
        if self.terms.ask is None:
            return None
        try:
            priced = price_request(expect_plan("", brief), self.terms.ask)
        except BadInput as refusal:  # it wishes for a model that there is not
            return refusal
        if brief.budget is not None or not priced.total:
            return None
        if not _may_spend():
            why = f"This video costs up to ${say_dollars(priced.total)}, and the key may not spend"
            return NotAllowed(CALLER.get().role, Role.PAYER, why)
        return BadInput(
            f"it costs up to ${say_dollars(priced.total)}, and nothing is spent without a "
            "budget: give one, or set STORYWAVE_BUDGET_USD",
            "budget",
        )

    async def _keep_files(self, brief: Brief, row: Doc) -> None:
        """Keep the files of an accepted video; refuse those that were never given."""
        for field, id_, path in list_files(brief):
            if await self.images.use(id_, row["owner"]):
                continue
            # A video that was accepted stays accepted, also where its files have gone since.
            if not await self.store.get(REQUESTS, [row["_id"]]):
                raise refuse_file(field, id_, path)

    async def _keep_again(self, brief: Brief, row: Doc) -> None:
        """Keep the files once more, now that the video is known: one may have been deleted."""
        owner = row["owner"]
        there = [await self.images.use(id_, owner) for _, id_, _ in list_files(brief)]
        if brief.script:
            there.append(await self.scripts.use(brief.script, owner) is not None)
        if not all(there):
            await self.store.delete(REQUESTS, [row["_id"]])
            raise NotNow("A file of this request was deleted just now: give it again.")

    @cached_property
    def _insert(self) -> Batcher[Doc, bool]:
        """Insert a row, and tell whether it is new; rows that come together are one write."""
        return Batcher(self._insert_all)

    async def _insert_all(self, rows: list[Doc]) -> list[bool]:
        # Two of one id in one batch would both be told that theirs is new: the first stands for it.
        firsts = {row["_id"]: row for row in reversed(rows)}
        new = await self.store.insert(REQUESTS, list(firsts.values()))
        return [row["_id"] in new and row is firsts[row["_id"]] for row in rows]

    async def _read_first(self, row: Doc, left_open: Collection[str]) -> Doc:
        """Return the row that was there first; refuse if it asks for something else."""
        stored = (await self.store.get(REQUESTS, [row["_id"]]))[row["_id"]]
        first = {"cap": None, "webhook": None, **stored}  # to a store, null is no field
        left_open = {*left_open} & {*stored.get("open", left_open)}
        try:
            asked = _list_wishes(first, left_open)
        except Exception as error:
            tell(REQUESTS, row["_id"], error)
            raise Unreadable(row["_id"]) from error
        if asked != _list_wishes(row, left_open):
            raise KeyReused
        return first


def _make_digest(asked: VideoRequest) -> str:
    """Return what a request comes to, word for word."""
    said = asked.model_dump_json(exclude_unset=True).encode(errors="replace")
    return blake2b(said, digest_size=20).hexdigest()


def _may_spend() -> bool:
    return CALLER.get().role.includes(Role.PAYER)


def _list_wishes(row: Doc, left_open: Collection[str]) -> Doc:
    """Return what was asked for. What was allowed may be set otherwise since."""
    # read, so that what it could not say in its day is said in both
    asked = VideoRequested.model_validate(row["requested"])
    return {
        **asked.brief.model_dump(exclude=set(left_open)),
        "metadata": dict(asked.metadata),
        "cap": row["cap"],
        "webhook": row["webhook"],
    }


def _build_events(row: Doc) -> list[Event]:
    return [VideoRequested.model_validate(row["requested"])]
