"""Whole pipelines with what users bring: nothing is generated or paid for it."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import services
from services.gateway.contents import OwnBeatRequest
from services.gateway.parts import build_gateway
from services.gateway.requests import VideoRequest
from services.planner.work import make_plan
from shared.blobs.disk import DiskBlobs
from shared.bus.chaos import Chaos
from shared.engines.planning import fit
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.engine import Task
from shared.jobs.outcomes import Produced
from shared.media.probe import probe
from shared.media.sound import RATE, lufs, read_sound
from shared.runtime.app import App
from shared.runtime.compose import open_app
from shared.runtime.settings import Settings
from shared.story.brief import Brief, OwnBeat
from shared.story.drafts import Draft, Story
from shared.story.estimate import estimate_plan
from shared.story.events import BeatsPlanned, VideoCompleted, VideoFailed
from shared.story.images import image_key
from shared.story.kinds import PLAN, PlanOrder
from tests.media.samples import Shape, number_of, numbered, rgb, write_clip, write_voice
from tests.pipeline.world import brief, world
from tests.prices import TERMS

SEED = random.SystemRandom().randrange(10**6)
HASH = 32 * "0"
CLIP_ID, MUTE_ID = f"v4000-{HASH}.mp4", f"m4000-{HASH}.mp4"
VOICE_ID, MUSIC_ID = f"s3000-{HASH}.wav", f"s9000-{HASH}.mp3"


class Given(RehearsalEngine):
    """Takes what users gave, and keeps account of it."""

    def __init__(self) -> None:
        super().__init__({})
        self.files: dict[str, dict[str, str]] = {}

    async def submit(self, task: Task, prepared: None) -> Produced:
        self.files[task.job.id] = dict(task.job.spec.files)
        return await super().submit(task, prepared)


async def test_what_is_given_is_not_generated_and_nothing_is_held_for_it(tmp_path: Path) -> None:
    """Shuffled and doubled: every job of a given item goes where it is free, all others as ever."""
    print(f"seed={SEED}")
    own = (
        OwnBeat(index=0, clip=CLIP_ID, voice=VOICE_ID, music=MUSIC_ID),
        OwnBeat(index=1, image="w1", narration="My own words."),
    )
    wanted = brief(3, 2, own=own, budget=10**9)
    given, chaos = Given(), Chaos(seed=SEED, shuffle=True, double=0.5)
    async with world(tmp_path, chaos=chaos, work={PLAN: make_plan}, terms=TERMS, given=given) as w:
        end = await w.ended(await w.request("v", wanted))
        assert isinstance(end, VideoCompleted), end
        view = await w.app.shell("gateway").view("v")
        assert view is not None
        plan = view.latest(BeatsPlanned)
        assert plan is not None
    key = image_key("local", CLIP_ID)
    expected = {
        "v/clip/0/0/0": key,
        "v/image/0/0/0": key,
        "v/image/1/0/0": image_key("local", "w1"),
        "v/voice/0/0/0": image_key("local", VOICE_ID),
        "v/music/0/0/0": image_key("local", MUSIC_ID),
    }
    assert given.files == {job: {"given": file} for job, file in expected.items()}
    assert given.files.keys().isdisjoint(w.engine.runs)
    assert [chunk.beat for chunk in plan.chunks].count(0) == 1, "a clip is one chunk"
    assert plan.beats[0].narration == "" and plan.beats[1].narration == "My own words."
    assert TERMS.ask is not None
    lines = estimate_plan(plan, TERMS.ask).lines
    assert sum(line.items for line in lines if line.total == 0 and line.model == "") == 5
    assert [line.total for line in lines if line.kind == "music"] == [0]
    paid = {line.kind: line.items for line in lines if line.model}
    assert paid["clip"] == len(plan.chunks) - 1 and paid["image"] == len(plan.beats) - 2


def test_a_recording_has_its_time_and_drafts_make_room_for_it() -> None:
    own = (OwnBeat(index=1, voice=f"s15000-{HASH}.wav", narration="A long story."),)
    wanted = Brief(prompt="the sea", duration=20, end_card=None, own=own)
    drafts = tuple(Draft(f"scene {n}", f"words {n}") for n in range(4))
    made = fit(PlanOrder(video_id="v", brief=wanted), Story("t", "h", "c", drafts)).data
    beats = made["beats"]
    assert sum(beat["duration"] for beat in beats) == pytest.approx(20)
    assert [beat["narration"] for beat in beats] == ["words 0", "A long story."]
    assert beats[1]["duration"] >= 15 / 1.15
    assert made["given"] == {"voice/1": image_key("local", own[0].voice or "")}
    assert made["truncation"] is None


# ── in earnest ──────────────────────────────────────────────────────────────────────────────────

SERVICES = [services.load(name) for name in services.NAMES]


async def make_film(app: App, own: Sequence[OwnBeatRequest], **asked: object) -> BeatsPlanned:
    """Make a short film with these; return its plan."""
    gateway = build_gateway(app)
    try:
        request = VideoRequest(
            prompt="Waves on a quiet shore.", duration=10, end_card=None, beats=[*own], **asked
        )
        video = await gateway.intake.accept(request, "local")
        async with asyncio.timeout(120):
            while True:
                view = await app.shell("gateway").view(video)
                if view and (failed := view.latest(VideoFailed)):
                    pytest.fail(failed.error)
                if view and view.latest(VideoCompleted):
                    plan = view.latest(BeatsPlanned)
                    assert plan is not None
                    return plan
                await asyncio.sleep(0.05)
    finally:
        gateway.close()


async def upload(app: App, path: Path) -> str:
    file = await asyncio.to_thread(path.read_bytes)

    async def send() -> AsyncIterator[bytes]:
        yield file

    gateway = build_gateway(app)
    try:
        return (await gateway.uploads.take(send(), "local")).id
    finally:
        gateway.close()


@pytest.mark.parametrize("sound", ["keep", "mute"])
async def test_a_film_of_an_own_clip_an_own_image_and_an_own_voice(
    tmp_path: Path, sound: str
) -> None:
    shape = Shape(width=180, height=320, frames=120, sound_seconds=4.0)
    clip = write_clip(tmp_path, shape)
    voice = write_voice(tmp_path / "voice.wav", [(0.2, 0.9), (1.1, 2.0)], 2.4)
    image = tmp_path / "image.png"
    orange = numbered(77, 360, 640) // 2 + np.array([120, 40, 0], np.uint8)
    Image.fromarray(orange).save(image)
    settings = Settings(data=tmp_path / "data", processes=1)
    async with open_app(settings, SERVICES) as app:
        own = [
            OwnBeatRequest(index=0, clip=await upload(app, clip), narration="", sound=sound),
            OwnBeatRequest(
                index=1,
                image=await upload(app, image),
                voice=await upload(app, voice),
                narration="Look here",
            ),
        ]
        plan = await make_film(app, own, music=False, transition="cut")
        view = await app.shell("gateway").view(plan.video_id)
        assert view is not None
        end = view.latest(VideoCompleted)
        assert end is not None and end.cost == 0 and end.failed == () and end.notes == ()
        film = tmp_path / "film.mp4"
        blobs = app.ports.blobs
        assert isinstance(blobs, DiskBlobs)
        await blobs.fetch(end.key, film)
        srt = (await blobs.get(end.outputs["srt"])).decode()
    assert probe(film).seconds == pytest.approx(10, abs=0.05)
    assert "Look" in srt and "00:00:05" in srt
    heard = read_sound(film)
    first, second = heard[: 3 * RATE], heard[5 * RATE : 7 * RATE]
    assert (lufs(first) > -25) == (sound == "keep")
    assert lufs(second) > -25
    frames = _read_frames(film, [15, 60, 200])
    assert [number_of(frame) for frame in frames[:2]] == [15, 60], "the clip is shown in its time"
    red, _, blue = frames[2].mean(axis=(0, 1))
    assert red - blue > 60, "and then the picture"


def _read_frames(film: Path, frames: Sequence[int]) -> list[NDArray[np.uint8]]:
    with av.open(str(film)) as container:
        shown = [rgb(frame) for frame in islice(container.decode(video=0), max(frames) + 1)]
    return [shown[index] for index in frames]
