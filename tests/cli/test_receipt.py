"""A receipt says what a finished video lacks, each lack on a line of its own."""

from pathlib import Path

from services.cli.receipt import format_receipt
from services.gateway.read.status import read_status
from shared.story.beats import Truncation
from shared.story.events import BeatsPlanned, Event
from tests.histories import VIDEO, completed, cut, full_plan, requested, view


def warnings(plan: BeatsPlanned, *events: Event) -> list[str]:
    seen = view([requested(), plan, *events, completed(plan)])
    now = read_status(seen)
    assert now is not None
    lines = list(format_receipt(now, seen, None, Path("data")))
    return [line for line in lines if line.startswith("  warning   ")]


def test_nothing_lacking_is_no_warning() -> None:
    plan = full_plan()
    assert warnings(plan, cut(plan)) == []


def test_beats_a_plan_gave_up_and_words_not_said_are_a_line_each() -> None:
    plan = full_plan(truncation=Truncation(video_id=VIDEO, before=10, after=3))
    long = 'voice 1 is too long for its beat, "of\nthe sea" is not said'
    short = cut(plan).model_copy(update={"unheard": (long, "clip 0 has no sound of its own")})
    assert warnings(plan, short) == [
        "  warning   10 beats were too many for its length: only the first 3 are in it",
        '  warning   voice 1 is too long for its beat, "of the sea" is not said',
        "  warning   clip 0 has no sound of its own",
    ]
