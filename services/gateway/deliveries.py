"""What a webhook was told, or is still to be told; and telling it once more."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from services.gateway.errors.problems import NoSuchDelivery, NotNow
from services.gateway.read.pages import decode_cursor, encode_cursor, find_newest
from services.gateway.read.stages import make_moment
from services.gateway.webhooks.kept import Webhooks
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.rows import from_doc
from shared.jobs.unreadable import read_each
from shared.ports import Index, Store
from shared.story.view import JobSpec

WEBHOOK, _MESSAGE = "spec.input.webhook", "spec.input.message"
INDEXES = {
    JOBS: (
        Index((WEBHOOK, "created_at"), present=WEBHOOK),
        Index(("created_at",), present=WEBHOOK),
    )
}

MOST_REPLAYS = 50

_STATUS: dict[State, Literal["delivered", "failed"]] = {
    State.DONE: "delivered",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
}


class Delivery(BaseModel):
    """Something that a webhook was told, or is to be told."""

    id: str = Field(description="Also sent as `webhook-id`: the same for each try and replay.")
    webhook: str
    event: str
    video_id: str
    replay: int = Field(description="0, or which replay it is.")
    status: Literal["waiting", "delivered", "failed"]
    tries: int = Field(description="How many have failed.")
    answer: int | None = Field(None, description="The HTTP status that it was heard with.")
    error: str | None = Field(None, description="Why the last try failed.")
    created_at: datetime
    next_at: datetime | None = Field(None, description="When it is tried again.")
    ended_at: datetime | None = None


class Deliveries(BaseModel):
    """Deliveries, newest first; `next` is the cursor of the page after this one."""

    deliveries: list[Delivery]
    next: str | None = None


@dataclass(frozen=True)
class History:
    """Reads deliveries, and makes one again."""

    store: Store
    webhooks: Webhooks
    take_on: Callable[[Sequence[JobSpec]], Awaitable[None]]

    async def list_page(
        self, owner: str, webhook: str, cursor: str | None, limit: int
    ) -> Deliveries:
        """Return a page of what a webhook was told, newest first."""
        found = await self.webhooks.find(webhook, owner)
        rows = await find_newest(
            self.store, JOBS, {WEBHOOK: found.id}, decode_cursor(cursor), limit + 1
        )
        jobs, _ = read_each(JOBS, rows[:limit], from_doc)
        after = encode_cursor(rows[limit]) if len(rows) > limit else None
        return Deliveries(deliveries=[_describe(job) for job in jobs], next=after)

    async def replay(self, owner: str, webhook: str, message: str) -> Delivery:
        """Tell a webhook the same once more; what is still on its way is not told twice."""
        found = await self.webhooks.find(webhook, owner)
        if found.disabled_at is not None:
            raise NotNow("The webhook is disabled, because it answered 410: create it again.")
        last = (await self._find_all(webhook, message))[-1]
        if not last.has_ended:
            return _describe(last)
        if last.spec.take >= MOST_REPLAYS:
            raise NotNow(f"This was told {MOST_REPLAYS} times more already: no further replay.")
        again = last.spec.model_copy(update={"take": last.spec.take + 1})
        await self.take_on([again])
        # of two that ask at once both find the same job: a job is inserted once
        return _describe((await self._find_all(webhook, message))[-1])

    async def _find_all(self, webhook: str, message: str) -> list[Job]:
        """Return a delivery and its replays, the last one last."""
        rows = await self.store.find(JOBS, {WEBHOOK: webhook, _MESSAGE: message})
        jobs, _ = read_each(JOBS, rows, from_doc)
        if not jobs:
            raise NoSuchDelivery(message)
        return sorted(jobs, key=lambda job: job.spec.take)


def _describe(job: Job) -> Delivery:
    order = job.spec.input
    return Delivery(
        id=order["message"],
        webhook=order["webhook"],
        event=order["event"],
        video_id=job.spec.video_id,
        replay=job.spec.take,
        status=_STATUS.get(job.state, "waiting"),
        tries=job.tries,
        answer=job.result.get("status"),
        error=job.error,
        created_at=make_moment(job.created_at),
        next_at=make_moment(job.due_at) if job.state is State.NEW and job.due_at else None,
        ended_at=make_moment(job.finished_at) if job.finished_at else None,
    )
