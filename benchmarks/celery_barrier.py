"""The same video in Celery chains and groups on Redis: the usual choice, and its barriers.

Every stage waits for all of the stage before it. The tasks do nothing, as our engine does nothing
in this comparison. Settings are Celery's own advice for work that must survive a crash.
"""

import os
import time

from celery import Celery, Task, chain, group

REDIS_VARIABLE = "CELERY_BARRIER_REDIS"
BEATS = 6
CHUNKS_A_BEAT = 2

app = Celery("celery_barrier")
app.conf.update(
    broker_url=os.environ.get(REDIS_VARIABLE),
    result_backend=os.environ.get(REDIS_VARIABLE),
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_connection_retry_on_startup=True,
    worker_send_task_events=False,
)


def _kind(name: str) -> Task:
    """A kind of job that takes no time and answers where its output would lie."""

    def work(video: str, number: int) -> str:
        return f"{video}/{name}/{number}"

    task: Task = app.task(work, name=name)
    return task


plan, image, card, voice, music, clip, conform, cut = map(
    _kind, ("plan", "image", "card", "voice", "music", "clip", "conform", "cut")
)


def flow(video: str) -> chain:
    """Plan; pictures and sounds; all first clips of beats; all that go on from them; join."""
    beats, clips = range(BEATS), BEATS * CHUNKS_A_BEAT
    assets = [job.si(video, beat) for job in (image, voice) for beat in beats]
    waves = [
        group(clip.si(video, beat * CHUNKS_A_BEAT + wave) for beat in beats)
        for wave in range(CHUNKS_A_BEAT)
    ]
    return chain(
        plan.si(video, 0),
        group(*assets, music.si(video, 0), card.si(video, 0)),
        *waves,
        group(conform.si(video, number) for number in range(clips + 1)),
        cut.si(video, 0),
    )


def connect(redis: str) -> None:
    """Use this server; workers are told by their environment."""
    app.conf.update(broker_url=redis, result_backend=redis)


def run(videos: int, limit_seconds: float) -> float:
    """Send so many at once; the seconds until Redis has the last result of each."""
    began = time.monotonic()
    cuts = [flow(f"{began}-{number}").apply_async() for number in range(videos)]
    keys = [app.backend.get_key_for_task(cut.id) for cut in cuts]
    while app.backend.client.exists(*keys) < videos:
        if time.monotonic() > began + limit_seconds:
            raise TimeoutError(f"Celery did not finish {videos} videos in {limit_seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began


def finished() -> int:
    """How many tasks have a result in Redis."""
    return sum(1 for _ in app.backend.client.scan_iter("celery-task-meta-*", count=1000))
