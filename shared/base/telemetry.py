"""Logs as JSON lines, metrics, and the event loop's lag. Ids go into logs, never into labels.

Every metric of ours stands here, and docs/metrics.md is made from it.
"""

import asyncio
import json
import logging
import sys
import time
from functools import cache, partial
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from shared.base.outages import NAMES, OUTAGES
from shared.story.texts import escape_controls

# when a counter began says nothing that `up` does not
disable_created_metrics()  # type: ignore[no-untyped-call]

LONG = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds of what a user waits for."""
SHORT = (0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60)
"""Seconds of what a machine does."""
STAGE = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)

# ── jobs ──
JOBS = Counter("storywave_jobs", "Jobs by kind and how they ended", ["kind", "end"])
JOB_SECONDS = Histogram(
    "storywave_job_seconds", "From a job's creation to its end", ["kind"], buckets=LONG
)
JOB_PHASE_SECONDS = Histogram(
    "storywave_job_phase_seconds",
    "What an ended job spent waiting, running and storing",
    ["kind", "phase"],
    buckets=LONG,
)
STEP_SECONDS = Histogram(
    "storywave_step_seconds", "How long a worker had a job in hand", ["kind"], buckets=SHORT
)
IN_HAND = Gauge("storywave_jobs_in_hand", "Jobs that this process has in hand", ["kind"])
OPEN = Gauge("storywave_jobs_open", "Jobs that have not ended, in all processes", ["kind", "state"])
QUEUE_AGE = Gauge(
    "storywave_queue_age_seconds", "How long the job has waited that is next in its queue", ["kind"]
)
PARKED = Counter(
    "storywave_jobs_parked", "Jobs that had to wait for leave or money", ["kind", "why"]
)
FAILED_TRIES = Counter(
    "storywave_failed_tries", "Tries at jobs that failed, by the reason", ["kind", "code"]
)
FALLBACKS = Counter("storywave_fallbacks", "Jobs that went on to another model", ["kind"])
FENCED = Counter("storywave_fenced_writes", "Writes lost to a newer claim", ["kind"])
RELEASED = Histogram(
    "storywave_released_jobs",
    "New jobs of one kind in one decision: of clips, the width of a wave",
    ["kind"],
    buckets=(1, 2, 3, 4, 6, 8, 12, 16, 24),
)

# ── videos ──
VIDEO_SECONDS = Histogram(
    "storywave_video_seconds",
    "From the request of a video to its end",
    ["workflow", "end"],
    buckets=(5, *LONG[5:], 7200),
)
FAILED_VIDEOS = Counter("storywave_videos_failed", "Videos that failed, by where", ["phase"])
STAGE_SECONDS = Histogram(
    "storywave_stage_seconds", "How long a stage of a finished video took", ["stage"], buckets=STAGE
)
MAKESPAN = Histogram(
    "storywave_makespan_ratio",
    "From a plan to its last clip, as a multiple of its critical path",
    buckets=(1, 1.05, 1.1, 1.2, 1.35, 1.5, 2, 3, 5, 10),
)
CUT_RATIO = Histogram(
    "storywave_cut_ratio",
    "Seconds that a cut took, for each second of film",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2),
)
TRUNCATIONS = Counter("storywave_plans_truncated", "Plans that had more beats than time", [])
OPEN_VIDEOS = Gauge(
    "storywave_videos_open", "Videos of which a service expects something more", ["service"]
)
LOOK_LATE = Gauge(
    "storywave_look_late_seconds", "By how much the look at a video is late", ["service"]
)
REPLAYED = Counter("storywave_videos_replayed", "Silent videos whose facts were sent again", [])

# ── the provider, and money ──
SPENT = Counter("storywave_spent_microdollars", "What finished and failed work cost", ["kind"])
MODEL_HELD = Counter(
    "storywave_model_held_microdollars", "What was held for runs that have been settled", ["model"]
)
MODEL_SPENT = Counter("storywave_model_spent_microdollars", "What these runs cost", ["model"])
RUNS = Counter("storywave_model_runs", "Runs that have been settled", ["model"])
VERDICTS = Counter(
    "storywave_gate_answers", "Answers of the gate to who asked for money", ["answer"]
)
OVERRUNS = Counter("storywave_overruns", "Runs that cost more than was held for them", [])
CREATES = Counter(
    "storywave_creates",
    "Creates of a provider's rate, by whether there were any",
    ["provider", "answer"],
)
REFUSALS = Counter("storywave_refusals", "Work that a provider did not take", ["provider", "why"])
UNKNOWN = Counter(
    "storywave_unknown_outcomes", "Submits of which nobody knew the outcome", ["kind"]
)
ADOPTED = Counter("storywave_adoptions", "Runs that were found again and adopted", ["kind"])
RESUBMITS = Counter("storywave_resubmits", "Submits that never showed up", ["kind"])
REUSED = Counter("storywave_jobs_reused", "Jobs done by a copy of what was paid for", ["kind"])
UNRESOLVED = Counter("storywave_jobs_unresolved", "Jobs nobody knows the end of", ["kind"])
UNRESOLVED_NOW = Gauge(
    "storywave_unresolved_now", "Jobs whose money is held until a person decides"
)

# ── events ──
BATCH = Histogram(
    "storywave_batch_events",
    "Events handled in one batch",
    ["service"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
HANDLE_SECONDS = Histogram(
    "storywave_handle_seconds", "How long a batch of events took", ["service"], buckets=SHORT
)
HOP_SECONDS = Histogram(
    "storywave_hop_seconds",
    "From the moment that an event was a fact until a service had handled it",
    ["service"],
    buckets=SHORT,
)
HANDLED = Counter("storywave_events_handled", "Events handled", ["service"])
PUBLISHED = Counter("storywave_events_published", "Events that the bus has taken", ["event"])
PUBLISH_SECONDS = Histogram(
    "storywave_publish_seconds",
    "How long the bus took to acknowledge what was published at once",
    [],
    buckets=SHORT,
)
KNOWN = Counter("storywave_events_known", "Events handled that were known already", ["service"])
REPEATED = Counter("storywave_batches_repeated", "Batches of events that come again", ["service"])
RETRIED = Counter("storywave_decisions_retried", "Guarded decisions that lost a race", ["service"])
DECIDED = Counter("storywave_events_decided", "Events brought about by decisions", ["event"])
LAG = Gauge(
    "storywave_consumer_lag",
    "Events that wait for this process, in its partitions; NaN where Kafka does not tell",
    ["service"],
)
UNPUBLISHED = Gauge(
    "storywave_facts_unpublished", "Facts that nobody has been told yet", ["service"]
)

# ── what is set aside ──
DEAD_LETTERS = Counter("storywave_dead_letters", "Messages set aside", ["service"])
UNREAD = Counter("storywave_events_unread", "Events of a newer version", ["service"])
BROKEN = Counter(
    "storywave_videos_set_aside", "Videos that something broke for", ["service", "action"]
)
UNREADABLE = Counter("storywave_rows_unreadable", "Rows that no event came of", ["collection"])
SET_ASIDE = Gauge(
    "storywave_rows_set_aside", "Rows that wait for somebody who can read them", ["collection"]
)
UNPUBLISHABLE = Counter("storywave_events_unpublishable", "Events no bus can carry", ["service"])

# ── the process ──
REQUEST_SECONDS = Histogram(
    "storywave_request_seconds",
    "Requests to the API, to the last byte of the answer",
    ["route", "method", "status"],
    buckets=SHORT,
)
HUNG_UP = Counter("storywave_connections_hung_up", "Connections closed on their client", ["why"])
LOOP_LAG = Gauge(
    "storywave_event_loop_lag_seconds", "The longest the event loop was held in the last minute"
)
DISK_FREE = Gauge("storywave_disk_free_ratio", "The free part of the disk that is worked on")
AWAY = Gauge(
    "storywave_server_away_seconds",
    "For how long a server has given this process no answer",
    ["server"],
)
for _sort, _name in NAMES.items():
    AWAY.labels(_name).set_function(partial(OUTAGES.measure, _sort))

LABELS = {
    "action": "what the shell did: read, decide, write, ensure, sweep, stop, go on, purge",
    "answer": "of the gate: `Verdict` in shared/jobs/gate.py; of a rate: taken, none",
    "code": "`Code` in shared/jobs/outcomes.py",
    "collection": "the collections of the store",
    "end": "done, failed, cancelled; of a video: completed, failed",
    "event": "the types of events",
    "kind": "the kinds of jobs",
    "method": "the methods of HTTP that the API knows; else `other`",
    "model": "the models of the catalog, and the one that plans",
    "phase": "of a job: waiting, running, storing; of a video: the phases that `VideoFailed` names",
    "provider": "the engines",
    "route": "the templates of the routes; `none` where there is no such route",
    "server": "the database, Kafka, the object store",
    "service": "the services",
    "stage": "the stages",
    "state": "queued (in its turn), delayed (until a time), or the state of a begun job",
    "status": "2xx, 3xx, 4xx, 5xx; `left` where the client did not wait",
    "why": "reasons that are written in the code",
    "workflow": "the workflows; `revision` where a finished video is changed",
}
"""Label → where its values come from. There is no other label, and no value that a user makes up:
each combination is kept in memory for ever, here and in Prometheus."""


def _keep_children() -> None:
    """Let each metric look up its labels once: there are few, and some are counted at each job."""
    for each in list_metrics():
        each.labels = cache(each.labels)  # type: ignore[method-assign, assignment]


def name_video(video_id: str) -> dict[str, str]:
    """Return the exemplar that leads from a bucket of a histogram to one video's log and trace."""
    return {"video_id": video_id[:100]}  # a longer one is refused by the format


def list_metrics() -> list[Counter | Gauge | Histogram]:
    """Return every metric of ours, in the order in which they stand here."""
    return [each for each in globals().values() if isinstance(each, Counter | Gauge | Histogram)]


_keep_children()

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and whatever `extra` carries."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((k, v) for k, v in record.__dict__.items() if k not in _STANDARD)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # a log may be read on a terminal, and users' words are in it
        return escape_controls(json.dumps(line, ensure_ascii=False, default=str))


def log_as_json(level: str = "INFO") -> None:
    """Send every log line of this process to stderr, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(OUTAGES)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("aiokafka", "botocore", "aiobotocore", "httpx", "pymongo", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


async def watch_loop_lag(every: float = 0.1, window: float = 60.0) -> None:
    """Keep the gauge at the longest time that this loop was held within the last window."""
    worst: list[tuple[float, float]] = []
    while True:
        before = time.monotonic()
        await asyncio.sleep(every)
        now = time.monotonic()
        lag = now - before - every
        # Keep only lags that no later one has passed: the first of them is the longest.
        worst = [(at, was) for at, was in worst if at > now - window and was > lag]
        worst.append((now, lag))
        LOOP_LAG.set(worst[0][1])
