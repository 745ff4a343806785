"""`storywave doctor`: looks at an installation, and says what is wrong and what to do about it.

It only looks: no service runs, no video is touched, and nothing is run at a provider.
"""

import argparse
import asyncio
import logging
import os
import platform
import shutil
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import httpx

from services import NAMES
from services.cli.contradictions import Finding, Level, find_contradictions
from services.cli.environment import read_settings
from services.cli.outcome import say
from services.cli.prepare import EVENTS
from services.cli.stuck import list_stuck
from services.gateway.intake import REQUESTS
from services.gateway.keys.apikeys import ApiKeys
from shared.engines.replicate.catalog import Catalog, load
from shared.engines.replicate.client import (
    TOKEN,
    Provider,
    ReadLater,
    Unreadable,
    load_client,
)
from shared.engines.replicate.compare import is_harmless
from shared.engines.replicate.published import find_differences
from shared.engines.replicate.transport import Answered, Transport
from shared.jobs.unresolved import list_unresolved
from shared.ports import Blobs, Store
from shared.runtime.compose import choose_ports, keep, name_kafka
from shared.runtime.keeping import DAY_MS
from shared.runtime.settings import Settings
from shared.story.errors import BadInput, InfrastructureError, PermanentError
from shared.story.money import say_dollars

if TYPE_CHECKING:
    from shared.bus.kafka_topics import Seen

LEAST_ROOM = 1 << 30
"""Bytes. A video of a minute and all between needs some hundred megabytes."""


def doctor(given: argparse.Namespace) -> int:
    """Look at an installation; return 1 where something is wrong with it."""
    # what is found is said below, once: what adapters log on the way would say it again
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    found = asyncio.run(_examine(given))
    say(*map(_format, found))
    wrong = sum(each.level == "wrong" for each in found)
    many = "1 thing is" if wrong == 1 else f"{wrong} things are"
    say(f"{many} wrong" if wrong else "nothing is wrong")
    return 1 if wrong else 0


def _format(finding: Finding) -> str:
    return f"{finding.level:<5}  {finding.about}: {finding.said}"


async def _examine(given: argparse.Namespace) -> list[Finding]:
    """Return what every check has found; they are made at one time."""
    try:
        chosen = read_settings(given)
    except BadInput as error:
        return [Finding("settings", str(error))]
    checks = [_check_python(chosen), _check_catalog(chosen), *_check_places(chosen)]
    found = [each for several in await asyncio.gather(*checks) for each in several]
    odd = list(find_contradictions(chosen, os.environ))
    if not any(each.about == "settings" for each in odd):
        odd.insert(0, Finding("settings", "they agree with each other", "ok"))
    return [*odd, *found]


def _check_places(chosen: Settings) -> list[Coroutine[Any, Any, list[Finding]]]:
    """Return the checks of all places where something is kept."""
    ports, _ = choose_ports(chosen)
    if chosen.mode == "embedded":
        # a look makes no folder and no database
        known = [_check_store(chosen, ports.store)] if chosen.data.exists() else []
        return [_check_folder(chosen), *known]
    return [
        _check_bus(chosen),
        _check_services(chosen),
        _check_blobs(chosen, ports.blobs),
        _check_store(chosen, ports.store),
    ]


# ── paid engines ────────────────────────────────────────────────────────────────────────────────


async def _check_python(chosen: Settings) -> list[Finding]:
    """Tell which Python this is, and whether paid engines can work on it."""
    version = platform.python_version()
    try:
        load_client()
    except BadInput as error:
        return [Finding(f"Python {version}", str(error), _weigh(chosen))]
    return [Finding(f"Python {version}", "all engines work on it", "ok")]


def _weigh(chosen: Settings) -> Level:
    """Return how bad it is that paid engines can't work."""
    return "wrong" if chosen.clips_are_paid else "note"


async def _check_catalog(chosen: Settings) -> list[Finding]:
    """Compare each model that may be run with what the provider publishes of it."""
    try:
        catalog = load()
    except PermanentError as error:
        return [Finding("catalog", str(error))]
    try:
        load_client()
    except BadInput:
        return []  # that is said already
    if not os.environ.get(TOKEN):
        unseen = f"not compared with what the provider publishes: {TOKEN} is empty"
        return [Finding("catalog", unseen, "note")]
    return await _compare(chosen, catalog)


