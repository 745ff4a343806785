"""That a server is away is said when it begins, now and then, and when it ends."""

import logging
from collections.abc import Iterator

import pytest

from shared.base.outages import AGAIN_SECONDS, Outages
from shared.story.errors import BlobsUnavailable, StoreUnavailable


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Lines(logging.Handler):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


clock, lines = Clock(), Lines()


@pytest.fixture
def outages() -> Iterator[Outages]:
    clock.now, lines.said = 0.0, []
    outages = Outages(clock)
    lines.filters = [outages]
    loggers = [logging.getLogger(name) for name in ("storywave", "aiokafka")]
    for log in loggers:
        log.addHandler(lines)
        log.setLevel(logging.INFO)
    yield outages
    for log in loggers:
        log.removeHandler(lines)
        log.setLevel(logging.NOTSET)


def test_it_is_measured_for_as_long_as_it_lasts(outages: Outages) -> None:
    assert outages.measure(StoreUnavailable) == 0
    outages.note(StoreUnavailable)
    clock.now = 70
    outages.note(StoreUnavailable)
    assert outages.measure(StoreUnavailable) == 70
    assert outages.measure(BlobsUnavailable) == 0
    outages.clear(StoreUnavailable)
    assert outages.measure(StoreUnavailable) == 0


def fail(outages: Outages, said: str) -> None:
    outages.note(StoreUnavailable)
    logging.getLogger("storywave.app").warning("%s: %s", said, StoreUnavailable("it is away"))


def test_what_every_loop_meets_each_second_is_said_once(outages: Outages) -> None:
    for second in range(50):
        clock.now = second
        fail(outages, "cannot claim")
        fail(outages, "waiting")
    assert lines.said == ["cannot claim: it is away"]
    assert outages.away() == {"the database": 49.0}


def test_an_outage_that_lasts_is_told_again_with_how_often_it_was_met(outages: Outages) -> None:
    for now in (0.0, 1.0, 2.0, AGAIN_SECONDS):
        clock.now = now
        fail(outages, "waiting")
    assert lines.said == [
        "waiting: it is away",
        "waiting: it is away (said 2 times more in the last minute)",
    ]


def test_its_end_is_told_and_the_next_outage_is_another(outages: Outages) -> None:
    fail(outages, "waiting")
    clock.now = 7.0
    outages.clear(StoreUnavailable)
    outages.clear(StoreUnavailable)
    assert outages.away() == {}
    fail(outages, "waiting")
    again = "the database answers again, after 7 s"
    assert lines.said == ["waiting: it is away", again, "waiting: it is away"]


def test_other_servers_and_other_troubles_are_told_meanwhile(outages: Outages) -> None:
    log = logging.getLogger("storywave.app")
    fail(outages, "waiting")
    log.warning("waiting: %s", BlobsUnavailable("so is this"))
    log.warning("a job failed")
    log.warning("a job failed")
    log.info("waiting: %s", StoreUnavailable("for the curious"))
    assert lines.said == [
        "waiting: it is away",
        "waiting: so is this",
        "a job failed",
        "a job failed",
        "waiting: for the curious",
    ]


def test_kafkas_own_client_says_each_thing_once_a_minute(outages: Outages) -> None:
    client = logging.getLogger("aiokafka.client")
    for _ in range(3):
        client.error("Unable connect to node with id %s: %s", 1, "refused")
        client.error("Unable to update metadata from %s", [1])
    assert len(lines.said) == 2
