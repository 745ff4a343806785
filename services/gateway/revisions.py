"""Changes of a video: each asks for the next revision of its plan.

What a change makes stale, and what that costs, is known before anything is asked for: the plan that
will answer is derived here as the planner will derive it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from services.gateway.answers import SERVED
from services.gateway.change_checks import check_change
from services.gateway.changes import BeatChange, Change
from services.gateway.errors.problems import Changed, NotNow
from services.gateway.intake import Emit
from services.gateway.read.actions import Action
from services.gateway.read.retry import find_sent_again
from services.gateway.read.stale import RevisionOffer, describe_stale, describe_windows
from services.gateway.read.status import VideoStatus, read_status, say_where
from services.gateway.read.takes import find_beat, list_plans
from services.gateway.read.videos import Videos
from services.gateway.wishes import check_allowed, is_asked, refuse_flagged
from shared.jobs.gate import Gate, sum_committed, sum_spent
from shared.jobs.outcomes import Quote
from shared.runtime.terms import NOTHING_COSTS, Terms
from shared.story.brief import Workflow
from shared.story.budget import find_cap
from shared.story.estimate import estimate_jobs
from shared.story.events import BeatsPlanned, RevisionRequested, VideoRequested
from shared.story.formats import Aspect
from shared.story.goals import GOALS
from shared.story.kinds import KINDS, AnyKind, Item
from shared.story.reviews import goal_of
from shared.story.revise import revise
from shared.story.stale import list_parts, list_stale
from shared.story.view import View
from shared.story.wishes import is_cancelled

PATIENCE, LOOK = 2.0, 0.02
"""Seconds that the answer to the change before is waited for, and between two looks."""


@dataclass(frozen=True)
class Asked:
    """A change that can be made: the plans so far, the event, and the plan that answers it."""

    view: View
    history: Sequence[BeatsPlanned]
    request: RevisionRequested
    after: BeatsPlanned

    @property
    def before(self) -> BeatsPlanned:
        """Return the plan as it is now."""
        return self.history[-1]

    @property
    def is_change(self) -> bool:
        """Tell whether anything would be different."""
        after = self.after.model_copy(update={"rev": self.before.rev})
        names = ("beats", "chunks", "takes", "brief")
        return any(getattr(after, name) != getattr(self.before, name) for name in names)


@dataclass(frozen=True)
class Revisions:
    """Asks the planner for revisions."""

    videos: Videos
    emit: Emit
    list_waiting: Callable[[str], Awaitable[Collection[str]]]
    """Returns the ids of the jobs of a video that wait to begin."""
    gate: Gate | None = None
    terms: Terms = field(default=NOTHING_COSTS)

    async def reframe(self, video_id: str, owner: str, aspect: Aspect) -> None:
        """Ask for the same video in another shape: nothing is generated, or paid, again."""
        now = await self.videos.read_status(video_id, owner)
        if Action.REFRAME not in now.actions:
            raise NotNow(
                f"The video is {now.status} ({now.percent} %). "
                "It can be reframed once it is completed.",
                say_where(now),
            )
        if aspect == now.aspect:
            return  # asked for twice is asked for once
        await self.ask(
            RevisionRequested(video_id=video_id, rev=now.rev + 1, action="reframe", aspect=aspect),
            owner,
        )

    async def go_on(self, video_id: str, owner: str, workflow: Workflow) -> None:
        """Ask for more of a video that has ended before its film: what there is stays."""
        now = await self.videos.read_status(video_id, owner)
        if GOALS[workflow] <= GOALS[now.workflow]:
            check_goal(now, workflow)
            return  # asked for twice is asked for once
        check_allowed(now, Action.CONTINUE)
        await self.ask(
            RevisionRequested(
                video_id=video_id, rev=now.rev + 1, action="continue", workflow=workflow
            ),
            owner,
        )

    async def offer_more(self, video_id: str, owner: str, workflow: Workflow) -> RevisionOffer:
        """Return what a continuation would make, and its price; nothing is asked for."""
        view, now = await self.find_planned(video_id, owner, None)
        is_more = GOALS[workflow] > GOALS[now.workflow]
        if is_more:
            check_allowed(now, Action.CONTINUE)
        else:
            check_goal(now, workflow)
        history = list_plans(view)
        request = RevisionRequested(
            video_id=video_id, rev=now.rev + 1, action="continue", workflow=workflow
        )
        wanted = derive(view, request) if is_more else Asked(view, history, request, history[-1])
        goal = GOALS[workflow]
        parts = [each for each in list_parts(wanted.after, KINDS) if goal_of(each[0].stage) <= goal]
        return await self._price(wanted, [part for part in parts if not _is_made(wanted, part)])

    async def change(
        self, video_id: str, owner: str, beat: int, asked: Change, tags: set[str]
    ) -> None:
        """Ask for a change of one beat. What is so already is not asked for."""
        if is_asked(await self.videos.find(video_id, owner)):
            return
        wanted = await self._check(video_id, owner, beat, asked, tags)
        if wanted.is_change:
            replaced = list_replaced(wanted) & set(await self.list_waiting(video_id))
            stops = tuple(sorted({*wanted.request.stops, *replaced}))
            await self.ask(wanted.request.model_copy(update={"stops": stops}), owner)

    async def offer(
        self, video_id: str, owner: str, beat: int, asked: Change, tags: set[str]
    ) -> RevisionOffer:
        """Return what a change would make again, and its price; nothing is asked for."""
        wanted = await self._check(video_id, owner, beat, asked, tags)
        known = wanted.view.ends.__contains__
        return await self._price(wanted, list_stale(wanted.before, wanted.after, KINDS, known))

    async def _price(self, wanted: Asked, stale: Sequence[tuple[AnyKind, Item]]) -> RevisionOffer:
        """Return the offer for a change that makes these anew."""
        before, after = wanted.before, wanted.after
        ids = {kind.job(after, beat=item.beat, n=item.n) for kind, item in stale}
        ask = self.terms.ask or (lambda job: Quote(0))
        priced = estimate_jobs(after, ids, ask, KINDS)
        committed, spent, cap = await self._read_money(wanted)
        # more may be to come than what is stale, and of that some is held already
        jobs = {kind.job(after, beat=i.beat, n=i.n) for kind, i in list_parts(after, KINDS)}
        to_come = estimate_jobs(after, jobs - wanted.view.ends.keys(), ask, KINDS).total
        needed = max(committed + priced.total, spent + to_come)
        return RevisionOffer(
            **dict(priced),
            rev=wanted.request.rev if wanted.is_change else before.rev,
            stale=tuple(describe_stale(after, stale)),
            windows=tuple(describe_windows(before, after)),
            committed=committed,
            budget=cap,
            is_within_budget=not priced.total or (cap is not None and needed <= cap),
        )

    async def _read_money(self, wanted: Asked) -> tuple[int, int, int | None]:
        """Return what is spent or held already, what of that is spent, and the cap."""
        money = await self.gate.read(wanted.before.video_id) if self.gate else None
        request = wanted.view.one(VideoRequested)
        cap = find_cap(wanted.view, request.brief) if request else None
        return (sum_committed(money), sum_spent(money), cap) if money else (0, 0, cap)

    async def _check(
        self, video_id: str, owner: str, beat: int, asked: Change, tags: set[str]
    ) -> Asked:
        """Return the change as it would be made; refuse one that can't be."""
        view, now = await self.find_planned(video_id, owner, asked.action)
        history = list_plans(view)
        if tags and not tags & {"*", tag_revision(now.rev)}:
            raise Changed(now.rev)
        plan = history[-1]
        old = find_beat(plan, beat)
        check_change(view, history, old, asked)
        request = RevisionRequested.model_validate(
            {
                "video_id": video_id,
                "rev": now.rev + 1,
                "action": asked.action.value,
                "beat": beat,
                "request": SERVED.get(),
                **asked.describe(),
            }
        )
        if isinstance(asked, BeatChange) and not asked.model_dump(exclude_none=True):
            return Asked(view, history, request, plan)
        return derive(view, request)

    async def find_planned(
        self, video_id: str, owner: str, action: Action | None
    ) -> tuple[View, VideoStatus]:
        """Return a video whose latest revision is planned; refuse one that allows no change.

        None: whatever its status allows.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            view = await self.videos.find(video_id, owner)
            now = read_status(view)
            assert now is not None, "a view that was just found has a status"
            if action is not None:
                check_allowed(now, action)
            plan = view.latest(BeatsPlanned)
            if plan is not None and plan.rev >= now.rev:
                return view, now
            # of a change that was asked for a moment ago the plan comes in a moment
            if plan is None or asyncio.get_running_loop().time() > deadline:
                raise NotNow(
                    f"The video is {now.status} ({now.percent} %), and it is still being planned: "
                    "its beats can be changed once there is a plan. Try again in a moment."
                )
            await asyncio.sleep(LOOK)

    async def ask(self, asked: RevisionRequested, owner: str) -> None:
        """Emit a request; refuse it if another for its revision was first: only that counts."""
        await self.emit([asked])
        # Both are facts by now: the view tells which of them counts.
        view = await self.videos.find(asked.video_id, owner)
        heard = {request.rev: request for request in view.all(RevisionRequested)}[asked.rev]
        # the same request may have come before, when other jobs had begun or ended
        differs = {name: getattr(asked, name) for name in ("at", "stops", "kept")}
        if heard.model_copy(update=differs) != asked:
            raise NotNow("Another change of this video came first: try again when it is made.")
        if is_cancelled(view):
            raise NotNow(
                "The video was cancelled just before: its next retry makes this change too."
            )


def _is_made(wanted: Asked, part: tuple[AnyKind, Item]) -> bool:
    """Tell whether a part of the plan has been made, and is not made again."""
    kind, item = part
    return kind.job(wanted.after, beat=item.beat, n=item.n) in wanted.view.ends


def list_replaced(wanted: Asked) -> set[str]:
    """Return the jobs that the plan before wants, and the plan that answers a change does not."""
    before, after = (
        {kind.job(plan, beat=item.beat, n=item.n) for kind, item in list_parts(plan, KINDS)}
        for plan in (wanted.before, wanted.after)
    )
    return before - after


def derive(view: View, request: RevisionRequested) -> Asked:
    """Return a change with the plan that answers it; refuse one that a provider would refuse."""
    history = list_plans(view)
    request = _tell_stopped(view, history[-1], request)
    after = revise(history, request, KINDS)
    if name := find_sent_again(view, history, after, KINDS):
        raise refuse_flagged(name)
    return Asked(view, history, request, after)


def _tell_stopped(view: View, plan: BeatsPlanned, request: RevisionRequested) -> RevisionRequested:
    """Return the request with what has become of jobs that were to be stopped, as known here.

    What was made all the same can be wanted again, for nothing; what was stopped is not there.
    """
    kept = {*request.kept, *(job for job in plan.stopped if is_made(view, job))}
    failures = ((job, view.failure(job)) for job in view.ends)
    lost = {job for job, failure in failures if failure is not None and failure.is_stopped}
    stops = {*request.stops, *(lost - set(plan.stopped))}
    return request.model_copy(update={"kept": tuple(sorted(kept)), "stops": tuple(sorted(stops))})


def is_made(view: View, job: str) -> bool:
    """Tell whether a job has brought what it was to make."""
    return view.end(job) is not None and view.failure(job) is None


def check_goal(now: VideoStatus, workflow: Workflow) -> None:
    """Refuse to continue a video to where it is not to go any more, or never was to end."""
    if GOALS[workflow] < GOALS[now.workflow] or now.workflow == now.request.workflow:
        raise NotNow(
            f"The video is {now.status} ({now.percent} %), and its workflow is {now.workflow}: "
            f"there is nothing to continue to {workflow}.",
            say_where(now),
        )


def tag_revision(rev: int) -> str:
    """Return the ETag of a revision."""
    return f'"{rev}"'