async def _compare(chosen: Settings, catalog: Catalog) -> list[Finding]:
    provider = Provider(Transport(lambda: time.time_ns() // 1_000_000))
    try:
        differing = await find_differences(provider, catalog.models)
    except Answered as answer:
        refused = f"{TOKEN} is not accepted" if answer.status == 401 else f"it answers {answer}"
        return [Finding("Replicate", f"{refused}: check it", _weigh(chosen))]
    except (httpx.HTTPError, TimeoutError, ReadLater, Unreadable) as error:
        away = f"it can't be asked ({type(error).__name__}): is this machine online?"
        return [Finding("Replicate", away, _weigh(chosen))]
    finally:
        await provider.close()
    if not differing:
        agreed = f"all {len(catalog.models)} models agree with what the provider publishes"
        return [Finding("catalog", agreed, "ok")]
    return [
        Finding(name, "; ".join(words), "note" if all(map(is_harmless, words)) else _weigh(chosen))
        for name, words in differing.items()
    ]


# ── where things are kept ───────────────────────────────────────────────────────────────────────


async def _check_folder(chosen: Settings) -> list[Finding]:
    """Tell whether the data folder, or what is to hold it, can be written to, and has room."""
    data = chosen.data.absolute()
    folder = next(path for path in (data, *data.parents) if path.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        shut = f"{folder} is not writable: choose another with STORYWAVE_DATA or --data"
        return [Finding("data folder", shut)]
    free = shutil.disk_usage(folder).free
    if free < LEAST_ROOM:
        full = f"only {free >> 20} MiB are free at {folder}: make room, or choose another disk"
        return [Finding("data folder", full)]
    return [Finding("data folder", f"{chosen.data}, with {free >> 30} GiB free", "ok")]


async def _check_bus(chosen: Settings) -> list[Finding]:
    """Tell whether Kafka answers, and whether its topics are as the settings say."""
    from shared.bus.kafka_topics import find_differences, look_at_topics

    cluster = name_kafka(chosen)
    try:
        seen = await look_at_topics(cluster, EVENTS)
    except InfrastructureError as error:
        return [Finding("bus", str(error))]
    found = [Finding("bus", f"Kafka at {chosen.kafka} answers", "ok")]
    found += [Finding("topics", said) for said in find_differences(cluster, seen.topics)]
    if seen.missing:
        found.append(_tell_missing(seen))
    return found + _check_retention(chosen, seen.kept_ms)


async def _check_services(chosen: Settings) -> list[Finding]:
    """Tell of which services no process runs: nothing else here would say so."""
    from shared.bus.kafka_groups import find_absent

    try:
        absent = await find_absent(name_kafka(chosen), NAMES)
    except InfrastructureError as error:
        return [Finding("services", f"not known which of them run: {error}", "note")]
    if not absent:
        return [Finding("services", f"all {len(NAMES)} hear events", "ok")]
    many = "none of them runs" if len(absent) == len(NAMES) else f"{', '.join(absent)} do not run"
    said = f"{many}: videos stand still until they do. Look at why they left, and start them"
    return [Finding("services", said)]


def _tell_missing(seen: "Seen") -> Finding:
    """Tell that topics are missing: before the first start it is all of them, and no fault."""
    many = f"{len(seen.missing)} are missing, such as {seen.missing[0]}"
    if seen.topics:
        # services that run don't make it again: what is about it waits in its rows
        return Finding("topics", f"{many}, and others are there: `storywave topics` makes them")
    said = f"{many}: services make them at their start, or `storywave topics` now"
    return Finding("topics", said, "note")


def _check_retention(chosen: Settings, kept_ms: int | None) -> list[Finding]:
    """Tell where Kafka keeps events for longer than it is known that their video was deleted."""
    if kept_ms is not None and kept_ms < keep(chosen).tombstones_ms:
        return []
    days = "for ever" if kept_ms is None else f"for {kept_ms / DAY_MS:g} days"
    said = (
        f"Kafka keeps events {days}, and tombstones of deleted videos stay for "
        f"{chosen.keep_tombstones_days:g}: an old event could start one again. Raise "
        "STORYWAVE_KEEP_TOMBSTONES_DAYS, or give the topics a shorter retention.ms"
    )
    return [Finding("topics", said)]


async def _check_blobs(chosen: Settings, blobs: Blobs) -> list[Finding]:
    try:
        await blobs.open(make=False)
    except InfrastructureError as error:
        return [Finding("blobs", str(error))]
    await blobs.close()
    return [Finding("blobs", f"the object store at {chosen.s3_endpoint} answers", "ok")]


async def _check_store(chosen: Settings, store: Store) -> list[Finding]:
    """Tell whether the store answers, and what in it waits for a person."""
    try:
        await store.open({})
    except BadInput as error:  # a server works here; it can be asked itself
        return [Finding("store", f"not looked into: {error}", "note")]
    except InfrastructureError as error:
        return [Finding("store", str(error))]
    try:
        keys = await _look_at_keys(chosen, store)
        # by their number somebody sees that it is another database than they think
        known = await store.count(REQUESTS, {})
        said = f"it answers, and knows {known} video{'' if known == 1 else 's'}"
        return [Finding("store", said, "ok"), *keys, *await _look_for_work(store)]
    finally:
        await store.close()


async def _look_at_keys(chosen: Settings, store: Store) -> list[Finding]:
    """Return whether anybody can be let in, where a key is needed."""
    if not chosen.needs_key or await ApiKeys(store).exist():
        return []
    if chosen.mode == "cluster":
        return [
            Finding("keys", "there is none yet: the gateway tells the first in its log", "note")
        ]
    said = "others can ask here, and there is none: `storywave keys create` makes one"
    return [Finding("keys", said)]


async def _look_for_work(store: Store) -> list[Finding]:
    """Return what in the store waits for a person."""
    stuck, unresolved = await list_stuck(store), await list_unresolved(store)
    found = list[Finding]()
    if stuck:
        said = f"{len(stuck)} that do not go on by themselves, or wait for a provider: "
        found.append(Finding("work", f"{said}`storywave status --stuck` lists them"))
    if unresolved:
        held = say_dollars(sum(job.held for job in unresolved))
        said = f"{len(unresolved)} may be paid for or not, ${held} is held for them: "
        found.append(Finding("jobs", f"{said}`storywave jobs unresolved` lists them"))
    return found
