"""Whether Kafka is away, for who asks it while nothing is published."""

import time

import pytest

from shared.base.outages import OUTAGES
from shared.bus.kafka_producer import REFUSED_SECONDS, Cluster, Producer
from shared.story.errors import BusUnavailable


async def test_a_kafka_that_answers_and_took_nothing_is_away_until_it_was_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer() -> frozenset[str]:
        return frozenset()

    producer = Producer(Cluster("nowhere:1", "test.", 1, 1, "test"), seconds=1.0)
    monkeypatch.setattr(producer, "_list_topics", answer)
    OUTAGES.note(BusUnavailable)
    try:
        monkeypatch.setattr(producer, "_refused", time.monotonic() - REFUSED_SECONDS + 30)
        await producer.look()
        assert "Kafka" in OUTAGES.away()
        monkeypatch.setattr(producer, "_refused", time.monotonic() - REFUSED_SECONDS - 1)
        await producer.look()
        assert "Kafka" not in OUTAGES.away()
    finally:
        OUTAGES.clear(BusUnavailable)
