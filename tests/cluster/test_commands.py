"""The operator's commands on live servers: what they find, what they say, and with which code."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.rows import to_doc
from shared.ports import Update
from shared.store.mongo import MongoStore
from shared.story.kinds import CLIP
from tests.cluster.fleet import PROGRAM, Fleet
from tests.cluster.servers import CHECKOUT, Servers
from tests.histories import full_plan, spec

pytestmark = pytest.mark.cluster

WAIT_SECONDS = 60.0


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One process of each service, with a database and topics of its own."""
    folder, name = tmp_path_factory.mktemp("commands"), f"commands-{uuid4().hex[:8]}"
    own = {
        "STORYWAVE_ENGINE": "rehearsal",
        "STORYWAVE_MONGO_DATABASE": name,
        "STORYWAVE_KAFKA_PREFIX": f"{name}.",
        "STORYWAVE_KAFKA_PARTITIONS": "2",
    }
    made = Fleet(folder, Servers.of_this_run().up() | own)
    made.start(copies=1)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def video(fleet: Fleet) -> str:
    """A finished video."""
    [gateway] = fleet.gateways()
    video = httpx.post(f"{gateway.url}/v1/videos", json={"prompt": "A fox. The sea."}).json()["id"]
    deadline = time.monotonic() + WAIT_SECONDS
    while (now := look(fleet, video))["status"] != "completed":
        assert time.monotonic() < deadline, now
        time.sleep(0.1)
    return str(video)


def look(fleet: Fleet, video: str) -> dict[str, object]:
    [gateway] = fleet.gateways()
    return dict(httpx.get(f"{gateway.url}/v1/videos/{video}").json())


def run(fleet: Fleet, *words: str, **other: str) -> tuple[int, str]:
    """Return the exit code of a command, and all that it said."""
    ended = subprocess.run(
        [sys.executable, *PROGRAM, *words],
        cwd=CHECKOUT,
        env={**os.environ, **fleet.environment, **other},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert "Traceback" not in ended.stdout + ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


async def in_store(fleet: Fleet, use: Callable[[MongoStore], Awaitable[object]]) -> None:
    env = fleet.environment
    store = MongoStore(env["STORYWAVE_MONGO"], env["STORYWAVE_MONGO_DATABASE"])
    await store.open({})
    try:
        await use(store)
    finally:
        await store.close()


def test_status_and_replay_find_a_video_and_do_nothing_twice(fleet: Fleet, video: str) -> None:
    code, said = run(fleet, "status")
    assert code == 0 and video in said and "completed" in said
    code, said = run(fleet, "status", video)
    assert code == 0 and json.loads(said)["status"] == "completed"
    assert run(fleet, "status", "--stuck") == (0, "nothing is stuck\n")
    code, said = run(fleet, "replay", video)
    assert code == 0 and "facts are told again, by the services that run" in said
    for command in ("status", "replay"):
        code, said = run(fleet, command, "0" * 32)
        assert code == 2 and "0" * 32 in said


def test_topics_and_indexes_are_there_and_stay_as_they_are(fleet: Fleet) -> None:
    for command in ("topics", "indexes"):
        first, again = run(fleet, command), run(fleet, command)
        assert first[0] == 0 and first == again, first
    code, said = run(fleet, "topics", STORYWAVE_KAFKA_PARTITIONS="3")
    assert code == 1 and "--grow" in said, said


def test_an_attempt_that_nobody_knows_of_is_listed_and_answered_for(
    fleet: Fleet, video: str
) -> None:
    plan = full_plan(video_id=video)
    lost = Job(spec=spec(plan, CLIP, n=91), state=State.FAILED, posted_attempt=1, unresolved=True)

    async def lose(store: MongoStore) -> None:
        await store.insert(JOBS, [to_doc(lost)])
        await store.update(MONEY, [Update(video, set={f"holds.{lost.hold}": {"reserved": 90_000}})])

    base = ("jobs", "unresolved")
    assert run(fleet, *base) == (0, "no job is unresolved\n")
    asyncio.run(in_store(fleet, lose))
    assert run(fleet, *base) == (0, f"{lost.id}  clip  attempt 1  held $0.09\n")
    code, said = run(fleet, *base, "--drop", lost.id, "--charged", "0.10")
    assert code == 2 and "0.09" in said
    code, said = run(fleet, *base, "--drop", lost.id, "--charged", "0.05")
    told = "its attempt counts as having cost $0.05: the services that run tell it\n"
    assert (code, said) == (0, told)
    assert run(fleet, *base) == (0, "no job is unresolved\n")
    deadline = time.monotonic() + WAIT_SECONDS
    while look(fleet, video)["cost"] != "0.05":  # the services that run tell what it has cost
        assert time.monotonic() < deadline, look(fleet, video)["cost"]
        time.sleep(0.1)


def test_sweep_and_doctor_look_at_the_servers(fleet: Fleet, video: str) -> None:
    code, said = run(fleet, "sweep")
    assert code == 0 and "0 files of 0 bytes" in said
    code, said = run(fleet, "doctor")
    assert code == 0, said
    assert all(name in said for name in ("bus: Kafka", "blobs: ", "store: ", "services: "))
    for command in ("doctor", "sweep"):
        code, said = run(fleet, command, STORYWAVE_S3_BUCKET="not-a-bucket-of-ours")
        assert code in (1, 3) and "has no bucket 'not-a-bucket-of-ours'" in said, said


def test_a_server_that_is_away_is_named_with_what_to_do(fleet: Fleet) -> None:
    away = {"STORYWAVE_MONGO": "mongodb://127.0.0.1:9/?replicaSet=rs0"}
    for words in (("status",), ("indexes",)):
        code, said = run(fleet, *words, **away)
        assert code == 3 and "MongoDB at 127.0.0.1:9" in said, (words, said)
    code, said = run(fleet, "topics", STORYWAVE_KAFKA="127.0.0.1:9")
    assert code == 3 and "127.0.0.1:9" in said


def test_the_gateway_is_asked_where_a_command_steers(fleet: Fleet, video: str) -> None:
    [gateway] = fleet.gateways()
    for words in (("list",), ("show", video), ("receipt", video), ("timeline", video)):
        code, said = run(fleet, *words, STORYWAVE_URL=gateway.url)
        assert code == 0 and said.strip(), words
        code, said = run(fleet, *words)
        assert code == 2 and "STORYWAVE_URL" in said


def test_doctor_names_services_that_do_not_run(fleet: Fleet) -> None:
    [stitcher] = [each for each in fleet.replicas if each.service == "stitcher"]
    stitcher.signal(signal.SIGTERM)
    code, said = run(fleet, "doctor")
    assert code == 1 and "services: stitcher do not run" in said, said
    stitcher.start()
    fleet.wait_ready([stitcher])
    code, said = run(fleet, "doctor", STORYWAVE_KAFKA_PREFIX="elsewhere.")
    assert code == 1 and "none of them runs" in said, said


def test_a_service_logs_nothing_but_json(fleet: Fleet, video: str) -> None:
    for replica in fleet.replicas:
        lines = [json.loads(line) for line in replica.log.read_text().splitlines()]
        assert any(line.get("action") == "serve" for line in lines), replica.log
