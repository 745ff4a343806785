"""The flow of a video as Celery chains and groups on Redis: the usual choice, with barriers.

Every stage waits for all of the stage before it. The tasks do nothing, and so does our engine in
this comparison. The settings are what Celery's documentation advises for work that must survive a
crash.
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
    worker_send_task_events=False,  # nobody watches them here, and they cost time
)


def _make_task(name: str) -> Task:
    """Return a task that takes no time and answers where its output would lie."""

    def work(video: str, number: int) -> str:
        return f"{video}/{name}/{number}"

    task: Task = app.task(work, name=name)
    return task


plan, image, card, voice, music, clip, conform, cut = map(
    _make_task, ("plan", "image", "card", "voice", "music", "clip", "conform", "cut")
)


def make_flow(video: str) -> chain:
    """Return the stages: plan; pictures, sounds; first clips; clips that go on; segments; cut."""
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
    """Use this server. Workers learn of it from their environment, when they import this module."""
    app.conf.update(broker_url=redis, result_backend=redis)


def run(videos: int, limit_seconds: float) -> float:
    """Send so many videos at once, and return the seconds until Redis has the result of each."""
    began = time.monotonic()
    cuts = [make_flow(f"{began}-{number}").apply_async() for number in range(videos)]
    keys = [app.backend.get_key_for_task(cut.id) for cut in cuts]
    # Asked of Redis in one call: to wait for each result by itself would be slower than the tasks.
    while app.backend.client.exists(*keys) < videos:
        if time.monotonic() > began + limit_seconds:
            raise TimeoutError(f"Celery did not finish {videos} videos in {limit_seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began


def count_results() -> int:
    """Return how many tasks have a result in Redis."""
    return sum(1 for _ in app.backend.client.scan_iter("celery-task-meta-*", count=1000))
