"""Makes deliveries, on the event loop: signed as Standard Webhooks says, at least once each.

A server that hangs holds up nobody else: each webhook has only a few of the places, each owner not
all of them, and one that has just not answered is left alone for a while.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook as Signer

from services.gateway.errors.problems import NoSuchWebhook
from services.gateway.webhooks.kept import Webhook, Webhooks
from services.gateway.webhooks.post import Answer, Poster
from shared.base.chance import spread
from shared.jobs.engine import Task
from shared.jobs.job import Job
from shared.jobs.outcomes import Deferred, Found, Made, Produced, Quote
from shared.jobs.rates import NO_LIMITS
from shared.ports import Store
from shared.runtime.settings import Settings
from shared.story.errors import PermanentError, TransientError
from shared.story.kinds import DeliveryOrder

A_WEBHOOK, AN_OWNER = 8, 24
"""Deliveries in hand at once."""
REST_SECONDS = 10.0
"""How long a webhook is left alone that has not answered."""


class Sender:
    """The engine of deliveries."""

    name = "webhooks"
    repeatable = True
    makes_files = False
    limits = NO_LIMITS
    slots = 64

    def __init__(self, store: Store, poster: Poster) -> None:
        self._webhooks = Webhooks(store)
        self._now = store.now
        self.poster = poster
        self._in_hand: Counter[str] = Counter()
        """By webhook, and by owner."""
        self._rests: dict[str, float] = {}
        """Webhook → until when it is left alone."""

    def quote(self, job: Job) -> Quote:
        """Return a quote of 0: to tell costs nothing."""
        return Quote(0)

    def count_models(self, job: Job) -> int:
        """Return 1: there is one way to tell."""
        return 1

    async def fingerprint(self, task: Task) -> None:
        """Return nothing: nothing is made."""

    async def prepare(self, task: Task) -> None:
        """Do nothing: there is nothing to upload."""

    async def submit(self, task: Task, prepared: None) -> Produced | Deferred:
        """Tell a webhook, and return what it answered."""
        order, owner = task.order, task.job.spec.owner
        assert isinstance(order, DeliveryOrder)
        webhook = await self._find(order.webhook, owner)
        if self._in_hand[webhook.id] >= A_WEBHOOK or self._in_hand[owner] >= AN_OWNER:
            return Deferred(spread(1.0, 0.5))
        self._check_rest(webhook.id)
        with self._hold(webhook.id, owner):
            answer = await self._post(webhook, order)
        await self._judge(webhook, answer)
        return Produced(Made(data={"status": answer.status}))

    async def poll(self, task: Task) -> Produced:
        """Refuse: nothing is left to ask for."""
        raise PermanentError("a delivery is finished when its submit returns")

    async def find(self, task: Task) -> Found:
        """Return nothing: a delivery whose end is unknown is made again."""
        return Found(is_complete=True)

    async def cancel(self, task: Task) -> None:
        """Do nothing: it is over before anyone could cancel it."""

    async def _find(self, id_: str, owner: str) -> Webhook:
        try:
            webhook = await self._webhooks.find(id_, owner)
        except NoSuchWebhook as error:
            raise PermanentError("the webhook was deleted") from error
        if webhook.disabled_at is not None:
            raise PermanentError("the webhook is disabled: it has answered 410")
        return webhook

    def _check_rest(self, id_: str) -> None:
        if time.monotonic() < self._rests.get(id_, 0.0):
            raise TransientError("it did not answer a moment ago")
        self._rests.pop(id_, None)

    def _let_rest(self, id_: str) -> None:
        now = time.monotonic()
        others = {id_: until for id_, until in self._rests.items() if until > now}
        self._rests = {**others, id_: now + REST_SECONDS}

    @contextmanager
    def _hold(self, *keys: str) -> Iterator[None]:
        self._in_hand.update(keys)
        try:
            yield
        finally:
            self._in_hand.subtract(keys)
            self._in_hand += Counter()  # without those that are at 0

    async def _post(self, webhook: Webhook, order: DeliveryOrder) -> Answer:
        now = datetime.fromtimestamp(self._now() / 1000, UTC)
        body = write_body(order)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Storywave",
            "webhook-id": order.message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Signer(webhook.secret).sign(order.message, now, body),
        }
        try:
            return await self.poster.post(webhook.url, headers, body.encode())
        except TransientError:
            self._let_rest(webhook.id)
            raise

    async def _judge(self, webhook: Webhook, answer: Answer) -> None:
        """Refuse an answer that does not say that it has heard."""
        if 200 <= answer.status < 300:
            return
        if answer.status == 410:
            await self._webhooks.disable(webhook.id)
            raise PermanentError("it answered 410 (gone), and is disabled from now on")
        if 300 <= answer.status < 400:
            said = f"it answered {answer.status}, which leads on: name the URL that it leads to"
            raise TransientError(said)
        raise TransientError(f"it answered {answer.status}", answer.retry_after)


def write_body(order: DeliveryOrder) -> str:
    """Return the body of a delivery: the same text at each try."""
    at = datetime.fromtimestamp(order.at / 1000, UTC).isoformat().replace("+00:00", "Z")
    said = {"type": order.event, "timestamp": at, "data": dict(order.data)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def make_sender(store: Store, settings: Settings) -> Sender:
    """Return the engine of deliveries, as the settings want it."""
    return Sender(store, Poster(loopback=settings.fetch_loopback))
