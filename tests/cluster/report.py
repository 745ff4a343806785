"""The truth about a storm, read from the rows, the topics and the logs."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise
from typing import Any

from aiokafka import AIOKafkaConsumer

import services
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.rows import end_event, from_doc
from shared.ports import Is
from shared.story.events import DeadLettered, Event, topic
from shared.story.kinds import KINDS, Kinds
from tests.cluster.figures import FIGURES
from tests.cluster.storm import Storm
from tests.truth import run_again


async def report(s: Storm, name: str, kinds: Kinds = KINDS, spare: Container[str] = ()) -> None:
    """Judge all that is there; jobs of a spare kind may have been called off."""
    async with s.store() as store:
        jobs = await store.find(JOBS, {"spec.video_id": Is("in", s.videos)})
        facts = await store.find(OUTBOX, {"video_id": Is("in", s.videos)})
    states = {job["state"] for job in jobs if job["spec"]["kind"] not in spare}
    assert states == {"done"}
    assert not [row["_id"] for row in (*jobs, *facts) if "publish_at" in row], "unpublished"
    rerun = run_again(s.fleet.lines(), {job["_id"]: job["attempt"] for job in jobs})
    assert not rerun, rerun
    events = await published_events(s.fleet.environment["STORYWAVE_KAFKA"], f"{name}.", kinds)
    letters = {(e.service, e.topic) for e in events if isinstance(e, DeadLettered)}
    assert letters == (expected_letters(f"{name}.") if s.poisoned else set())
    told = {(e.topic, e.position) for e in events if isinstance(e, DeadLettered)}
    assert not told & s.future, "what a newer version says is no dead letter"
    published = Counter(event.id for event in events if not isinstance(event, DeadLettered))
    made = {end_event(from_doc(job), kinds).id for job in jobs}
    lost = ({row["_id"] for row in facts} | made) - published.keys()
    assert not lost, lost
    FIGURES["videos"] += len(s.videos)
    FIGURES["kills"] += len(s.kills)
    FIGURES["server_restarts"] += s.restarts
    FIGURES["stops"] += s.stops
    FIGURES["lost"] += len(lost)
    FIGURES["rerun"] += len(rerun)
    FIGURES["duplicate_events"] += sum(published.values()) - len(published)
    FIGURES.recoveries += recoveries(s.kills, jobs, facts)


def expected_letters(prefix: str) -> set[tuple[str, str]]:
    """Who sets poison aside: every service on each of its topics, but no letter about letters."""
    return {
        (name, prefix + topic(cls))
        for name in services.NAMES
        for cls in services.load(name).consumes(KINDS)
        if cls is not DeadLettered
    }


async def published_events(kafka: str, prefix: str, kinds: Kinds = KINDS) -> list[Event]:
    """All that stands on the topics, but for the poison and what a newer version has said."""
    topics = [prefix + topic(cls) for cls in kinds.events.values()]
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    found: list[Event] = []
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        assert len(ends) >= len(topics)
        while any([await consumer.position(at) < end for at, end in ends.items()]):
            batch = await consumer.getmany(timeout_ms=1000)
            for record in (record for group in batch.values() for record in group):
                headers = dict(record.headers)
                if headers.get("version") == b"1":  # neither poison nor from the future
                    cls = kinds.events[headers["type"].decode()]
                    found.append(cls.model_validate_json(record.value))
    finally:
        await consumer.stop()
    return found


def recoveries(
    kills: Sequence[int], jobs: Sequence[Mapping[str, Any]], facts: Sequence[Mapping[str, Any]]
) -> list[float]:
    """For each kill and each video in flight: seconds until something more happened to it."""
    moments: dict[str, list[int]] = {}
    for job in jobs:
        moments.setdefault(job["spec"]["video_id"], []).append(job["finished_at"])
    for fact in facts:
        moments.setdefault(fact["video_id"], []).append(fact["body"]["at"])
    return [
        (after - kill) / 1000
        for kill in kills
        for times in moments.values()
        for before, after in pairwise(sorted(times))
        if before <= kill < after
    ]
