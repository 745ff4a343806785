"""What is logged and counted of jobs: start, end, error; ids in the log, never in a label."""

import logging
from collections.abc import Mapping

from shared.base import telemetry, tracing
from shared.base.tracing import Span
from shared.jobs import signals
from shared.jobs.job import Job, State
from shared.jobs.signals import Signal
from shared.story.fact import Micros
from shared.story.kinds import AnyKind, Order
from shared.story.money import say_dollars

log = logging.getLogger("storywave.worker")

PHASE_NAMES = ("waiting", "running", "storing")


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
    if not log.isEnabledFor(logging.INFO):  # the fields would be made for nobody, for each job
        return
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
    phases = {phase: getattr(job, f"{phase}_ms") / 1000 for phase in PHASE_NAMES}
    count_end(job, seconds, phases)
    trace_end(job)
    if job.state is State.DONE and not log.isEnabledFor(logging.INFO):
        return
    known = {"seconds": seconds, **phases, "cost": job.cost, "tries": job.tries}
    facts = {**about(job, "end", kind), **known}
    if job.state is State.DONE:
        log.info("%s done", kind, extra=facts)
    else:
        log.error("%s %s: %s", kind, job.state, job.error, extra={**facts, "action": "error"})


def count_end(job: Job, seconds: float, phases: Mapping[str, float]) -> None:
    """Count an end, with an exemplar that leads to the video."""
    kind, video = job.spec.kind, telemetry.name_video(job.spec.video_id)
    telemetry.JOBS.labels(kind, job.state.value).inc()
    telemetry.JOB_SECONDS.labels(kind).observe(seconds, video)
    for phase, spent in phases.items():
        # what took no time leads nowhere
        telemetry.JOB_PHASE_SECONDS.labels(kind, phase).observe(spent, video if spent else None)
    telemetry.SPENT.labels(kind).inc(job.cost)
    if job.unresolved:
        telemetry.UNRESOLVED.labels(kind).inc()
    if job.reused:
        telemetry.REUSED.labels(kind).inc()


def trace_end(job: Job) -> None:
    """Add a job that has ended to the trace of its video."""
    if not tracing.is_on():
        return
    spec, end = job.spec, job.finished_at or 0
    known = {
        "kind": spec.kind,
        "beat": spec.beat,
        "n": spec.n,
        "take": spec.take,
        "end": job.state.value,
        "attempts": job.attempt,
        "tries": job.tries,
        "model": job.model or "",
        "cost": job.cost,
        **{f"{phase}_ms": getattr(job, f"{phase}_ms") for phase in PHASE_NAMES},
    }
    tracing.record(
        Span(spec.video_id, f"{spec.kind} {spec.beat}/{spec.n}", job.created_at, end, known)
    )


def count_signal(job: Job, signal: Signal) -> None:
    """Count what has happened to a job, once its row says so."""
    kind = job.spec.kind
    match signal:
        case signals.Parked(why):
            telemetry.PARKED.labels(kind, why).inc()
        case signals.Broke():
            telemetry.FAILED_TRIES.labels(kind, signal.code).inc()
        case signals.Posted(model=model) if job.model and model and model != job.model:
            telemetry.FALLBACKS.labels(kind).inc()
        case signals.Settled() if job.then is not State.NEW or job.then_due is not None:
            count_run(job)


def count_run(job: Job) -> None:
    """Count a run that has been settled: what was held for it, and what it came to."""
    model = job.model or "none"
    telemetry.RUNS.labels(model).inc()
    telemetry.MODEL_HELD.labels(model).inc(job.held)
    telemetry.MODEL_SPENT.labels(model).inc(job.owed)


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
