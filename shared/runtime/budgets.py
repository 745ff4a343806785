"""Plans against their budgets: the look at the prices, which decisions themselves do not know."""

from collections import OrderedDict

from shared.jobs.journal import log_check
from shared.story.budget import check_plan, find_cap, find_excess
from shared.story.estimate import Ask, estimate_plan
from shared.story.events import BeatsPlanned, BudgetExceeded
from shared.story.fact import Micros
from shared.story.goals import find_goal
from shared.story.kinds import Kinds
from shared.story.view import View

KEPT = 1_000


class Budgets:
    """Compares each plan with its cap, once for each cap; None as prices: nothing costs here."""

    def __init__(self, ask: Ask | None, kinds: Kinds) -> None:
        self._ask = ask
        self._kinds = kinds
        self._known: OrderedDict[tuple[str, Micros | None], BudgetExceeded | None] = OrderedDict()

    def find_excess(self, view: View, plan: BeatsPlanned) -> BudgetExceeded | None:
        """Return the event that stops a video at this plan; None where it goes on.

        What has begun goes on, and so does a change of it: most of its plan is paid already, and
        the gate compares each attempt with the cap.
        """
        if self._ask is None:
            return None
        cap = find_cap(view, plan.brief)
        goal = find_goal(plan.brief)
        earlier = (
            each
            for each in view.all(BeatsPlanned)
            # of less than now is to be made, less was compared
            if each.rev < plan.rev and find_goal(each.brief) >= goal
        )
        found = self._compare(plan, cap, self._ask)
        begun = found and any(self._compare(each, cap, self._ask) is None for each in earlier)
        return None if begun else found

    def _compare(self, plan: BeatsPlanned, cap: Micros | None, ask: Ask) -> BudgetExceeded | None:
        key = (plan.id, cap)
        if key not in self._known:
            self._known[key] = self._look(plan, cap, ask)
        self._known.move_to_end(key)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return self._known[key]

    def _look(self, plan: BeatsPlanned, cap: Micros | None, ask: Ask) -> BudgetExceeded | None:
        check = check_plan(plan, cap, estimate_plan(plan, ask, self._kinds))
        log_check(plan.video_id, check.current, check.estimate, cap, passed=check.passed)
        return find_excess(plan, check, ask, self._kinds)
