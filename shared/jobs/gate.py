"""The gate before every submit: the user's leave and the user's money, in one guarded update.

What can cost nothing needs only the leave, and changes nothing: a look at it is enough.

One `money` document a video: what is `available`, what the user `desired`, and `holds`, a map of
`<job>:<attempt>` to what was reserved and what it came to. Settled holds are never removed: they
are the receipt. A hold of an attempt that surely was not used is given back and leaves no trace,
or a provider that refuses for an hour would fill the document. Amounts are in micro-dollars.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.base import telemetry
from shared.base.batching import Batcher
from shared.jobs.journal import log_check
from shared.ports import Doc, Index, Is, Store, Update
from shared.story.fact import Micros

log = logging.getLogger("storywave.money")

MONEY = "money"
INDEXES: Mapping[str, Sequence[Index]] = {MONEY: ()}


class Verdict(StrEnum):
    """What the gate says to one reservation."""

    GRANTED = "granted"
    NO_MONEY = "no_money"
    """It waits for a higher cap, or for what other attempts give back."""
    OVER = "over"
    """There is no money, and the video is to be finished with what there is."""
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SETTLED = "settled"
    """This very hold has been used and paid for: whoever asks again has lost its claim."""


@dataclass(frozen=True, slots=True)
class Hold:
    """So much money, held for one attempt at one job of a video."""

    video_id: str
    name: str
    amount: Micros
    model: str | None = None
    why: str | None = None
    """Said in the receipt of what costs nothing, where that needs saying."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an attempt came to; None where it surely was not used.

    What is held for attempts `before` the one of who settles is given back with it: a job has one
    attempt at a provider at most, so they are of workers that lost their claim before they posted.
    Later attempts are left alone: whoever settles may have lost its own claim meanwhile.
    """

    video_id: str
    job: str
    name: str
    amount: Micros | None
    run: str | None = None
    why: str | None = None
    before: int = 0


class Gate:
    """Never a cent above the cap, whoever asks at the same time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # one hold twice in a batch would be counted twice: the second one waits for the first
        self.reserve: Batcher[Hold, Verdict] = Batcher(
            self._reserve_all, key=lambda hold: (hold.video_id, hold.name)
        )
        self.settle: Batcher[Settlement, bool] = Batcher(
            self._settle_all, key=lambda end: (end.video_id, end.job)
        )
        self.ask_leave: Batcher[str, Verdict] = Batcher(self._ask_leave)
        """Tells whether a video's user wants it to go on."""
        self._openings: Batcher[Doc, None] = Batcher(self._open_all)

    async def open(
        self, video_id: str, owner: str, cap: Micros | None = None, on_cap: str = "pause"
    ) -> None:
        """Give a video its money document, once. Without a cap only what is free is granted."""
        money: Doc = {"owner": owner, "cap": cap, "desired": "running", "holds": {}}
        await self._openings({"_id": video_id, "available": cap or 0, "on_cap": on_cap, **money})

    async def _open_all(self, docs: list[Doc]) -> list[None]:
        await self._store.insert(MONEY, docs)
        return [None] * len(docs)

    async def steer(
        self, video_id: str, desired: str, number: int = 0, cap: Micros | None = None
    ) -> None:
        """Note what the user wants, and its cap where it names one: both count from now on.

        Of several wishes the one with the highest number counts, in whatever order they come. What
        is spent stays spent: under a cap below it nothing more is granted.
        """
        while True:
            money = await self.read(video_id)
            if money is None or number < money.get("wish", 0):
                return
            known = {"wish": money.get("wish"), "desired": money["desired"]}
            change = {"desired": desired, "wish": number}
            if cap is not None and cap != money.get("cap"):
                # what is held changes together with what is available: so this guard sees both
                known |= {"cap": money.get("cap"), "available": money["available"]}
                change |= {"cap": cap, "available": cap - sum_committed(money)}
            if await self._store.update(MONEY, [Update(video_id, where=known, set=change)]):
                return

    async def read(self, video_id: str) -> Doc | None:
        """Return the money document of a video; None where there is none."""
        return (await self._store.get(MONEY, [video_id])).get(video_id)

    async def has_news(self, video_id: str, amount: Micros) -> bool:
        """Tell whether who was to wait for this amount would be let through, or given up, now."""
        money = await self.read(video_id)
        if money is None or money["desired"] != "running":
            return False
        fits = not amount or bool(money["available"] >= amount)
        return fits or _is_over(money, amount)

    async def log_check(self, hold: Hold, verdict: Verdict) -> None:
        """Write a line about one check of a budget, passed or not."""
        money = await self.read(hold.video_id) or {"holds": {}}
        granted = verdict is Verdict.GRANTED
        current = sum_committed(money) - (hold.amount if granted else 0)
        log_check(
            hold.video_id, current, hold.amount, money.get("cap"), passed=granted, item=hold.name
        )

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
            answers, rest = _sort_out(docs.get(video), holds)
            verdicts.update(answers)
            if rest:
                again[video] = rest
        return again

    async def _ask_leave(self, videos: list[str]) -> list[Verdict]:
        docs = await self._store.get(MONEY, sorted(set(videos)))
        return [_judge_leave(docs.get(video)) for video in videos]

    # ── settling ────────────────────────────────────────────────────────────────────────────────

    async def _settle_all(self, ends: list[Settlement]) -> list[bool]:
        waiting: dict[str, list[Settlement]] = defaultdict(list)
        for end in ends:
            waiting[end.video_id].append(end)
        while waiting:
            docs = await self._store.get(MONEY, list(waiting))
            updates = {
                video: update
                for video, due in waiting.items()
                if (update := _settlement(docs.get(video), video, due))
            }
            won = await self._store.update(MONEY, list(updates.values()))
            waiting = {video: waiting[video] for video in updates if video not in won}
        return [True] * len(ends)


