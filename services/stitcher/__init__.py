"""Reads how all jobs end; ends the video, well or badly; runs conform, cut and animatic."""

from services.stitcher.decide import NAME, decide
from services.stitcher.report import report
from services.stitcher.work import WORK
from shared.runtime.service import Service
from shared.story.events import (
    AttemptSettled,
    BudgetExceeded,
    DeadLettered,
    RevisionRequested,
    VideoCompleted,
    VideoFailed,
    VideoOverdue,
    VideoRequested,
    WavesCompleted,
)
from shared.story.kinds import CARD, CLIP, CUT, IMAGE, MUSIC, PLANNING, REFERENCE, VOICE, WORDS

SERVICE = Service(
    name=NAME,
    reads=(
        VideoRequested,
        RevisionRequested,
        *PLANNING,
        REFERENCE,
        IMAGE,
        CARD,
        VOICE,
        WORDS,
        MUSIC,
        CLIP,
        WavesCompleted,
        BudgetExceeded,
        AttemptSettled,
        VideoFailed,
        DeadLettered,
    ),
    decide=decide,
    ends_videos=True,
    decides=(VideoCompleted, VideoFailed, VideoOverdue),
    work=WORK,
    report={CUT: report},
)
