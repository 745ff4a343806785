"""How long a consumer waits for more: never for what comes alone, never where more is there."""

from collections.abc import Collection
from typing import Any

import pytest
from aiokafka import TopicPartition

from shared.bus.kafka_consumer import CROWD, LONG_RESTS, SHORT_RESTS, Watch, find_rest


@pytest.mark.parametrize(
    ("size", "took", "rest"),
    [
        (1, 0.05, 0.0),
        (CROWD - 1, 0.05, 0.0),
        (CROWD, 0.05, 0.05),
        (499, 0.03, 0.03),
        (499, 9.0, 0.1),
        (500, 0.05, 0.0),
    ],
)
def test_a_batch_is_followed_by_a_rest_only_where_much_comes_and_no_more_is_there(
    size: int, took: float, rest: float
) -> None:
    assert find_rest(size, 500, took, SHORT_RESTS) == rest


def test_whoever_only_shows_what_happens_waits_longer_for_more_of_it() -> None:
    assert find_rest(CROWD, 500, 0.1, LONG_RESTS) == pytest.approx(0.3)
    assert find_rest(CROWD, 500, 9.0, LONG_RESTS) == 0.5
    assert find_rest(CROWD - 1, 500, 9.0, LONG_RESTS) == 0.0


ONE, TWO = TopicPartition("a", 0), TopicPartition("b", 0)


class Client:
    """A client of Kafka with two partitions, as far as a poll needs it."""

    def __init__(self, *sizes: int) -> None:
        self._sizes = list(sizes)
        self._paused: set[TopicPartition] = set()
        self.fetches: list[bool] = []
        """Of each poll, whether it could fetch from all partitions."""

    async def getmany(self, **asked: int) -> dict[TopicPartition, list[Any]]:
        self.fetches.append(not self._paused)
        size = self._sizes.pop(0)
        return {ONE: [None] * (size // 2), TWO: [None] * (size - size // 2)}

    def assignment(self) -> Collection[TopicPartition]:
        return {ONE, TWO}

    def paused(self) -> Collection[TopicPartition]:
        return set(self._paused)

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused |= {*partitions}

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused -= {*partitions}

    def last_poll_timestamp(self, partition: TopicPartition) -> int:
        return 1


class Clock:
    """Time as the consumer reads it."""

    def __init__(self, at: float) -> None:
        self.at = at

    def monotonic(self) -> float:
        return self.at


async def test_nothing_is_fetched_while_a_crowd_is_handled_and_everything_after_it() -> None:
    client = Client(CROWD, CROWD - 1, 0)
    poll = Watch().wrap(client)
    await poll(timeout_ms=0, max_records=500)
    assert client.paused() == {ONE, TWO}
    await poll(timeout_ms=0, max_records=500)
    assert not client.paused(), "what is no crowd may be followed by more at any time"
    await poll(timeout_ms=0, max_records=500)
    assert client.fetches == [True, True, True]


async def test_a_consumer_that_still_has_what_was_fetched_is_not_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a backlog much comes at once: while that lasts, the client fetches nothing."""
    clock = Clock(0)
    monkeypatch.setattr("shared.bus.kafka_consumer.time", clock)
    watch = Watch()
    poll = watch.wrap(Client(CROWD, CROWD, 0, 0))
    await watch.on_partitions_assigned([ONE, TWO])
    ages = []
    for _ in range(4):
        clock.at += 60
        await poll(timeout_ms=0, max_records=500)
        ages.append(watch.age())
    assert ages == [0, 0, 60, 120], "the last two polls had nothing, and nothing is fetched"
