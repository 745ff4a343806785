"""What is logged and counted of jobs: start, end, error; ids in the log, never in a label."""

import logging

from shared.base import telemetry
from shared.jobs.machine import Job, State
from shared.story.events import Kind

log = logging.getLogger("storywave.worker")


_BY_CHUNK = frozenset({Kind.CLIP, Kind.CONFORM})


def about(job: Job, action: str) -> dict[str, object]:
    """The fields by which a log line about a job is found."""
    spec = job.spec
    return {
        "video_id": spec.video_id,
        "stage": spec.kind.value,
        "action": action,
        "beat": spec.beat,
        "n": spec.n,
        **({"chunk": spec.n} if spec.kind in _BY_CHUNK else {}),
        "take": spec.take,
        "attempt": job.attempt,
    }


def started(job: Job) -> None:
    what = job.spec.input.get("kind", job.spec.kind.value)
    log.info("%s started", job.spec.kind, extra={**about(job, "start"), "kind": what})


def broke(job: Job, error: Exception, said: str) -> None:
    """Each try that failed, with its traceback; whether another follows, the end tells."""
    facts = {**about(job, "error"), "tries": job.tries + 1}
    log.warning("%s failed: %s", job.spec.kind, said, exc_info=error, extra=facts)


def ended(job: Job) -> None:
    """Once for each job, by the process whose write made it a fact."""
    spec, seconds = job.spec, ((job.finished_at or 0) - job.created_at) / 1000
    telemetry.JOBS.labels(spec.kind, job.state.value).inc()
    telemetry.JOB_SECONDS.labels(spec.kind).observe(seconds)
    telemetry.SPENT.labels(spec.kind).inc(job.cost)
    facts = {**about(job, "end"), "seconds": seconds, "cost": job.cost, "tries": job.tries}
    if job.state is State.DONE:
        log.info("%s done", spec.kind, extra=facts)
    else:
        log.error("%s %s: %s", spec.kind, job.state, job.error, extra={**facts, "action": "error"})
