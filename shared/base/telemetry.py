"""Logs as JSON lines, metrics, and the event loop's lag. Ids go into logs, never into labels."""

import asyncio
import json
import logging
import sys
import time
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from shared.story.texts import escape_controls

JOBS = Counter("storywave_jobs", "Jobs by kind and how they ended", ["kind", "end"])
JOB_SECONDS = Histogram(
    "storywave_job_seconds",
    "From a job's creation to its end",
    ["kind"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)
STEP_SECONDS = Histogram(
    "storywave_step_seconds",
    "How long a worker had a job in hand",
    ["kind"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
IN_HAND = Gauge("storywave_jobs_in_hand", "Jobs that this process has in hand", ["kind"])
SPENT = Counter("storywave_spent_microdollars", "What finished and failed work cost", ["kind"])
FENCED = Counter("storywave_fenced_writes", "Writes lost to a newer claim", ["kind"])
BATCH = Histogram(
    "storywave_batch_events",
    "Events handled in one batch",
    ["service"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
REPEATED = Counter("storywave_batches_repeated", "Batches of events that come again", ["service"])
HANDLED = Counter("storywave_events_handled", "Events handled", ["service"])
RETRIED = Counter("storywave_decisions_retried", "Guarded decisions that lost a race", ["service"])
REPLAYED = Counter("storywave_videos_replayed", "Silent videos whose facts were sent again", [])
DEAD_LETTERS = Counter("storywave_dead_letters", "Messages set aside", ["service"])
UNREAD = Counter("storywave_events_unread", "Events of a newer version", ["service"])
BROKEN = Counter(
    "storywave_videos_set_aside", "Videos that something broke for", ["service", "action"]
)
UNREADABLE = Counter("storywave_rows_unreadable", "Rows that no event came of", ["collection"])
UNPUBLISHABLE = Counter("storywave_events_unpublishable", "Events no bus can carry", ["event"])
TRUNCATIONS = Counter("storywave_plans_truncated", "Plans that had more beats than time", [])
DECIDED = Counter("storywave_events_decided", "Events brought about by decisions", ["event"])
OVERRUNS = Counter("storywave_overruns", "Runs that cost more than was held for them", [])
UNRESOLVED = Counter("storywave_jobs_unresolved", "Jobs nobody knows the end of", ["kind"])
RESUBMITS = Counter("storywave_resubmits", "Submits that never showed up", ["kind"])
HUNG_UP = Counter("storywave_connections_hung_up", "Connections closed on their client", ["why"])
LOOP_LAG = Gauge(
    "storywave_event_loop_lag_seconds", "The longest the event loop was held in the last minute"
)

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
