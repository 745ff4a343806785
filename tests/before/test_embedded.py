"""A data folder of an earlier version is taken up: what was begun is finished, and all is served.

The processes, the media and the engines are the real ones.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import services
from services.gateway.app import open_front
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.media.verify import Expectations, report
from shared.ports import Doc
from shared.runtime.compose import open_app
from shared.runtime.settings import Settings
from shared.story.formats import Canvas
from tests.before.recorded import find_finished, read_ids, read_rows, tell_ids, unpack_folder

# All tests here look at one folder, which is taken up once.
pytestmark = pytest.mark.xdist_group("before")

HERE = "http://localhost"
FINISHED = "edab8f578e706ce74f281d563c783a47"
KILLED = "86b044f07b540b93f67b2e356d3a583f"
ACCEPTED = "b314bdd4fcbc46c798cb6fea3246fa93"


@dataclass(frozen=True)
class Resumed:
    """A folder after `storywave resume`, and what was known of its jobs before."""

    data: Path
    promised: Path
    before: dict[str, Doc]
    ended: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    folder = tmp_path_factory.mktemp("before")
    data, promised = folder / "data", folder / "film.mp4"
    unpack_folder(data, promised)
    before = read_rows(data, JOBS)
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli", "resume", "--data", str(data)],
        env=os.environ | {"STORYWAVE_PROCESSES": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Resumed(data, promised, before, ended)


@pytest.fixture
async def api(resumed: Resumed) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a process with all services on the folder."""
    settings = Settings(data=resumed.data, processes=1)
    async with open_app(settings, [services.load(name) for name in services.NAMES]) as app:
        with open_front(app) as front:
            transport = httpx.ASGITransport(front)
            async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
                yield client


def test_what_was_begun_is_finished_and_its_promised_file_written(resumed: Resumed) -> None:
    assert resumed.ended.returncode == 0, resumed.ended.stderr
    wanted = Expectations(frames=450, canvas=Canvas(720, 720), has_sound=True)
    found = report(resumed.promised, wanted)
    assert found.ok, found.lines()


def test_nothing_that_was_done_is_run_again(resumed: Resumed) -> None:
    done = find_finished(resumed.before)
    after = find_finished(read_rows(resumed.data, JOBS))
    assert len(done) == 17
    # the whole row: its attempt, its result with all keys, and when it ended
    assert {id_: after[id_] for id_ in done} == done


def test_what_was_in_hand_is_done_by_the_next_attempt(resumed: Resumed) -> None:
    in_hand = {id_ for id_, row in resumed.before.items() if row["state"] == "submitting"}
    after = find_finished(read_rows(resumed.data, JOBS))
    attempts = {id_: row["attempt"] for id_, row in after.items() if row["attempt"] > 1}
    assert attempts == dict.fromkeys(in_hand, 2)


def test_jobs_and_events_have_the_ids_that_they_had(resumed: Resumed) -> None:
    jobs, events = read_rows(resumed.data, JOBS), read_rows(resumed.data, OUTBOX)
    assert tell_ids(jobs, events) == read_ids("embedded")


async def test_every_video_is_served(resumed: Resumed, api: httpx.AsyncClient) -> None:
    page = (await api.get("/v1/videos")).json()["videos"]
    assert {video["id"]: video["status"] for video in page} == {
        FINISHED: "completed",
        KILLED: "completed",
        ACCEPTED: "completed",
    }
    for video in page:
        for name in ("media", "poster", "captions.srt", "captions.vtt", "contact.png"):
            got = await api.get(f"/v1/videos/{video['id']}/{name}")
            assert got.status_code == 200 and got.content, (video["id"], name)


async def test_each_revision_of_before_is_served_as_it_was(
    resumed: Resumed, api: httpx.AsyncClient
) -> None:
    for rev in (1, 2):
        stored = resumed.data / "blobs" / FINISHED / "cut" / f"0-0-{rev}-1"
        film = await api.get(f"/v1/videos/{FINISHED}/media", params={"rev": rev})
        assert film.content == (stored / "key.mp4").read_bytes()
        for name, file in (("playlist.m3u8", "hls.m3u8"), ("hls_media.m4s", "hls_media.m4s")):
            got = await api.get(f"/v1/videos/{FINISHED}/hls/{rev}/{name}")
            assert got.content == (stored / "outputs" / file).read_bytes()
    latest = await api.get(f"/v1/videos/{FINISHED}/media")
    assert latest.content == film.content


async def test_a_clip_that_is_stored_no_more_is_refused_clearly(api: httpx.AsyncClient) -> None:
    # the recording has left the clips of the finished video out
    got = await api.get(f"/v1/videos/{FINISHED}/chunks/0")
    assert (got.status_code, got.headers["content-type"]) == (410, "application/problem+json")
