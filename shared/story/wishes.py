"""What a user wants of a video now: for which revision it holds, and whether anything still runs.

Facts are only ever added, so what is read here from a view can be put in order: a *wish* with a
higher number was read from more of them.
"""

from typing import Literal, NamedTuple

from shared.story.events import (
    BeatsPlanned,
    Numbered,
    RevisionRequested,
    VideoCompleted,
    VideoDeleted,
    VideoFailed,
    VideoRequested,
    VideoSteered,
    WavesCompleted,
)
from shared.story.fact import Micros
from shared.story.view import View

Desired = Literal["running", "paused", "cancelled"]

FIRST_REV = 1

_REVISED: tuple[type[Numbered], ...] = (
    RevisionRequested,
    BeatsPlanned,
    WavesCompleted,
    VideoCompleted,
    VideoFailed,
)

MOST_STEERINGS = 1_000_000
"""Of one revision: more than anybody will ever ask for."""


class Wish(NamedTuple):
    """What is wanted of a video, and the place of that among all wishes for it."""

    desired: Desired
    number: int
    cap: Micros | None = None
    """The most that the video may cost in all; None leaves that as it was."""


def number_wish(rev: int, steering: int, place: int = 0) -> int:
    """Return the number of a wish: `place` is 0 where it rests, 1 where it runs, 2 once it is over.

    Within one revision and one steering a video can only go that way.
    """
    return 4 * (rev * MOST_STEERINGS + steering) + place


UNTOUCHED = number_wish(FIRST_REV, 0, 1)
"""The number of the wish that every video begins with: that it runs."""


def find_rev(view: View) -> int:
    """Return the latest revision that was asked for, or that any service has answered with."""
    # from every event that names one: a plan may be heard of before the request that it answers
    return max((fact.rev for cls in _REVISED if (fact := view.latest(cls))), default=0)


def is_deleting(view: View) -> bool:
    """Tell whether a video is to be deleted, or is deleted: of that there is no way back."""
    return any(s.delete for s in view.all(VideoSteered)) or view.one(VideoDeleted) is not None


def is_cancelled(view: View) -> bool:
    """Tell whether the latest revision is cancelled: no other wish for it counts any more.

    Only a retry goes on with what was cancelled. Any other change was asked for without knowing of
    it, at the same moment, and is cancelled with what it was to change.
    """
    if is_deleting(view):
        return True
    revs = [s.plan_rev for s in view.all(VideoSteered) if s.desired == "cancelled"]
    if not revs:
        return False
    later = [asked for asked in view.all(RevisionRequested) if asked.rev > max(revs)]
    if later:
        return all(asked.action != "retry" for asked in later)
    return max(revs) >= find_rev(view)


def _is_paused(view: View) -> bool:
    """Tell whether the user's last word was a pause."""
    steered = view.latest(VideoSteered)
    return steered is not None and steered.desired == "paused"


def find_desired(view: View) -> Desired:
    """Return what the user wants of the latest revision."""
    if is_cancelled(view):
        return "cancelled"
    # the retry of what was cancelled is wanted: why else was it asked for?
    return "paused" if _is_paused(view) else "running"


def is_over(view: View) -> bool:
    """Tell whether the latest revision has ended, or is cancelled."""
    ends = [end.rev for end in (view.latest(VideoCompleted), view.latest(VideoFailed)) if end]
    return is_cancelled(view) or (bool(ends) and max(ends) >= find_rev(view))


def find_wish(view: View, *, has_turn: bool = True) -> Wish:
    """Return what may go on in a video: nothing once it is over, and nothing before its turn."""
    rev, steering, cap = max(find_rev(view), FIRST_REV), find_steering(view), _find_cap(view)
    if is_over(view):
        return Wish("cancelled", number_wish(rev, steering, 2), cap)
    if _is_paused(view) or not has_turn:
        return Wish("paused", number_wish(rev, steering), cap)
    return Wish("running", number_wish(rev, steering, 1), cap)


def _find_cap(view: View) -> Micros | None:
    steered = view.latest(VideoSteered)
    return steered.cap if steered else None


def find_steering(view: View) -> int:
    """Return how often the user has said what is wanted."""
    steered = view.latest(VideoSteered)
    return steered.rev if steered else 0


def build_steering(
    view: View, desired: Desired, plan_rev: int, *, delete: bool = False
) -> VideoSteered:
    """Return the user's next wish: all that was wanted before still is, but for this."""
    before = view.latest(VideoSteered) or _read_request(view)
    change: dict[str, object] = {"rev": before.rev + 1, "desired": desired, "plan_rev": plan_rev}
    change |= {"at": 0, "delete": delete or before.delete}
    return before.model_copy(update=change)


def _read_request(view: View) -> VideoSteered:
    """Return what was wanted at first: the request says it, before any wish does."""
    first = VideoSteered(video_id=view.video_id, rev=0)
    request = view.one(VideoRequested)
    if request is None:
        return first
    wanted = {"cap": request.brief.budget, "priority": request.brief.priority}
    return first.model_copy(update=wanted)