def _by_video(holds: Sequence[Hold]) -> dict[str, list[Hold]]:
    grouped: dict[str, list[Hold]] = defaultdict(list)
    for hold in holds:
        grouped[hold.video_id].append(hold)
    return dict(grouped)


def _reservation(video: str, holds: Sequence[Hold]) -> Update:
    """Return the one write that takes the money for all of these, or for none.

    The guard asks three things at once: that the user wants the video to run, that there is enough
    money, and that none of the holds exists. So no two replicas can spend the same cent. What is
    free is let through below zero, too: a run dearer than its ceiling must still become a film.
    """
    total = sum(hold.amount for hold in holds)
    where: dict[str, Any] = {"desired": "running"}
    if total:
        where["available"] = Is(">=", total)
    where.update((f"holds.{hold.name}", None) for hold in holds)
    return Update(
        video,
        where=where,
        inc={"available": -total},
        set={f"holds.{hold.name}": _hold_doc(hold) for hold in holds},
    )


def _hold_doc(hold: Hold) -> Doc:
    """Return what is kept of a hold. What can cost nothing is settled at once: it owes nothing."""
    named = {"model": hold.model} if hold.model else {}
    if not hold.amount:
        return {"reserved": 0, "settled": 0, **named, **({"why": hold.why} if hold.why else {})}
    return {"reserved": hold.amount, **named}


def _judge_leave(money: Doc | None) -> Verdict:
    """Return what the user wants: without a money document nobody asks for the video any more."""
    if money is None:
        return Verdict.CANCELLED
    return Verdict.GRANTED if money["desired"] == "running" else Verdict(money["desired"])


def _sort_out(money: Doc | None, holds: Sequence[Hold]) -> tuple[dict[Hold, Verdict], list[Hold]]:
    """Return what can be answered now, and what fits into the money that there is."""
    if money is None:
        return dict.fromkeys(holds, Verdict.CANCELLED), []
    answers = {hold: _judge_known(money, hold) for hold in holds if hold.name in money["holds"]}
    open_ = [hold for hold in holds if hold.name not in money["holds"]]
    leave = _judge_leave(money)
    if leave is not Verdict.GRANTED:
        return answers | dict.fromkeys(open_, leave), []
    left, fits = money["available"], list[Hold]()
    for hold in open_:
        if not hold.amount or hold.amount <= left:
            left -= hold.amount
            fits.append(hold)
        else:
            answers[hold] = _refuse(money, hold)
    return answers, fits


