"""The gate before every submit: money and limits, each one guarded update. All replicas share it.

One `money` document a video: what is `available`, what the user `desired`, and `holds`, a map of
`<job>:<attempt>` to what was reserved and what it came to. Holds are never removed: they are the
receipt. Amounts are integers in micro-dollars.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.base.batching import Batcher
from shared.jobs.engine import Limits
from shared.ports import Doc, Index, Is, Store, Update
from shared.story.fact import Micros

MONEY = "money"
RATES = "rates"
INDEXES: Mapping[str, Sequence[Index]] = {MONEY: (), RATES: ()}

UNLIMITED: Micros = 10**15
"""A cap for videos without one: a billion dollars."""


class Verdict(StrEnum):
    """What the gate says to one reservation."""

    GRANTED = "granted"
    NO_MONEY = "no_money"
    PAUSED = "paused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Hold:
    """So much money, held for one attempt at one job of a video."""

    video_id: str
    name: str
    amount: Micros


class Gate:
    """Never a cent above the cap, whoever asks at the same time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # one hold twice in a batch would be counted twice: the second one waits for the first
        self.reserve: Batcher[Hold, Verdict] = Batcher(self._reserve_all, key=_key)
        self.settle: Batcher[Hold, bool] = Batcher(self._settle_all, key=_key)
        self._tokens: Batcher[tuple[str, Limits], bool] = Batcher(self._grant_tokens)
        self._openings: Batcher[Doc, None] = Batcher(self._open_all)

    async def open(self, video_id: str, owner: str, cap: Micros | None = None) -> None:
        """Give a video its money document, once."""
        available = UNLIMITED if cap is None else cap
        money: Doc = {"owner": owner, "cap": cap, "desired": "running", "holds": {}}
        await self._openings({"_id": video_id, "available": available, **money})

    async def _open_all(self, docs: list[Doc]) -> list[None]:
        await self._store.insert(MONEY, docs)
        return [None] * len(docs)

    async def steer(self, video_id: str, desired: str, number: int = 0) -> None:
        """Note what the user wants; it counts from the next reservation on.

        Of several wishes the one with the highest number counts, in whatever order they come.
        """
        while True:
            money = (await self._store.get(MONEY, [video_id])).get(video_id)
            if money is None or number < money.get("wish", 0):
                return
            known = {"wish": money.get("wish"), "desired": money["desired"]}
            wish = Update(video_id, where=known, set={"desired": desired, "wish": number})
            if await self._store.update(MONEY, [wish]):
                return

    async def admit(self, provider: str, limits: Limits) -> bool:
        """Tell whether the provider takes one more create now."""
        return limits.creates_a_second is None or bool(await self._tokens((provider, limits)))

    async def take_tokens(self, provider: str, wanted: int, limits: Limits) -> int:
        """Return how many of these creates the provider's rate allows now, over all replicas.

        One row a provider counts the creates of the running second. Each replica moves it by a
        write that is guarded on what it read: who loses the race reads and tries again.
        """
        limit = limits.creates_a_second
        if limit is None:
            return wanted
        await self._store.insert(RATES, [{"_id": provider, "second": 0, "used": 0}])
        while True:
            rate = (await self._store.get(RATES, [provider]))[provider]
            second = max(self._store.now() // 1000, rate["second"])
            used = rate["used"] if rate["second"] == second else 0
            granted = min(wanted, limit - used)
            seen = {"second": rate["second"], "used": rate["used"]}
            change = {"second": second, "used": used + granted}
            if granted <= 0:
                return 0
            if await self._store.update(RATES, [Update(provider, where=seen, set=change)]):
                return granted

    async def _grant_tokens(self, asks: list[tuple[str, Limits]]) -> list[bool]:
        limits = dict(asks)
        left = {
            provider: await self.take_tokens(provider, sum(p == provider for p, _ in asks), limit)
            for provider, limit in limits.items()
        }
        granted = []
        for provider, _ in asks:
            granted.append(left[provider] > 0)
            left[provider] -= 1
        return granted

    # ── reserving ───────────────────────────────────────────────────────────────────────────────

    async def _reserve_all(self, holds: list[Hold]) -> list[Verdict]:
        verdicts: dict[Hold, Verdict] = {}
        waiting = _by_video(holds)
        while waiting:
            updates = [_reservation(video, wanted) for video, wanted in waiting.items()]
            won = await self._store.update(MONEY, updates)
            for video in won:
                verdicts.update((hold, Verdict.GRANTED) for hold in waiting.pop(video))
            if waiting:
                waiting = await self._judge(waiting, verdicts)
        return [verdicts[hold] for hold in holds]

    async def _judge(
        self, lost: Mapping[str, list[Hold]], verdicts: dict[Hold, Verdict]
    ) -> dict[str, list[Hold]]:
        """Note why a guarded update did not match; return what may be tried once more."""
        docs = await self._store.get(MONEY, list(lost))
        again: dict[str, list[Hold]] = {}
        for video, holds in lost.items():
            known, refused, rest = _sort_out(docs.get(video), holds)
            verdicts.update((hold, Verdict.GRANTED) for hold in known)
            verdicts.update(refused)
            if rest:
                again[video] = rest
        return again

    # ── settling ────────────────────────────────────────────────────────────────────────────────

    async def _settle_all(self, holds: list[Hold]) -> list[bool]:
        waiting = _by_video(holds)
        while waiting:
            docs = await self._store.get(MONEY, list(waiting))
            updates = {
                video: update
                for video, ends in waiting.items()
                if (update := _settlement(docs.get(video), video, ends))
            }
            won = await self._store.update(MONEY, list(updates.values()))
            waiting = {video: waiting[video] for video in updates if video not in won}
        return [True] * len(holds)


def _key(hold: Hold) -> tuple[str, str]:
    return hold.video_id, hold.name


def _by_video(holds: Sequence[Hold]) -> dict[str, list[Hold]]:
    grouped: dict[str, list[Hold]] = defaultdict(list)
    for hold in holds:
        grouped[hold.video_id].append(hold)
    return dict(grouped)


def _reservation(video: str, holds: Sequence[Hold]) -> Update:
    """Return the one write that takes the money for all of these, or for none.

    The guard asks three things at once: that the user wants the video to run, that there is enough
    money, and that none of the holds exists. So no two replicas can spend the same cent.
    """
    total = sum(hold.amount for hold in holds)
    where: dict[str, Any] = {"desired": "running", "available": Is(">=", total)}
    where.update((f"holds.{hold.name}", None) for hold in holds)
    return Update(
        video,
        where=where,
        inc={"available": -total},
        set={f"holds.{hold.name}": _hold_doc(hold) for hold in holds},
    )


def _hold_doc(hold: Hold) -> Doc:
    """Return what is kept of a hold. What can cost nothing is settled at once: it owes nothing."""
    return {"reserved": hold.amount} if hold.amount else {"reserved": 0, "settled": 0}


def _sort_out(
    money: Doc | None, holds: Sequence[Hold]
) -> tuple[list[Hold], dict[Hold, Verdict], list[Hold]]:
    """Return what is held already, what is refused and why, and what fits into the money now."""
    if money is None:
        return [], dict.fromkeys(holds, Verdict.CANCELLED), []
    known = [hold for hold in holds if hold.name in money["holds"]]
    open_ = [hold for hold in holds if hold.name not in money["holds"]]
    if money["desired"] != "running":
        verdict = Verdict(money["desired"])
        return known, dict.fromkeys(open_, verdict), []
    left, fits, refused = money["available"], list[Hold](), dict[Hold, Verdict]()
    for hold in open_:
        if hold.amount <= left:
            left -= hold.amount
            fits.append(hold)
        else:
            refused[hold] = Verdict.NO_MONEY
    return known, refused, fits


def _settlement(money: Doc | None, video: str, ends: Sequence[Hold]) -> Update | None:
    """Return the write that gives back what was reserved and not spent; None where it is done."""
    held = money["holds"] if money else {}
    due = [end for end in ends if end.name in held and "settled" not in held[end.name]]
    if not due:
        return None
    back = sum(held[end.name]["reserved"] - end.amount for end in due)
    return Update(
        video,
        where={f"holds.{end.name}.settled": None for end in due},
        inc={"available": back},
        set={f"holds.{end.name}.settled": end.amount for end in due},
    )
