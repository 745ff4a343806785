"""What is logged and counted of jobs: start, end, error; ids in the log, never in a label."""

import logging

from shared.base import telemetry
from shared.jobs.job import Job, State
from shared.story.fact import Micros
from shared.story.kinds import AnyKind, Order
from shared.story.money import say_dollars

log = logging.getLogger("storywave.worker")


def about(job: Job, action: str, kind: AnyKind | None = None) -> dict[str, object]:
    """Return the fields by which a log line about a job is found."""
    spec = job.spec
    return {
        "video_id": spec.video_id,
        "stage": spec.kind,
        "action": action,
        "beat": spec.beat,
        "n": spec.n,
        **({kind.n_means: spec.n} if kind else {}),
        "take": spec.take,
        "attempt": job.attempt,
    }


def log_start(job: Job, kind: AnyKind, order: Order) -> None:
    """Log that an attempt begins."""
    what = getattr(order, "kind", kind.name)  # of a clip: whether it goes on from another
    log.info("%s started", kind, extra={**about(job, "start", kind), "kind": what})


def log_failed_try(job: Job, error: Exception | None, said: str) -> None:
    """Log a try that failed, with its traceback; whether another follows, the end tells."""
    facts = {**about(job, "error"), "tries": job.tries + 1}
    log.warning("%s failed: %s", job.spec.kind, said, exc_info=error, extra=facts)


def log_resubmit(job: Job) -> None:
    """Log and count an attempt that never showed up at its provider, and is posted once more."""
    telemetry.RESUBMITS.labels(job.spec.kind).inc()
    log.warning("%s is posted once more", job.spec.kind, extra=about(job, "resubmit"))


def log_end(job: Job, kind: AnyKind) -> None:
    """Log and count an end, once for each job, in the process whose write made it a fact."""
    seconds = ((job.finished_at or 0) - job.created_at) / 1000
    telemetry.JOBS.labels(kind.name, job.state.value).inc()
    telemetry.JOB_SECONDS.labels(kind.name).observe(seconds)
    telemetry.SPENT.labels(kind.name).inc(job.cost)
    if job.unresolved:
        telemetry.UNRESOLVED.labels(kind.name).inc()
    facts = {**about(job, "end", kind), "seconds": seconds, "cost": job.cost, "tries": job.tries}
    if job.state is State.DONE:
        log.info("%s done", kind, extra=facts)
    else:
        log.error("%s %s: %s", kind, job.state, job.error, extra={**facts, "action": "error"})


def log_check(
    video_id: str,
    current: Micros,
    estimate: Micros,
    cap: Micros | None,
    *,
    passed: bool,
    item: str = "the plan",
) -> None:
    """Log that money was asked for, and whether there was enough."""
    facts = {"current": current, "estimate": estimate, "cap": cap, "passed": passed}
    log.log(
        logging.INFO if passed else logging.WARNING,
        "%s %s: $%s spent or held and up to $%s to come, budget %s",
        item,
        "is within the budget" if passed else "is beyond the budget",
        say_dollars(current),
        say_dollars(estimate),
        "none" if cap is None else f"${say_dollars(cap)}",
        extra={"video_id": video_id, "action": "budget", "item": item, **facts},
    )