def _refuse(money: Doc, hold: Hold) -> Verdict:
    """Return whether a hold waits for money, or is given up: not while some may still come free."""
    return Verdict.OVER if _is_over(money, hold.amount) else Verdict.NO_MONEY


def _is_over(money: Mapping[str, Any], amount: Micros) -> bool:
    """Tell whether a video is to be finished without what this amount would pay for."""
    return money.get("on_cap") == "finish" and is_short(money, amount)


def is_short(money: Mapping[str, Any], amount: Micros) -> bool:
    """Tell whether there is no money for an amount, and no open hold could give it back."""
    open_ = sum(hold["reserved"] for hold in money["holds"].values() if "settled" not in hold)
    return money.get("cap") is None or amount > money["available"] + open_


def sum_committed(money: Mapping[str, Any]) -> Micros:
    """Return what a video has spent, and what is held for attempts that have not ended."""
    return sum(hold.get("settled", hold["reserved"]) for hold in money["holds"].values())


def list_open_holds(money: Mapping[str, Any]) -> list[str]:
    """Return the names of the holds of which it is not known what they came to."""
    return [name for name, hold in money["holds"].items() if "settled" not in hold]


def sum_spent(money: Mapping[str, Any]) -> Micros:
    """Return what a video has spent on attempts that have ended."""
    return sum(hold.get("settled") or 0 for hold in money["holds"].values())


def _judge_known(money: Doc, hold: Hold) -> Verdict:
    """Return the answer to who asks again: it is held, or it has been used up meanwhile."""
    is_used = hold.amount and "settled" in money["holds"][hold.name]
    return Verdict.SETTLED if is_used else Verdict.GRANTED


def _settlement(money: Doc | None, video: str, ends: Sequence[Settlement]) -> Update | None:
    """Return the write that gives back what was reserved and not spent; None where it is done."""
    if money is None:
        return None
    where: dict[str, Any] = {}
    set_: dict[str, Any] = {}
    unset: list[str] = []
    back = 0
    for end in ends:
        for name, hold in _open_holds(money, end):
            path = f"holds.{name}"
            where |= {f"{path}.settled": None, f"{path}.reserved": hold["reserved"]}
            if name != end.name or end.amount is None:
                unset.append(path)
                back += hold["reserved"]
                continue
            _tell_overrun(end, hold["reserved"])
            set_ |= {f"{path}.{key}": value for key, value in _outcome(end).items()}
            back += hold["reserved"] - end.amount
    if not where:
        return None
    return Update(video, where=where, inc={"available": back}, set=set_, unset=unset)


def _open_holds(money: Doc, end: Settlement) -> list[tuple[str, Doc]]:
    """Return the holds of a job that are not settled, and that this settlement is about."""
    return [
        (name, hold)
        for name, hold in money["holds"].items()
        if "settled" not in hold and (name == end.name or _is_older(name, end))
    ]


def _is_older(name: str, end: Settlement) -> bool:
    job, _, attempt = name.rpartition(":")
    return job == end.job and int(attempt) < end.before


def _outcome(end: Settlement) -> Doc:
    known = {"settled": end.amount, "run": end.run, "why": end.why}
    return {key: value for key, value in known.items() if value is not None}


def _tell_overrun(end: Settlement, reserved: Micros) -> None:
    """Count and tell what no ceiling should allow: a run that cost more than was held for it."""
    if end.amount is not None and end.amount > reserved:
        telemetry.OVERRUNS.inc()
        about = {"action": "overrun", "video_id": end.video_id}
        log.error("%s cost %s and held %s", end.name, end.amount, reserved, extra=about)
