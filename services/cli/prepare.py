"""`storywave topics` and `indexes`: what the servers must have, made before any service starts.

Services make the same themselves; an operator may want it done before, once, and said. Both may be
run again at any time.
"""

import argparse
import asyncio
from collections.abc import Sequence

from services import NAMES, load
from services.cli.environment import log_waits, read_settings
from services.cli.outcome import say
from shared.runtime.app import Indexes, list_indexes
from shared.runtime.compose import name_kafka, open_store
from shared.runtime.settings import Settings
from shared.story.errors import BadInput
from shared.story.events import DeadLettered, Event
from shared.story.kinds import KINDS

EVENTS: Sequence[type[Event]] = (*KINDS.events.values(), DeadLettered)
"""Each has a topic."""


def topics(given: argparse.Namespace) -> int:
    """Make the topics that are missing; return 1 where others are not as the settings say."""
    from shared.bus.kafka_topics import find_differences, prepare_topics

    cluster = name_kafka(_require_cluster(read_settings(given), "topics"))
    log_waits()  # the error says what is away: its client would say it before, in its own words
    there = asyncio.run(prepare_topics(cluster, EVENTS, grow=given.grow))
    say(*(f"{each.name}: {each.partitions} partitions, {each.done}" for each in there if each.done))
    differences = find_differences(cluster, there)
    say(*differences, f"{len(there)} topics are there")
    return 1 if differences else 0


def indexes(given: argparse.Namespace) -> int:
    """Make the collections and indexes that are missing."""
    chosen = _require_cluster(read_settings(given), "indexes")
    wanted = list_indexes([load(name) for name in NAMES])
    asyncio.run(_open_once(chosen, wanted))
    count = sum(map(len, wanted.values()))
    say(f"{count} indexes of {len(wanted)} collections are there")
    return 0


async def _open_once(chosen: Settings, wanted: Indexes) -> None:
    async with open_store(chosen, wanted):
        pass  # opening makes them


def _require_cluster(chosen: Settings, what: str) -> Settings:
    if chosen.mode != "cluster":
        raise BadInput(
            f"{what} are on shared servers: set STORYWAVE_MODE=cluster and the servers' addresses "
            "(one process with a data folder makes its own)"
        )
    return chosen
