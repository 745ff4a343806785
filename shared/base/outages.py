"""Servers that do not answer: known for as long as that lasts, and told when it begins and ends.

Every loop of a process meets an outage, and meets it again each second. What they have to say of it
is said once a minute, whoever says it.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.story.errors import (
    BlobsUnavailable,
    BusUnavailable,
    InfrastructureError,
    StoreUnavailable,
)

log = logging.getLogger("storywave.outages")

AGAIN_SECONDS = 60.0

Sort = type[InfrastructureError]

NAMES: dict[Sort, str] = {
    StoreUnavailable: "the database",
    BusUnavailable: "Kafka",
    BlobsUnavailable: "the object store",
}
"""What does not answer where such an error is raised."""


@dataclass
class Outages(logging.Filter):
    """What is away just now, as this process sees it."""

    clock: Callable[[], float] = time.monotonic
    _since: dict[Sort, float] = field(default_factory=dict)
    _told: dict[object, float] = field(default_factory=dict)
    _kept: dict[object, int] = field(default_factory=dict)

    def note(self, sort: Sort) -> None:
        """Note that a server did not answer."""
        self._since.setdefault(sort, self.clock())

    def clear(self, sort: Sort) -> None:
        """Note that a server has answered; tell it where it had not for a while."""
        since = self._since.pop(sort, None)
        if since is not None and self._told.pop(sort, None) is not None:
            self._kept.pop(sort, None)
            about = {"action": "wait"}
            log.info(
                "%s answers again, after %.0f s", NAMES[sort], self.clock() - since, extra=about
            )

    def measure(self, sort: Sort) -> float:
        """Return for how many seconds a server has not answered; 0 where it does."""
        since = self._since.get(sort)
        return 0.0 if since is None else self.clock() - since

    def away(self) -> dict[str, float]:
        """Return what is away by its name, with the seconds since when."""
        return {NAMES[sort]: round(self.measure(sort), 1) for sort in self._since}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to tell this: what is said of one outage over and over is not."""
        topic = _find_topic(record)
        if topic is None:
            return True
        now = self.clock()
        if now - self._told.get(topic, float("-inf")) < AGAIN_SECONDS:
            self._kept[topic] = self._kept.get(topic, 0) + 1
            return False
        self._told[topic] = now
        if kept := self._kept.pop(topic, 0):
            record.msg = f"{record.getMessage()} (said {kept} times more in the last minute)"
            record.args = ()
        return True


def _find_topic(record: logging.LogRecord) -> object | None:
    """Return what a line is about, if about an outage; Kafka's client has lines of its own."""
    if record.levelno < logging.WARNING:
        return None
    if record.name.startswith("aiokafka"):
        return record.msg
    if record.name == "asyncio":  # a client's request that nobody waits for any more
        error = record.exc_info[1] if record.exc_info else None
        return type(error) if isinstance(error, ConnectionError) else None
    args = record.args if isinstance(record.args, tuple) else ()
    return next((type(each) for each in args if isinstance(each, InfrastructureError)), None)


OUTAGES = Outages()
"""Those of this process."""
