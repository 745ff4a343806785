"""A history of events, and what the user sees of it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.read.actions import ALLOWED, FINAL, Action, Status
from services.gateway.read.files import find_file
from services.gateway.read.stages import StageRecord, measure_weights
from services.gateway.read.status import VideoStatus, read_status
from shared.story.beats import ChunkError, Truncation
from shared.story.events import (
    DeadLettered,
    Event,
    RevisionRequested,
    VideoCompleted,
    VideoDeleted,
    VideoFailed,
    VideoSteered,
    WavesCompleted,
)
from shared.story.kinds import (
    IMAGE,
    VOICE,
    ChunkFailed,
    ChunkReady,
    ClipConformed,
    ImageFailed,
    Stage,
    VoiceFailed,
    clip_job,
)
from tests.histories import (
    VIDEO,
    clips,
    completed,
    cut,
    full_plan,
    images,
    requested,
    segments,
    sounds,
    view,
    waves,
    whole,
)

PLAN = full_plan(beats=3, chunks=2)


def seen(*events: Event) -> VideoStatus:
    now = read_status(view(events))
    assert now is not None
    return now


def stage(now: VideoStatus, name: Stage) -> StageRecord:
    return next(record for record in now.stages if record.name is name)


# ── percent ─────────────────────────────────────────────────────────────────────────────────────


def test_the_marks_of_the_stages() -> None:
    told: list[Event] = [requested()]
    assert seen(*told).percent == 5
    told.append(PLAN)
    assert seen(*told).percent == 45
    told += images(PLAN)
    assert seen(*told).percent == 70
    told += [*sounds(PLAN), *clips(PLAN)]
    assert seen(*told).percent == 95
    told += [waves(PLAN), *segments(PLAN), cut(PLAN)]
    assert seen(*told).percent == 100


def test_in_proportion_within_a_stage() -> None:
    assert seen(requested(), PLAN, *images(PLAN)[:1]).percent == 45 + 25 // 3
    half = seen(requested(), PLAN, *images(PLAN), *clips(PLAN)[:3])
    assert half.percent == 70 + 12
    assert (stage(half, Stage.CLIPS).done, stage(half, Stage.CLIPS).total) == (3, 6)
    assert stage(half, Stage.CLIPS).percent == 50


def test_weights_fixed_at_the_request_decide_instead_of_the_marks() -> None:
    weights = {"plan": 9.5, "images": 0.0, "soundtrack": 9.5, "clips": 66.5, "cut": 9.5}
    request = requested().model_copy(update={"stage_weights": weights})
    assert seen(request, PLAN).percent == 14
    assert seen(request, PLAN, *images(PLAN), *sounds(PLAN)).percent == 24
    assert seen(request, PLAN, *whole(PLAN)[2:]).percent == 100


def test_weights_are_measured_over_the_stages_of_completed_videos() -> None:
    done = seen(*whole(PLAN))
    weights = measure_weights([done.stages, done.stages])
    assert sum(weights.values()) == pytest.approx(95)
    # plan 1 s, clips from the first image (3 s) to the last clip (4.005 s), cut from 4 s to 6 s
    assert weights["clips"] / weights["plan"] == pytest.approx(1.005)
    assert weights["cut"] / weights["plan"] == pytest.approx(2.0)


def test_nothing_measured_leaves_the_marks() -> None:
    assert measure_weights([]) == {}
    assert measure_weights([seen(requested()).stages]) == {}


FAILING: list[Event] = [
    ImageFailed(video_id=VIDEO, at=3_100, beat=2, error="no", job=IMAGE.job(PLAN, beat=2)),
    *(
        ChunkFailed(
            video_id=VIDEO, at=4_500, beat=c.beat, n=c.index, error="no", job=clip_job(PLAN, c)
        )
        for c in PLAN.chunks[2:]
    ),
    WavesCompleted(video_id=VIDEO, at=5_000, rev=1, total=6, succeeded=2),
    VideoFailed(video_id=VIDEO, at=5_200, rev=1, phase="clips", error="too few"),
    VideoSteered(video_id=VIDEO, at=10, rev=1, desired="paused"),
    VideoSteered(video_id=VIDEO, at=20, rev=2),
]
_ENDED = {getattr(event, "job", None) for event in FAILING}
GONE_WRONG = FAILING + [
    event
    for event in [PLAN, *images(PLAN), *sounds(PLAN), *clips(PLAN)]
    if getattr(event, "job", "") not in _ENDED
]


@given(st.permutations(whole(PLAN)[1:]))
def test_percent_and_stage_never_go_back_in_whatever_order_facts_arrive(facts: list[Event]) -> None:
    _never_back([requested(), *facts])


@given(st.permutations(GONE_WRONG))
def test_nor_when_things_fail(facts: list[Event]) -> None:
    _never_back([requested(), *facts])


@given(st.permutations([*whole(PLAN)[1:], *whole(full_plan(rev=2))[1:]]))
def test_nor_within_a_revision(facts: list[Event]) -> None:
    _never_back([requested(), *facts])


def _never_back(facts: list[Event]) -> None:
    order = list(Stage)
    before = (0, 0, 0)
    for n in range(1, len(facts) + 1):
        now = seen(*facts[:n])
        after = (now.rev, now.percent, order.index(now.stage))
        if after[0] == before[0]:
            assert after[1] >= before[1] and after[2] >= before[2]
        assert after[0] >= before[0]
        before = after


@given(st.permutations([requested(), *GONE_WRONG]), st.integers(0, 10))
def test_any_order_and_any_duplicates_show_the_same(facts: list[Event], twice: int) -> None:
    assert seen(*facts, *facts[:twice]) == seen(requested(), *GONE_WRONG)


# ── status ──────────────────────────────────────────────────────────────────────────────────────

FAILED = VideoFailed(video_id=VIDEO, at=9, rev=1, phase="clips", item="beat 1", error="too few")
PAUSED = VideoSteered(video_id=VIDEO, at=9, rev=1, desired="paused")
CANCELLED = VideoSteered(video_id=VIDEO, at=9, rev=2, desired="cancelled")
RETRIED = RevisionRequested(video_id=VIDEO, at=9_000, rev=2, action="retry", again=())
PAUSED_LATER = VideoSteered(video_id=VIDEO, at=9_500, rev=3, desired="paused", plan_rev=2)


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ([], Status.QUEUED),
        ([PLAN], Status.RUNNING),
        ([PLAN, PAUSED], Status.PAUSED),
        ([PLAN, PAUSED, VideoSteered(video_id=VIDEO, rev=2)], Status.RUNNING),
        ([PLAN, CANCELLED, PAUSED], Status.CANCELLED),
        ([PLAN, FAILED], Status.FAILED),
        ([PLAN, FAILED, PAUSED], Status.FAILED),
        ([PLAN, FAILED, full_plan(rev=2)], Status.RUNNING),
        ([PLAN, completed(PLAN)], Status.COMPLETED),
        ([PLAN, completed(PLAN), PAUSED], Status.COMPLETED),
        ([PLAN, completed(PLAN), CANCELLED], Status.CANCELLED),
        ([PLAN, FAILED, CANCELLED], Status.CANCELLED),
        ([PLAN, CANCELLED, VideoSteered(video_id=VIDEO, rev=3)], Status.CANCELLED),
        ([PLAN, CANCELLED, full_plan(rev=2)], Status.RUNNING),
        ([PLAN, CANCELLED, RETRIED], Status.QUEUED),
        ([PLAN, CANCELLED, RETRIED, full_plan(rev=2), PAUSED_LATER], Status.PAUSED),
        ([PLAN, completed(PLAN), full_plan(rev=2)], Status.RUNNING),
    ],
)
def test_statuses(facts: list[Event], word: Status) -> None:
    assert seen(requested(), *facts).status is word


def test_every_status_says_what_it_allows_and_only_completed_videos_are_downloaded() -> None:
    assert ALLOWED.keys() == set(Status)
    assert [word for word, can in ALLOWED.items() if Action.DOWNLOAD in can] == ["completed"]
    assert all(Action.CANCEL not in ALLOWED[word] for word in FINAL)


def test_a_cancelled_video_has_not_failed_whatever_its_jobs_ended_in() -> None:
    now = seen(requested(), PLAN, FAILED, CANCELLED)
    assert (now.error, now.failed_at) == (None, None)


def test_a_failure_names_phase_item_and_cause() -> None:
    now = seen(requested(), PLAN, *images(PLAN), FAILED)
    assert now.failed_at is not None
    assert (now.failed_at.phase, now.failed_at.item, now.error) == ("clips", "beat 1", "too few")
    assert stage(now, Stage.CLIPS).status == "failed"
    assert stage(now, Stage.SOUNDTRACK).status == "stopped"


@pytest.mark.parametrize("settled", [True, False], ids=["all failed", "some never begun"])
def test_a_video_without_clips_enough_stands_where_its_clips_stopped(settled: bool) -> None:
    """Two of six, and three were needed: the segments of those two do not make it a cut."""
    lost = [fact for fact in FAILING if isinstance(fact, ChunkFailed)]
    told = [requested(), PLAN, *images(PLAN), *sounds(PLAN), *clips(PLAN)[:2]]
    told += [*(lost if settled else lost[:1]), *segments(PLAN)[:2]]
    over = [fact for fact in FAILING if isinstance(fact, WavesCompleted | VideoFailed)]
    shown = [seen(*told, *over[:n]) for n in range(3)]
    assert {(now.stage, now.percent) for now in shown} == {(Stage.CLIPS, 70 + 25 * 2 // 6 + 1)}
    assert [stage(now, Stage.CLIPS).status for now in shown] == ["running", "running", "failed"]
    assert (stage(shown[2], Stage.CLIPS).percent, stage(shown[2], Stage.CUT).percent) == (33, 25)


def test_a_deleted_video_is_no_video() -> None:
    assert read_status(view([requested(), VideoDeleted(video_id=VIDEO)])) is None
    assert read_status(view([PLAN])) is None


# ── what else is shown ──────────────────────────────────────────────────────────────────────────


def test_times_of_the_video_and_its_stages() -> None:
    now = seen(*whole(PLAN))
    assert now.created_at == datetime.fromtimestamp(1, UTC)
    assert now.completed_at == now.updated_at == datetime.fromtimestamp(6.5, UTC)
    record = stage(now, Stage.IMAGES)
    assert record.started_at == datetime.fromtimestamp(2, UTC)
    assert record.ended_at == datetime.fromtimestamp(3.002, UTC)
    assert all(record.status == "completed" for record in now.stages)


def test_a_stage_ends_with_its_last_piece_and_that_stays_so() -> None:
    """Sounds end long before clips and cut; nothing that comes later changes when."""
    told: list[Event] = [requested(), PLAN, *images(PLAN), *sounds(PLAN)]
    ends = []
    for later in ([], clips(PLAN), [waves(PLAN)], segments(PLAN), [cut(PLAN)], [completed(PLAN)]):
        told += later
        now = seen(*told)
        ends.append((stage(now, Stage.IMAGES).ended_at, stage(now, Stage.SOUNDTRACK).ended_at))
    assert set(ends) == {(datetime.fromtimestamp(3.002, UTC), datetime.fromtimestamp(3.6, UTC))}
    assert stage(now, Stage.CLIPS).ended_at == datetime.fromtimestamp(4.005, UTC)
    assert stage(now, Stage.CUT).ended_at == datetime.fromtimestamp(6, UTC)


def test_a_stage_with_missing_pieces_ends_when_nothing_more_comes() -> None:
    missing = clips(PLAN)[:5]
    over = WavesCompleted(video_id=VIDEO, at=5_000, rev=1, total=6, succeeded=5)
    now = seen(requested(), PLAN, *images(PLAN), *missing)
    assert stage(now, Stage.CLIPS).ended_at is None
    now = seen(requested(), PLAN, *images(PLAN), *missing, over)
    record = stage(now, Stage.CLIPS)
    assert (record.status, record.percent) == ("completed", 100)
    assert record.ended_at == datetime.fromtimestamp(5, UTC)


def test_cost_is_the_exact_sum_of_all_ends() -> None:
    assert seen(*whole(PLAN)).cost == 7 + 3 * 10 + 6 * 100


def test_a_truncated_plan_says_so() -> None:
    truncation = Truncation(at=1, video_id=VIDEO, before=10, after=3)
    assert seen(requested(), full_plan(truncation=truncation)).truncation == truncation


def test_what_is_lacking_is_told_in_words() -> None:
    voice = VoiceFailed(video_id=VIDEO, beat=1, error="no voice", job=VOICE.job(PLAN, beat=1))
    filled = ClipConformed(
        video_id=VIDEO,
        job=f"{VIDEO}/conform/0/1/0",
        chunk=1,
        beat=0,
        key="k",
        frames=9,
        filled="the clip was broken",
    )
    lost = DeadLettered(
        video_id=VIDEO, service="chunker", topic="image-ready", position="3-9", error="not JSON"
    )
    told = [note.message for note in seen(requested(), PLAN, voice, filled, lost).warnings]
    assert told == [
        "beat 1 stays silent: no voice",
        "clip 1 is filled with a still: the clip was broken",
        "a message was lost: not JSON",
    ]


def test_what_could_be_neither_burnt_nor_heard_is_told_until_a_revision_replaces_it() -> None:
    [first, *_] = segments(PLAN)
    unburnt = first.model_copy(update={"unburnt": "no font"})
    unburnt = unburnt.model_copy(update={"unwritten": ("the end card has no headline",)})
    lacks = {"unheard": ("a clip holds no sound",), "unwritten": ("the sheet lacks texts",)}
    unheard = cut(PLAN).model_copy(update=lacks)
    said = seen(requested(), PLAN, unburnt, unheard)
    assert [note.message for note in said.warnings] == [
        "clip 0 has no captions: no font", "the end card has no headline", "a clip holds no sound",
        "the sheet lacks texts",
    ]  # fmt: skip
    again = full_plan(beats=3, chunks=2, rev=2, takes={"conform/0": 1})
    assert seen(requested(), PLAN, unburnt, unheard, again).warnings == ()


def test_what_looks_wrong_with_a_clip_is_told_until_it_is_made_again_or_left_out() -> None:
    clip = ChunkReady(
        video_id=VIDEO,
        job=f"{VIDEO}/clip/0/1/0",
        chunk=1,
        beat=0,
        n=1,
        kind="continuous",
        key="k",
        seconds=5,
        doubts=("is frozen: nothing moves for 3.1 s", "flickers: 5 flashes within a second"),
    )
    [note, other] = seen(requested(), PLAN, clip).warnings
    assert (note.stage, note.item) == ("clips", "clip 1")
    assert note.message == "clip 1 is frozen: nothing moves for 3.1 s"
    assert other.message == "clip 1 flickers: 5 flashes within a second"
    again = full_plan(beats=3, chunks=2, rev=2, takes={"clip/1": 1})
    assert seen(requested(), PLAN, clip, again).warnings == ()
    filled = segments(PLAN)[1].model_copy(update={"filled": "the clip was broken"})
    assert [note.message for note in seen(requested(), PLAN, clip, filled).warnings] == [
        "clip 1 is filled with a still: the clip was broken"
    ]


def test_a_failure_that_a_revision_replaced_is_not_lacking() -> None:
    failed = ImageFailed(video_id=VIDEO, beat=0, error="no", job=IMAGE.job(PLAN, beat=0))
    again = full_plan(rev=2, takes={"image/0": 1})
    asked = RevisionRequested(video_id=VIDEO, rev=2, action="retry", beat=0)
    now = seen(requested(), PLAN, failed, asked, again)
    assert now.warnings == ()
    assert now.retries == 1


def test_chunks_before_and_after_the_waves_are_over() -> None:
    lost = ChunkFailed(
        video_id=VIDEO, beat=1, n=2, error="no luck", job=clip_job(PLAN, PLAN.chunks[2])
    )
    now = seen(requested(), PLAN, *clips(PLAN)[:2], lost)
    assert now.chunks is not None
    assert (now.chunks.total, now.chunks.succeeded) == (6, 2)
    assert now.chunks.beats == {0: 0, 2: 1, 4: 2}
    assert now.chunks.failed == (ChunkError(chunk=2, beat=1, error="no luck"),)
    assert now.chunks.urls == tuple(f"/v1/videos/{VIDEO}/chunks/{n}" for n in (0, 1))
    failed = (*now.chunks.failed, ChunkError(chunk=3, beat=1, error="nothing to go on from"))
    over = WavesCompleted(video_id=VIDEO, rev=1, total=6, succeeded=4, failed=failed)
    later = seen(requested(), PLAN, *clips(PLAN)[:2], lost, over)
    assert later.chunks is not None
    assert later.chunks.failed == failed


def test_what_failed_says_why_in_a_word_for_programs() -> None:
    job = clip_job(PLAN, PLAN.chunks[2])
    lost = ChunkFailed(
        video_id=VIDEO, beat=1, n=2, error="it was late", code="timeout", tries=3, job=job
    )
    now = seen(requested(), PLAN, *clips(PLAN)[:2], lost)
    assert now.chunks is not None
    assert [each.code for each in now.chunks.failed] == ["timeout"]
    assert (now.error_code, stage(now, Stage.CLIPS).error_code) == (None, "timeout")
    assert stage(now, Stage.IMAGES).error is None
    over = VideoFailed(video_id=VIDEO, rev=1, phase="clips", error="too few", code="timeout")
    failed = seen(requested(), PLAN, *clips(PLAN)[:2], lost, over)
    assert (failed.error_code, stage(failed, Stage.CLIPS).error) == ("timeout", "it was late")
    before = over.model_copy(update={"code": "", "phase": "plan"})
    assert seen(requested(), before).error_code == "internal"
    assert stage(seen(requested(), before), Stage.PLAN).error_code == "internal"


def test_links_lead_to_what_there_is() -> None:
    assert set(seen(requested()).links) == {"self", "events"}
    links = seen(*whole(PLAN)).links
    assert links["media"] == f"/v1/videos/{VIDEO}/media"
    assert {"poster", "captions.srt", "captions.vtt", "contact"} <= links.keys()
    assert links["hls"] == f"/v1/videos/{VIDEO}/hls/1/playlist.m3u8"


def test_files_of_the_latest_finished_revision() -> None:
    done = VideoCompleted.model_validate(
        {**completed(full_plan(rev=2)).model_dump(), "key": "second.mp4"}
    )
    both = view([*whole(PLAN), full_plan(rev=2), done, full_plan(rev=3)])
    assert find_file(both, "media") == "second.mp4"
    assert find_file(both, "vtt") == "captions.vtt"
    assert find_file(both, "media", rev=1) == "final.mp4"
    assert find_file(both, "media", rev=3) is None
    assert find_file(view([requested()]), "media") is None


def test_a_video_that_is_to_be_reframed_runs_again_and_then_has_another_shape() -> None:
    asked = RevisionRequested(video_id=VIDEO, rev=2, action="reframe", aspect="1:1")
    told = [*whole(PLAN), asked]
    now = seen(*told)
    assert (now.status, now.rev, now.aspect, now.revisions) == (Status.RUNNING, 2, "9:16", (1,))
    square = full_plan(beats=3, chunks=2, rev=2)
    square = square.model_copy(update={"brief": square.brief.model_copy(update={"aspect": "1:1"})})
    after = seen(*told, square, completed(square))
    assert (after.status, after.aspect, after.revisions) == (Status.COMPLETED, "1:1", (1, 2))
