"""Histories of one video, as the gateway hears them."""

from collections.abc import Iterable

from shared.story.beats import Beat, plan_chunks
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, Event, VideoCompleted, VideoRequested, WavesCompleted
from shared.story.kinds import (
    CARD,
    CONFORM,
    CUT,
    IMAGE,
    MUSIC,
    VOICE,
    CardReady,
    ChunkReady,
    ClipConformed,
    ImageReady,
    MusicReady,
    VideoCut,
    VoiceReady,
    clip_job,
)
from shared.story.view import View

VIDEO = "a" * 32


def view(events: Iterable[Event], video_id: str = VIDEO) -> View:
    return View(video_id, events)


def requested(video_id: str = VIDEO, **known: object) -> VideoRequested:
    brief = Brief(prompt="a lighthouse keeper who paints the sea", **known)
    return VideoRequested(video_id=video_id, at=1_000, brief=brief)


def planned(
    beats: int = 3, chunks: int = 2, rev: int = 1, video_id: str = VIDEO, **known: object
) -> BeatsPlanned:
    """A plan whose beats each have so many chunks."""
    seconds = 5.0 * chunks
    story = [
        Beat(index=n, start=n * seconds, duration=seconds, prompt=f"scene {n}", narration="So.")
        for n in range(beats)
    ]
    return BeatsPlanned(
        video_id=video_id,
        rev=rev,
        at=2_000 * rev,
        brief=requested(video_id).brief,
        title="The keeper",
        beats=tuple(story),
        chunks=plan_chunks(story, 5.0),
        job=f"{video_id}/plan/0/0/1" if rev == 1 else None,
        cost=7 if rev == 1 else 0,
        **known,
    )


def images(plan: BeatsPlanned) -> list[ImageReady]:
    return [
        ImageReady(
            video_id=plan.video_id,
            at=3_000 + beat.index,
            beat=beat.index,
            job=IMAGE.wanted(plan, beat=beat.index),
            key=f"image-{beat.index}.png",
            cost=10,
        )
        for beat in plan.beats
    ]


def sounds(plan: BeatsPlanned) -> list[Event]:
    voices = [
        VoiceReady(
            video_id=plan.video_id,
            at=3_500,
            beat=beat.index,
            job=VOICE.wanted(plan, beat=beat.index),
            key="voice.wav",
            seconds=2.0,
        )
        for beat in plan.beats
    ]
    music = MusicReady(
        video_id=plan.video_id, at=3_600, job=MUSIC.wanted(plan), key="m.wav", seconds=30
    )
    return [*voices, music]


def clips(plan: BeatsPlanned) -> list[ChunkReady]:
    return [
        ChunkReady(
            video_id=plan.video_id,
            at=4_000 + chunk.index,
            chunk=chunk.index,
            beat=chunk.beat,
            kind=chunk.kind,
            job=clip_job(plan, chunk),
            key=f"clip-{chunk.index}.mp4",
            seconds=chunk.seconds,
            cost=100,
        )
        for chunk in plan.chunks
    ]


def waves(plan: BeatsPlanned) -> WavesCompleted:
    total = len(plan.chunks)
    return WavesCompleted(
        video_id=plan.video_id, at=5_000, rev=plan.rev, total=total, succeeded=total
    )


def segments(plan: BeatsPlanned) -> list[ClipConformed]:
    places = [(chunk.beat, chunk.index) for chunk in plan.chunks]
    return [
        ClipConformed(
            video_id=plan.video_id,
            at=5_500,
            chunk=n,
            beat=beat,
            job=CONFORM.wanted(plan, beat=beat, n=n),
            key=f"segment-{n}.mp4",
            frames=150,
        )
        for beat, n in [*places, (len(plan.beats), len(plan.chunks))]
    ]


def cut(plan: BeatsPlanned) -> VideoCut:
    return VideoCut(
        video_id=plan.video_id,
        at=6_000,
        take=plan.rev,
        job=CUT.wanted(plan),
        key="final.mp4",
        poster_key="poster.jpg",
        seconds=30.0,
        frames=900,
    )


def completed(plan: BeatsPlanned, **known: object) -> VideoCompleted:
    return VideoCompleted(
        video_id=plan.video_id,
        at=6_500,
        rev=plan.rev,
        key="final.mp4",
        poster_key="poster.jpg",
        outputs={
            "srt": "captions.srt",
            "vtt": "captions.vtt",
            "contact": "contact.png",
            "hls": "hls.m3u8",
            "hls_media": "hls_media.m4s",
        },
        seconds=30.0,
        total=len(plan.chunks),
        succeeded=len(plan.chunks),
        generation_ms=5_000,
        **known,
    )


def card(plan: BeatsPlanned) -> CardReady:
    return CardReady(video_id=plan.video_id, at=3_200, job=CARD.wanted(plan), key="card.png")


def whole(plan: BeatsPlanned) -> list[Event]:
    """Everything that happens to a video that goes well."""
    return [
        requested(plan.video_id),
        plan,
        *images(plan),
        card(plan),
        *sounds(plan),
        *clips(plan),
        waves(plan),
        *segments(plan),
        cut(plan),
        completed(plan),
    ]
