"""What is said of a video that stops before its film: for an approval, or for good."""

from collections.abc import Iterator

from services.gateway.read.status import VideoStatus
from shared.story.events import BeatsPlanned
from shared.story.goals import GOALS, Goal
from shared.story.kinds import ANIMATIC
from shared.story.view import View


def has_film(now: VideoStatus) -> bool:
    """Tell whether a video is to have a film."""
    return GOALS[now.workflow] >= Goal.FILM


def is_ready_to_look_at(view: View) -> bool:
    """Tell whether all that helps to decide is there: of a storyboard, its animatic too."""
    plan = view.latest(BeatsPlanned)
    return plan is None or all(view.end(job) for job in ANIMATIC.jobs(plan))


def explain_review(now: VideoStatus) -> Iterator[str]:
    """Yield what a video waits for, and how it goes on."""
    look = "storywave plan --video" if now.awaiting == "plan" else "storywave show"
    yield f"stopped: the {now.awaiting} waits for your approval: `{look} {now.id}`"
    yield f"then `storywave approve {now.id}`, and `storywave resume`"


def describe_part(now: VideoStatus, animatic: str | None) -> Iterator[str]:
    """Yield what was made of a video without a film, and how it goes on."""
    if animatic:
        yield animatic
    yield f"  made      {now.workflow}"
    yield f"  cost      ${now.cost / 1_000_000:.4f}"
    yield f"  plan      storywave plan --video {now.id}"
    yield f"  the rest  storywave continue {now.id}, then storywave resume"
    yield f"  id        {now.id}"
