"""The cap of a video, changed while its work goes on."""

from collections.abc import Mapping
from typing import Any

from shared.jobs.gate import MONEY
from shared.ports import Store, Update
from shared.story.errors import BadInput
from shared.story.fact import Micros
from shared.story.money import say_dollars


async def change_cap(store: Store, video_id: str, cap: Micros) -> None:
    """Let a video spend so much in all; refuse less than what is spent or held already.

    To do it twice changes nothing. It counts from the next reservation on.
    """
    while True:
        money = (await store.get(MONEY, [video_id])).get(video_id)
        if money is None or money.get("cap") == cap:
            return
        left = cap - sum_committed(money)
        if left < 0:
            raise BadInput(
                f"give at least {say_dollars(cap - left)}: so much is spent, or held for what is "
                "being made",
                "budget",
            )
        # What is held changes with what is available, in one write: so this guard sees both.
        seen = {"cap": money.get("cap"), "available": money["available"]}
        change = Update(video_id, where=seen, set={"cap": cap, "available": left})
        if await store.update(MONEY, [change]):
            return


def sum_committed(money: Mapping[str, Any]) -> Micros:
    """Return what a video has spent, and what is held for attempts that have not ended."""
    return sum(hold.get("settled", hold["reserved"]) for hold in money["holds"].values())
