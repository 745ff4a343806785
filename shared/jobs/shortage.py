"""What is said when there is no money for one more attempt.

Money that is held may still come free, since a hold is a ceiling. So a video is short of money only
once no open hold could help, and until then its job waits without a word.
"""

from collections.abc import Mapping
from typing import Any

from shared.jobs.caps import sum_committed
from shared.jobs.gate import MONEY
from shared.jobs.journal import log_check
from shared.jobs.machine import Job
from shared.jobs.receipt import is_paid_for
from shared.jobs.relay import Relay
from shared.ports import Store
from shared.story.events import BudgetExceeded
from shared.story.fact import Micros


async def tell_shortage(store: Store, relay: Relay, job: Job, amount: Micros) -> bool:
    """Tell that a job waits for money, once each time that a video runs out of it.

    Return whether it does: otherwise a settlement may bring what it needs.
    """
    video = job.spec.video_id
    money = (await store.get(MONEY, [video])).get(video)
    found = find_shortage(money, job, amount) if money else None
    if found is None:
        return False
    log_check(video, found.current, amount, found.cap, passed=False, item=job.id)
    relay.offer(await relay.insert([found.model_copy(update={"at": store.now()})]))
    return True


def find_shortage(money: Mapping[str, Any], job: Job, amount: Micros) -> BudgetExceeded | None:
    """Return the event that a video is out of money; None while some may still come free."""
    holds, cap = money["holds"].values(), money.get("cap")
    open_ = sum(hold["reserved"] for hold in holds if hold.get("settled") is None)
    if cap is not None and amount <= money["available"] + open_:
        return None
    return BudgetExceeded(
        video_id=job.spec.video_id,
        cap=cap,
        current=sum_committed(money),
        estimate=amount,
        item=job.id,
        holds=sum(is_paid_for(hold) for hold in holds),
    )
