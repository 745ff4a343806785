"""What a service is: the events it reads, one pure decision, and the kinds of job that it runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.jobs import unreadable
from shared.jobs.engine import Engine, Finish, Work
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.times import Waiting
from shared.jobs.untold import UNTOLD
from shared.ports import EXPIRY, Index, Is, Store
from shared.runtime.budgets import Budgets
from shared.runtime.settings import Settings
from shared.story.events import (
    BeatsPlanned,
    BudgetExceeded,
    Event,
    VideoDeleted,
    VideoFailed,
    VideoSteered,
)
from shared.story.goals import Goal, find_goal
from shared.story.kinds import KINDS, AnyKind, Kinds, PlanFailed
from shared.story.plan import is_given_up
from shared.story.reviews import find_awaited, find_limit, goal_of
from shared.story.view import NOTHING, Decision, View
from shared.story.wishes import is_cancelled

NO_PRICES = Budgets(None, KINDS)
"""Nothing is compared: where nothing costs anything."""

Reads = type[Event] | AnyKind
"""An event; or a kind of job, which stands for both events that it can end in."""


@dataclass(frozen=True)
class Service:
    """A service. The shell runs its decision, and the worker its kinds of job."""

    name: str
    decide: Callable[[View, Any], Decision]
    """Decides from the view and the latest plan, which is None where there is none yet."""
    needs_plan: bool = False
    """Without a plan, or after the video was given up, there is nothing to decide."""
    ends_videos: bool = False
    """It decides how a video ends, and so what becomes of one that runs for too long."""
    steers_videos: bool = False
    """It knows first of every wish and revision, and so stops and starts the work on a video."""
    reads: tuple[Reads, ...] = ()
    reads_all: bool = False
    """It reads every event there is."""
    decides: tuple[type[Event], ...] = ()
    """Events that it emits by decision, besides the ends of its jobs."""
    work: Mapping[AnyKind, Work] = field(default_factory=dict)
    """The kinds whose work is its own: no model makes a cut."""
    finish: Mapping[AnyKind, Finish | None] = field(default_factory=dict)
    """The kinds that engines work on; and the last step of each, if there is one, which looks at
    the result.
    """
    engines: Mapping[AnyKind, Callable[[Store, Settings], Engine]] = field(default_factory=dict)
    """The kinds for which it asks somebody itself, on the event loop; and who makes their engine.
    """
    report: Mapping[AnyKind, Callable[[Event], None]] = field(default_factory=dict)
    """What to log and count, once, when a job of a kind has ended."""
    rows_of: Callable[[str], Mapping[str, Sequence[str]]] = lambda video_id: {}
    """Tells which rows of its own collections are about one video: they are deleted with it."""
    collections: Mapping[str, Sequence[Index]] = field(default_factory=dict)
    """Further collections of its own, with their indexes; and further indexes of what all share."""

    @property
    def kinds(self) -> tuple[AnyKind, ...]:
        """Return the kinds of job that it runs."""
        return (*self.work, *self.finish, *self.engines)

    def consumes(self, kinds: Kinds) -> tuple[type[Event], ...]:
        """Return what it reads, the ends of its own jobs, and what every service must hear."""
        named = _events_of((*self.reads, *self.kinds, VideoSteered, VideoDeleted))
        return tuple(dict.fromkeys([*named, *(kinds.events.values() if self.reads_all else ())]))

    @property
    def emits(self) -> tuple[type[Event], ...]:
        """Return every event that this service brings into the world.

        Whoever runs jobs that may cost something tells when there is no money for one.
        """
        may_cost = any(kind.order_of for kind in self.kinds)
        told = (BudgetExceeded,) if may_cost else ()
        return (*_events_of(self.kinds), *told, *self.decides)

    @property
    def views(self) -> str:
        """Return the collection of its views: nobody else writes there."""
        return f"views.{self.name}"

    @property
    def indexes(self) -> Mapping[str, Sequence[Index]]:
        """Return all collections that it writes, with their indexes."""
        views = (Index(("check_at",), present="check_at"), unreadable.INDEX, EXPIRY)
        return {self.views: views, **self.collections}

    @property
    def waiting(self) -> Sequence[Waiting]:
        """Return all rows that wait for this service to look at them."""
        jobs = {"spec.kind": Is("in", [kind.name for kind in self.kinds])}
        return (
            Waiting(JOBS, jobs, "due_at"),
            Waiting(JOBS, jobs, "publish_at"),
            Waiting(OUTBOX, {"service": self.name}, "publish_at"),
            Waiting(UNTOLD, {"service": self.name}, "publish_at"),
            Waiting(self.views, {}, "check_at"),
        )

    def decide_on(self, view: View, budgets: Budgets = NO_PRICES) -> Decision:
        """Return the decision on a video, as far as there is anything to decide.

        What holds for every service is looked at here, and their `decide` knows nothing of it:
        nothing is begun of a video that is cancelled or given up, of a plan that is beyond its
        budget, or beyond the point to which a video is to go before its user approves it. What
        has begun goes on: then each attempt is compared with the cap, at the gate.
        """
        if is_cancelled(view):
            return Decision(done=True)
        plan = view.latest(BeatsPlanned)
        if self.needs_plan and plan is None:
            # where a step before the plan has failed, the end of the video is all that is heard
            return Decision(done=bool(view.all(PlanFailed) or view.all(VideoFailed)))
        if self.needs_plan and plan is not None and is_given_up(view, plan):
            return Decision(done=True)
        tells = BudgetExceeded in self.decides
        excess = None
        if plan is not None and (tells or (self.needs_plan and not view.released)):
            excess = budgets.find_excess(view, plan)
        if excess and self.needs_plan:
            return NOTHING
        if plan is not None and self._is_held(view, plan):
            # what an earlier plan has begun may still be under way: it ends by itself
            return Decision(done=find_goal(plan.brief) < self.goal)
        decision = self.decide(view, plan)
        return replace(decision, events=(*decision.events, excess)) if excess else decision

    @property
    def goal(self) -> Goal:
        """Return how far a video has to go for this service to have anything to make."""
        return min((goal_of(kind.stage) for kind in self.kinds), default=Goal.PLAN)

    def rests(self, view: View) -> bool:
        """Tell whether a person has to approve something before there is more to do here."""
        plan = view.latest(BeatsPlanned)
        held = plan is not None and self._is_held(view, plan)
        return held or find_awaited(view) is not None

    def _is_held(self, view: View, plan: BeatsPlanned) -> bool:
        """Tell whether nothing of what this service makes may be begun of a plan, or not yet."""
        return self.needs_plan and find_limit(view, plan) < self.goal


def _events_of(named: Iterable[Reads]) -> list[type[Event]]:
    """Return the events of these, where a kind stands for both of its ends."""
    events: list[type[Event]] = []
    for each in named:
        events += [each] if isinstance(each, type) else [each.ready, each.failed]
    return events
