"""A user's wishes for a video: that it rests, goes on, is cancelled, or is tried again.

The one table of what a status allows stands in read/actions.py. To ask for what is so already
changes nothing, so that a client may repeat what it has had no answer to.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.gateway.answers import SERVED
from services.gateway.errors.problems import NotNow, VideoGone
from services.gateway.intake import Emit
from services.gateway.read.actions import FINAL, OF_BEATS, Action, Status
from services.gateway.read.retry import (
    find_flagged,
    foresee_plan,
    is_prompt_refused,
    list_again,
)
from services.gateway.read.status import VideoStatus, read_status, say_where
from services.gateway.read.videos import Videos
from shared.jobs.gate import Gate
from shared.jobs.unresolved import list_unresolved
from shared.ports import Store
from shared.story.brief import Review
from shared.story.events import BeatsPlanned, RevisionRequested, VideoSteered
from shared.story.kinds import KINDS
from shared.story.reviews import build_approval, read_approval
from shared.story.view import View
from shared.story.wishes import FIRST_REV, Desired, build_steering, find_steering, number_wish

_DESIRED: Mapping[Action, Desired] = {
    Action.PAUSE: "paused",
    Action.RESUME: "running",
    Action.CANCEL: "cancelled",
}


@dataclass(frozen=True)
class Wishes:
    """Notes what users want of their videos."""

    videos: Videos
    emit: Emit
    gate: Gate
    store: Store
    list_jobs: Callable[[str], Awaitable[set[str]]]
    """Returns the ids of all jobs that a video has, or has had."""

    async def steer(self, video_id: str, owner: str, action: Action) -> None:
        """Pause, resume or cancel a video; refuse what its status does not allow."""
        while True:
            view, now = await self._find(video_id, owner)
            if _is_wished(view, now.status, action):
                return
            check_allowed(now, action)
            desired = _DESIRED[action]
            asked = build_steering(view, desired, max(now.rev, FIRST_REV))
            await self.emit([asked])
            after, _ = await self._find(video_id, owner)
            # of two wishes with one number the first is a fact, and the other comes after it
            if any(s.rev == asked.rev and s.desired == desired for s in after.all(VideoSteered)):
                return

    async def delete(self, video_id: str, owner: str) -> bool:
        """Have a video deleted; tell whether it is gone already, or something is still stopped."""
        try:
            while True:
                view, now = await self._find(video_id, owner)
                await self._check_resolved(video_id, owner)
                if now.status is Status.DELETING:
                    return False
                rev = max(now.rev, FIRST_REV)
                await self.emit([build_steering(view, "cancelled", rev, delete=True)])
        except VideoGone:
            return True

    async def _check_resolved(self, video_id: str, owner: str) -> None:
        """Refuse while nobody knows what an attempt has cost: its receipt would be lost."""
        unknown = await list_unresolved(self.store, owner)
        jobs = [each.job for each in unknown if each.video_id == video_id]
        if jobs:
            raise NotNow(
                f"It is not known what {' and '.join(jobs[:3])} of this video has cost: say it "
                "first (POST /v1/jobs/unresolved, or `storywave jobs unresolved`).",
            )

    async def approve(self, video_id: str, owner: str, what: Review, rev: int) -> None:
        """Let a video go on beyond what its user has looked at, and wants as it is."""
        while True:
            view, now = await self._find(video_id, owner)
            if is_noted(view, what, rev):
                return
            if now.status is Status.AWAITING_APPROVAL and (now.awaiting, now.rev) != (what, rev):
                raise NotNow(
                    f"What waits for approval is the {now.awaiting} of revision {now.rev}, not the "
                    f"{what} of revision {rev}: look at it as it is now, and approve that.",
                    f"See GET {now.links['self']}/{now.awaiting}.",
                )
            check_allowed(now, Action.APPROVE)
            asked = build_approval(view, what, rev)
            await self.emit([asked])
            after, _ = await self._find(video_id, owner)
            if is_noted(after, what, rev):
                return

    async def retry(self, video_id: str, owner: str) -> None:
        """Ask for the next revision, in which only what has failed is made again."""
        view, now = await self._find(video_id, owner)
        if is_asked(view):
            return
        last = view.latest(RevisionRequested)
        if last and last.action == "retry" and last.rev == now.rev and now.status not in FINAL:
            return
        plan, rev = foresee_plan(view, KINDS), max(now.rev, FIRST_REV) + 1
        if is_prompt_refused(view, plan):
            raise NotNow(
                "The provider refuses what this video was to be made of, and it would refuse it "
                "again: ask for another video, in other words."
            )
        if now.status is not Status.COMPLETED:  # of that, the reason is told where there is nothing
            check_allowed(now, Action.RETRY)
        await self._check_settled(view, now)
        again = list_again(view, plan, KINDS) if plan else ()
        if plan and not again:
            _check_use(view, plan, now.status)
        # The gate lets nothing run before it is known here that this revision is wanted: the jobs
        # of a cancelled one would be stopped.
        await self.gate.steer(video_id, "paused", number_wish(rev, find_steering(view)))
        asked = RevisionRequested(
            video_id=video_id, rev=rev, action="retry", again=again, request=SERVED.get()
        )
        await self.emit([build_steering(view, "running", rev), asked])
        after, _ = await self._find(video_id, owner)
        if any(r.rev == rev and r.action != "retry" for r in after.all(RevisionRequested)):
            raise NotNow("Another change of this video came first: try again when it is made.")

    async def _find(self, video_id: str, owner: str) -> tuple[View, VideoStatus]:
        view = await self.videos.find(video_id, owner)
        now = read_status(view)
        assert now is not None, "a view that was just found has a status"
        return view, now

    async def _check_settled(self, view: View, now: VideoStatus) -> None:
        """Refuse while a job is still being stopped: its result may come, and is paid for."""
        open_ = await self.list_jobs(view.video_id) - view.ends.keys()
        if open_:
            raise NotNow(
                f"The video is {now.status}, and {len(open_)} of its jobs are still being stopped: "
                "what they cost and what they give is not known yet. Try again in a moment."
            )


def check_allowed(now: VideoStatus, action: Action) -> None:
    """Refuse what the status of a video does not allow, and say what it does."""
    if action in now.actions:
        return
    allowed = ", ".join(each for each in now.actions if each not in OF_BEATS)
    beats = ", ".join(each for each in now.actions if each in OF_BEATS)
    allowed += f"; for its beats {beats}" if beats else ""
    raise NotNow(
        f"The video is {now.status} ({now.percent} %), and that does not allow {action}. "
        f"It allows {allowed}.",
        say_where(now),
    )


def is_asked(view: View) -> bool:
    """Tell whether this very request has asked already, and a crash has taken its answer."""
    request = SERVED.get()
    return bool(request) and any(asked.request == request for asked in view.all(RevisionRequested))


def refuse_flagged(name: str) -> NotNow:
    """Return the refusal to send again, as it is, what a provider takes offence at."""
    return NotNow(
        f"The provider refuses what {name} shows, and it would refuse it again: "
        "change the words or the picture first."
    )


def is_noted(view: View, what: Review, rev: int) -> bool:
    """Tell whether this of a video is approved at a revision, or at a later one."""
    known = (read_approval(steered, what) for steered in view.all(VideoSteered))
    return any(approved is not None and approved >= rev for approved in known)


def _is_wished(view: View, status: Status, action: Action) -> bool:
    """Tell whether the video's user has asked for this already, and it holds."""
    if action is Action.RESUME:
        steered = view.latest(VideoSteered)
        was_steered = steered is not None and steered.rev > 0
        under_way = (Status.QUEUED, Status.RUNNING, Status.AWAITING_APPROVAL)
        return was_steered and status in under_way
    return status is (Status.PAUSED if action is Action.PAUSE else Status.CANCELLED)


def _check_use(view: View, plan: BeatsPlanned, status: Status) -> None:
    """Refuse a retry that would make nothing again, where that could not help."""
    flagged = find_flagged(view, plan, KINDS)
    if flagged:
        raise refuse_flagged(flagged)
    if status is Status.COMPLETED:
        raise NotNow("Nothing of this video has failed: there is nothing to try again.")
