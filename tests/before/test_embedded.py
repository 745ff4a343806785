"""A data folder of an earlier version is taken up: what was begun is finished, and all is served.

The processes, the media and the engines are the real ones.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

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

HERE = "http://localhost"
FINISHED = "edab8f578e706ce74f281d563c783a47"
KILLED = "86b044f07b540b93f67b2e356d3a583f"
ACCEPTED = "b314bdd4fcbc46c798cb6fea3246fa93"


def resume(data: Path) -> None:
    """Take the folder up as a user does."""
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli", "resume", "--data", str(data)],
        env=os.environ | {"STORYWAVE_PROCESSES": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@asynccontextmanager
async def open_api(data: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a process with all services on the folder."""
    table = [services.load(name) for name in services.NAMES]
    async with open_app(Settings(data=data, processes=1), table) as app:
        with open_front(app) as front:
            transport = httpx.ASGITransport(front)
            async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
                yield client


# One test, because it takes seconds to take the folder up, and all of it looks at the same folder.
async def test_all_is_finished_nothing_is_run_again_and_every_film_is_served(
    tmp_path: Path,
) -> None:
    data, promised = tmp_path / "data", tmp_path / "film.mp4"
    unpack_folder(data, promised)
    before = read_rows(data, JOBS)
    resume(data)
    check_film(promised)
    jobs = read_rows(data, JOBS)
    check_jobs(before, jobs)
    assert tell_ids(jobs, read_rows(data, OUTBOX)) == read_ids("embedded")
    async with open_api(data) as api:
        await check_videos(api)
        await check_revisions(api, data / "blobs" / FINISHED / "cut")
        # the recording has left the clips of the finished video out
        gone = await api.get(f"/v1/videos/{FINISHED}/chunks/0")
        assert (gone.status_code, gone.headers["content-type"]) == (410, "application/problem+json")


def check_film(path: Path) -> None:
    """The promised file is there, and whole."""
    found = report(path, Expectations(frames=450, canvas=Canvas(720, 720), has_sound=True))
    assert found.ok, found.lines()


def check_jobs(before: dict[str, Doc], after: dict[str, Doc]) -> None:
    """What was done is as it was; what was in hand is done by the next attempt."""
    done, now = find_finished(before), find_finished(after)
    assert len(done) == 17 and now.keys() == after.keys()
    # the whole row: its attempt, its result with all keys, and when it ended
    assert {id_: now[id_] for id_ in done} == done
    in_hand = [id_ for id_, row in before.items() if row["state"] == "submitting"]
    again = {id_: row["attempt"] for id_, row in now.items() if row["attempt"] > 1}
    assert again == dict.fromkeys(in_hand, 2)


async def check_videos(api: httpx.AsyncClient) -> None:
    """Every video is completed, and all of its files are served."""
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


async def check_revisions(api: httpx.AsyncClient, stored: Path) -> None:
    """Both revisions of the finished video are served as they were, the latest by default."""
    for rev in (1, 2):
        files = stored / f"0-0-{rev}-1"
        film = await api.get(f"/v1/videos/{FINISHED}/media", params={"rev": rev})
        assert film.content == (files / "key.mp4").read_bytes()
        for name, file in (("playlist.m3u8", "hls.m3u8"), ("hls_media.m4s", "hls_media.m4s")):
            got = await api.get(f"/v1/videos/{FINISHED}/hls/{rev}/{name}")
            assert got.content == (files / "outputs" / file).read_bytes()
    latest = await api.get(f"/v1/videos/{FINISHED}/media")
    assert latest.content == film.content
