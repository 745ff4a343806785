"""What is said when there is no money for one more attempt.

Money that is held may still come free, since a hold is a ceiling. So a video is short of money only
once no open hold could help, and until then its job waits without a word.
"""

from collections.abc import Mapping
from typing import Any

from shared.jobs.gate import is_short, sum_committed
from shared.jobs.job import Job
from shared.jobs.receipt import is_paid_for
from shared.story.events import BudgetExceeded
from shared.story.fact import Micros


def find_shortage(money: Mapping[str, Any], job: Job, amount: Micros) -> BudgetExceeded | None:
    """Return the event that a video is out of money; None while some may still come free.

    It is the same event for all jobs that wait, until something more has been paid for, or the
    price of something is known. A video that is to be finished with what there is waits for none.
    """
    if money.get("on_cap") == "finish" or not is_short(money, amount):
        return None
    holds = money["holds"].values()
    return BudgetExceeded(
        video_id=job.spec.video_id,
        cap=money.get("cap"),
        current=sum_committed(money),
        estimate=amount,
        item=job.id,
        holds=sum(map(is_paid_for, holds)) + sum(map(_is_settled, holds)),
    )


def _is_settled(hold: Mapping[str, Any]) -> bool:
    return bool(hold["reserved"]) and "settled" in hold
