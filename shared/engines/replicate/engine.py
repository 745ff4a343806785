"""The engine that has its work done at Replicate.

`prepare` builds an input that the catalog has checked, and gives the provider its files. `submit`
is one POST and nothing else: what became of it is known from its answer, or else from the
provider's list (`find`), since each run there has its model, its input and its time.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx

from shared.engines.replicate import prices
from shared.engines.replicate.catalog import pick
from shared.engines.replicate.client import NotSent, Provider, ReadLater, Unreadable
from shared.engines.replicate.ends import ENDED, describe_clip, judge_end
from shared.engines.replicate.errors import Asked, judge_refusal
from shared.engines.replicate.hooks import hook_url
from shared.engines.replicate.inputs import Inputs, read_inputs
from shared.engines.replicate.models import Model, Use
from shared.engines.replicate.payload import Payload, build, choose
from shared.engines.replicate.runs import FIND_PAGES, Runs
from shared.engines.replicate.transport import Answered, TooLate
from shared.engines.replicate.uploads import Uploads
from shared.jobs.engine import Task
from shared.jobs.job import Job
from shared.jobs.outcomes import Accepted, Ended, Found, Pending, Produced, Quote, Refused
from shared.jobs.rates import Limits
from shared.jobs.retries import pick_model
from shared.story.errors import PermanentError
from shared.story.fact import Micros
from shared.story.kinds import KINDS, Kinds, Order, RetryRules

log = logging.getLogger("storywave.replicate")

LIMITS = Limits(creates_a_minute=600)
RETRIES = RetryRules()

USES: Mapping[Use | None, str] = {
    "prompt": "prompt",
    "first_frame": "image",
    "last_frame": "last frame",
    "references": "reference",
    "recording": "recording",
}
"""What a field carries → the input as a user knows it. All else is of our own making."""

AWAY = (httpx.TransportError, TimeoutError, Unreadable)
"""The provider did not answer, or not in words that we know."""

BUSY_SECONDS = 5.0
LOST_SECONDS = 600.0
"""A run that the provider does not know so long after it accepted it is gone there."""

_NOT_REACHED = Refused("busy", "Replicate can't be reached", "network", seconds=5.0)
_LATE = Refused("busy", "the time to send it was over", "timeout", seconds=0.0)


@dataclass(frozen=True)
class Polling:
    """How often one run is looked at, in seconds: after a share of its age, within bounds.

    So a look comes late by a small part of what the run takes, be that seconds or minutes.
    """

    share: float = 0.04
    least: float = 1.0
    most: float = 30.0

    def wait(self, age: float) -> float:
        """Return after how long a run of this age is looked at again."""
        return min(max(age * self.share, self.least), self.most)


@dataclass(frozen=True)
class Prepared:
    """All that a create needs."""

    payload: Payload
    input: Mapping[str, Any]


class ReplicateEngine:
    """Runs jobs at Replicate."""

    name = "replicate"
    slots = 32
    repeatable = False
    makes_files = True

    def __init__(
        self,
        provider: Provider,
        now: Callable[[], int],
        *,
        limits: Limits = LIMITS,
        hooks: str = "",
        polling: Polling = Polling(),
        kinds: Kinds = KINDS,
        retries: RetryRules = RETRIES,
    ) -> None:
        self._provider = provider
        self._now = now
        self.limits = limits
        self._hooks = hooks
        """Where runs are to call once they have ended; empty where nobody can call us."""
        self._polling = polling
        self._kinds = kinds
        self._retries = retries
        self._uploads = Uploads(provider, now)
        self._runs = Runs(provider, now)

    # ── before anything is asked of the provider ────────────────────────────────────────────────

    def quote(self, job: Job) -> Quote:
        """Return the model whose turn it is, and the most that one run of it can cost."""
        order = self._read_order(job)
        payload = build(job, order, self._next_model(job, order))
        return Quote(prices.ceiling(payload), payload.model.name)

    def count_models(self, job: Job) -> int:
        """Return how many models may be tried, one after the other; 1 where none can do it."""
        try:
            return len(choose(job, self._read_order(job)))
        except PermanentError:  # the ledger asks this of a job that has failed of just that
            return 1

    def _read_order(self, job: Job) -> Order:
        order: Order = self._kinds[job.spec.kind].read(job.spec)
        return order

    def _next_model(self, job: Job, order: Order) -> Model:
        models = choose(job, order)
        rules = self._kinds[job.spec.kind].retries or self._retries
        return models[min(pick_model(job.tries, rules), len(models) - 1)]

    async def fingerprint(self, task: Task) -> str:
        """Return what an output is found by: the model whose turn it is, its input and its files.

        What it made is used again wherever the same is asked for, whatever the seed of the job.
        """
        return (await read_inputs(task, self._next_model(task.job, task.order))).fingerprint()

    async def prepare(self, task: Task) -> Prepared | Refused:
        """Return a checked input whose files the provider has.

        Where the provider takes no files now it would take no run either: then that is what the
        submit will say, without asking.
        """
        inputs = await read_inputs(task, self._next_model(task.job, task.order))
        try:
            filled = await inputs.fill(self._uploads)
        except Answered as answer:
            later = replace(_NOT_REACHED, seconds=answer.retry_after or _NOT_REACHED.seconds)
            return _refuse(answer, task.job, inputs.payload.model) or later
        except AWAY as error:
            log.warning("an upload failed: %s", error, extra=_about(task.job))
            return _NOT_REACHED
        for note in inputs.payload.notes:
            log.info("%s", note, extra=_about(task.job))
        return Prepared(inputs.payload, filled)

    # ── the one POST ────────────────────────────────────────────────────────────────────────────

    async def submit(self, task: Task, prepared: Prepared | Refused) -> Accepted | Refused:
        """Start one run. After anything that this raises, nobody knows whether it was started."""
        if isinstance(prepared, Refused):
            return prepared
        payload = prepared.payload
        try:
            answer = await self._provider.create(
                payload.model.name,
                payload.model.version,
                {"input": dict(prepared.input), **self._ask_for_call(task.job)},
                payload.cancel_after_seconds,
                task.seconds_left,
            )
        except Answered as error:
            if refused := _refuse(error, task.job, payload.model):
                return refused
            raise
        except TooLate:
            return _LATE
        except NotSent:
            return _NOT_REACHED
        run = answer.get("id")
        if not isinstance(run, str) or not run:
            raise Unreadable("the provider accepted a run, and did not say which")
        return Accepted(run)

    def _ask_for_call(self, job: Job) -> dict[str, Any]:
        if not self._hooks:
            return {}
        url = hook_url(self._hooks, job.id, job.posted_attempt)
        return {"webhook": url, "webhook_events_filter": ["completed"]}

    # ── afterwards ──────────────────────────────────────────────────────────────────────────────

    async def poll(self, task: Task) -> Pending | Produced | Ended:
        """Return what has become of a run."""
        job = task.job
        age = (self._now() - (job.posted_at or 0)) / 1000
        wait = self._polling.wait(age)
        try:
            known = str(job.external_id), job.posted_at or 0
            run = await self._runs.look_up(*known, wait, job.attempt)
        except ReadLater as later:
            return Pending(max(wait, later.seconds))
        except Answered as answer:
            return self._judge_silence(job, answer, age)
        except AWAY as error:
            log.warning("no word of run %s: %s", job.external_id, error, extra=_about(job))
            return Pending(wait)
        if run.get("status") not in ENDED:
            return Pending(wait)
        if said := run.get("error"):
            log.warning("run %s failed: %.500s", job.external_id, said, extra=_about(job))
        model = _find_model(job)
        end = judge_end(job.spec.kind, task.order, run, _asked(job, model), partial(_price, task))
        return describe_clip(end, job, model, run) if model else end

    def _judge_silence(self, job: Job, answer: Answered, age: float) -> Pending | Ended:
        """Return when to ask again: a refused question ends nothing that runs, and will be billed.

        Only what the provider no longer knows has ended; nobody can say how, so it has its price.
        """
        log.warning("no word of run %s: %s", job.external_id, answer, extra=_about(job))
        if answer.status == 404 and age > LOST_SECONDS:
            gone = "Replicate no longer knows this run: nobody can say what became of it"
            return Ended(gone, code="unresolved", permanent=True, cost=job.held)
        if answer.status == 429:
            self._provider.rest(answer.retry_after or BUSY_SECONDS)
        # one that is out of order may be well again at once; another refusal will be repeated
        least = 0.0 if answer.status >= 500 else BUSY_SECONDS
        return Pending(max(self._polling.wait(age), answer.retry_after or least))

    async def find(self, task: Task) -> Found:
        """Return the runs that a lost submit may have started: its model, its input, its time."""
        model = _find_model(task.job)
        if model is None:  # another version of the catalog has posted it, and may know it
            return Found()
        try:
            return await self._search(await read_inputs(task, model), task.job.posted_at or 0)
        except (Answered, ReadLater, *AWAY) as error:
            log.warning("the list can't be read: %s", error, extra=_about(task.job))
            return Found()

    async def _search(self, inputs: Inputs, posted_at: int) -> Found:
        runs, is_all = await self._runs.list_since(posted_at, FIND_PAGES)
        of_model = [run for run in runs if run.get("model") == inputs.payload.model.name]
        ids = [
            str(run["id"])
            for run in reversed(of_model)
            if await inputs.is_same(run.get("input") or {}, self._uploads)
        ]
        # an input that the provider has removed can't be compared
        return Found(tuple(ids), is_all and all(run.get("input") for run in of_model))

    async def cancel(self, task: Task) -> None:
        """Ask the provider to stop a run. How it ended, and what it cost, is heard as ever."""
        run = task.job.external_id
        try:
            if run is not None:
                await self._provider.cancel(run)
        except (Answered, *AWAY) as error:  # it has ended, or is asked again at the next look
            log.warning("run %s was not stopped: %s", run, error, extra=_about(task.job))

    async def close(self) -> None:
        """Let go of all connections."""
        await self._provider.close()


def _refuse(answer: Answered, job: Job, model: Model) -> Refused | None:
    """Return the refusal that an answer is; None where the run may have been started."""
    asked = _asked(job, model)
    refused = judge_refusal(answer.status, answer.body, answer.retry_after, asked)
    if refused:
        log.warning("refused: %s", answer, extra=_about(job))
    return refused


def _find_model(job: Job) -> Model | None:
    """Return the model that was asked; None where this version does not have it."""
    try:
        return pick(job.spec.kind, job.model)[0]
    except PermanentError:
        return None


def _price(task: Task, metrics: Mapping[str, Any], has_output: bool) -> Micros:
    """Return what a run came to; all that is held for it where nobody can say any more."""
    job, model = task.job, _find_model(task.job)
    if model is None:
        log.warning("no price is known of %s: it counts as all that was held", job.model)
        return job.held
    return prices.price(build(job, task.order, model), metrics, has_output=has_output)


def _asked(job: Job, model: Model | None) -> Asked:
    """Return how errors about a model are told: its fields in a user's words."""
    if model is None:
        return Asked(job.model or "the model", {})
    uses = ((name, field.use) for name, field in model.fields.items())
    return Asked(model.name, {name: USES[use] for name, use in uses if use in USES})


def _about(job: Job) -> dict[str, object]:
    spec = job.spec
    return {"action": "provider", "video_id": spec.video_id, "stage": spec.kind, "job": job.id}
