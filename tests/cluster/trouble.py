"""What a person or a newer version leaves behind in a storm, and what becomes of it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

import services
from services.gateway.intake import REQUESTS
from shared.jobs.gate import MONEY
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.unreadable import PUT_OFF
from shared.ports import Doc, Store
from shared.story.events import topic
from shared.story.kinds import CLIP, IMAGE, KINDS
from tests.cluster.servers import CHECKOUT
from tests.histories import full_plan, spec

ODD = "odd"
"""The video that all rows are about which nobody can read."""
FUTURE = "future"
"""The slot of what a newer version says about a video of this one."""


def odd_rows() -> dict[str, list[Doc]]:
    """At least one row for each collection that nobody can read; each is due, or comes first."""
    now = time.time_ns() // 1_000_000
    due = {"state": "new", "attempt": 0, "due_at": now}
    moneyless = spec(full_plan(video_id=ODD), IMAGE, beat=9)
    return {
        JOBS: [
            _job(IMAGE.name, {**due, "state": "dreaming"}),
            _job(CLIP.name, due, input={"kind": "loop"}),
            _job("sketch", due),
            {"_id": moneyless.id, "spec": moneyless.model_dump(mode="json"), **due},
        ],
        OUTBOX: [
            {
                "_id": f"{ODD}/VideoFolded/0",
                "video_id": ODD,
                "service": "chunker",
                "name": "VideoFolded",
                "body": {},
                "publish_at": now,
            }
        ],
        MONEY: [{"_id": ODD, "desired": "slowed"}],
        REQUESTS: [{"_id": ODD, "owner": "local", "created_at": "yesterday"}],
        **{service.views: [{"_id": ODD, "check_at": now}] for service in _all_services()},
    }


def _job(kind: str, state: Doc, **known: Any) -> Doc:
    return {
        "_id": f"{ODD}/{kind}/0/0/0",
        "spec": {"kind": kind, "video_id": ODD, **known},
        **state,
    }


def _all_services() -> list[Any]:
    return [services.load(name) for name in services.NAMES]


async def put_in(store: Store) -> None:
    for collection, rows in odd_rows().items():
        assert len(await store.insert(collection, rows)) == len(rows)


async def check_odd_rows(store: Store, environment: Mapping[str, str]) -> None:
    """They are all there, nothing was made of them, and an operator sees those that wait."""
    told = await asyncio.to_thread(ask_what_is_stuck, environment)
    for collection, rows in odd_rows().items():
        kept = await store.get(collection, [row["_id"] for row in rows])
        assert len(kept) == len(rows), collection
        for row in kept.values():
            assert row.get("state") in (None, "new", "dreaming"), row
            if PUT_OFF in row:
                assert any(line.startswith(f"{collection}  {row['_id']}  ") for line in told), told
    put_off = [
        row["_id"] for row in await store.find(JOBS, {"spec.video_id": ODD}) if PUT_OFF in row
    ]
    assert sorted(put_off) == [f"{ODD}/clip/0/0/0", f"{ODD}/image/0/0/0"]
    for collection in (OUTBOX, *(service.views for service in _all_services())):
        (row,) = [row for row in await store.find(collection, {}) if row["_id"].startswith(ODD)]
        assert PUT_OFF in row, collection


def ask_what_is_stuck(environment: Mapping[str, str]) -> list[str]:
    command = [sys.executable, "-m", "services.cli", "status", "--stuck"]
    ended = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stdout.splitlines()


async def send_from_the_future(kafka: str, prefix: str, video: str) -> set[tuple[str, str]]:
    """Send a record of a newer version on every topic; return where they lie."""
    body = json.dumps({"video_id": video, "mood": "calm", "version": 2}).encode()
    places = set()
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for name, cls in KINDS.events.items():
            known = {"type": name, "version": "2", "slot": FUTURE}
            headers = [(key, value.encode()) for key, value in known.items()]
            at = await producer.send_and_wait(
                prefix + topic(cls), body, key=video.encode(), headers=headers
            )
            places.add((at.topic, f"{at.partition}-{at.offset}"))
    return places


async def check_future(store: Store, video: str) -> None:
    """Every service has kept what it can't read, for the version that can."""
    for service in _all_services():
        (doc,) = (await store.get(service.views, [video])).values()
        kept = {name for name, slots in doc["parts"].items() if FUTURE in slots}
        assert kept == {cls.__name__ for cls in service.consumes(KINDS)}, service.name
