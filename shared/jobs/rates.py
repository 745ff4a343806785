"""How fast a provider may be asked, over all replicas: one row a provider, moved by guarded writes.

The row counts the creates of the running window, says until when the provider is to be left alone,
and remembers a rate that it has named itself. Whoever loses a race reads again and tries again.

A create is counted when it is granted, and leaves a write later. One that is granted late in its
window may arrive in the next one, so it is counted there too.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from shared.base import telemetry
from shared.base.batching import Batcher
from shared.jobs.job import LONGEST_WAIT_MS
from shared.ports import Doc, Index, Store, Update

RATES = "rates"
INDEXES: dict[str, tuple[Index, ...]] = {RATES: ()}

LATE_MS = 200
"""A create granted in the last part of its window may arrive in the next: so long at most."""

LEARNT_MS = 10 * 60_000
"""A rate that a provider named is kept for so long; then the common one is tried again."""


@dataclass(frozen=True)
class Limits:
    """What a provider allows, over all replicas. None is no limit."""

    creates_a_minute: int | None = None
    at_once: int | None = None
    """Runs that have not ended."""


NO_LIMITS = Limits()


class Window(NamedTuple):
    """A stretch of time, and the creates that fit into it."""

    ms: int
    creates: int


def make_window(creates_a_minute: int) -> Window:
    """Return the window of a rate: a second, or the time of one create where that is longer."""
    if creates_a_minute >= 120:
        return Window(1_000, creates_a_minute // 60)
    return Window(60_000 // max(creates_a_minute, 1), 1)


class Rates:
    """Hands out creates, and knows which providers are to be left alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asks: Batcher[tuple[str, Limits], bool] = Batcher(self._grant_all)

    async def take(self, provider: str, limits: Limits) -> bool:
        """Take one create; False where there is none now."""
        return limits.creates_a_minute is None or await self._asks((provider, limits))

    async def count_free(self, provider: str, limits: Limits) -> int | None:
        """Return how many creates could be taken now; None where there is no limit.

        It is a look and no promise: other replicas look too.
        """
        row = await self._read(provider)
        now = self._store.now()
        if _is_blocked(row, now):
            return 0
        return None if limits.creates_a_minute is None else _left(row, limits, now)

    async def find_wait(self, provider: str, limits: Limits) -> float:
        """Return the seconds until creates may be taken again."""
        row = await self._read(provider)
        now = self._store.now()
        if _is_blocked(row, now):
            return (int(row["blocked_until"]) - now) / 1000
        if limits.creates_a_minute is None or _left(row, limits, now) > 0:
            return 0.0
        ms = _window(row, limits, now).ms
        return (ms - now % ms) / 1000

    async def slow_down(
        self, provider: str, seconds: float, why: str, creates_a_minute: int | None = None
    ) -> bool:
        """Leave a provider alone for a while; tell whether that is news."""
        row = await self._read(provider)
        now = self._store.now()
        ms = min(round(seconds * 1000), LONGEST_WAIT_MS)
        change: Doc = {"blocked_until": now + ms, "why": why}
        if creates_a_minute is not None:
            change |= {"learnt": creates_a_minute, "learnt_until": now + LEARNT_MS}
        await self._store.update(RATES, [Update(provider, set=change)])
        return row.get("why") != why

    async def clear(self, provider: str) -> bool:
        """Note that a provider takes work; tell whether it was said to take none."""
        row = await self._read(provider)
        if not row.get("why"):
            return False
        known = {"why": row["why"]}
        gone = ["why", "blocked_until"]
        return bool(await self._store.update(RATES, [Update(provider, where=known, unset=gone)]))

    async def _read(self, provider: str) -> Doc:
        rows = await self._store.get(RATES, [provider])
        if provider not in rows:
            await self._store.insert(RATES, [{"_id": provider, "window": 0, "used": 0}])
            rows = await self._store.get(RATES, [provider])
        return rows[provider]

    async def _grant_all(self, asks: list[tuple[str, Limits]]) -> list[bool]:
        wanted = Counter(provider for provider, _ in asks)
        granted = {p: await self._grant(p, wanted[p], limits) for p, limits in dict(asks).items()}
        answers = []
        for provider, _ in asks:
            is_granted = granted[provider] > 0
            telemetry.CREATES.labels(provider, "taken" if is_granted else "none").inc()
            answers.append(is_granted)
            granted[provider] -= 1
        return answers

    async def _grant(self, provider: str, wanted: int, limits: Limits) -> int:
        """Return how many of these creates fit into the running window, and take them."""
        while True:
            row = await self._read(provider)
            now = self._store.now()
            granted = 0 if _is_blocked(row, now) else min(wanted, _left(row, limits, now))
            if granted <= 0:
                return 0
            window = _window(row, limits, now)
            seen = {"window": row["window"], "used": row["used"]}
            # one that another clock has begun a moment ago is counted on, and not begun anew
            begun = row if _is_running(row, window, now) else _begin(row, window, now)
            late = begun.get("late", 0) + (granted if _is_late(window, now) else 0)
            used = begun["used"] + granted
            change = {"window": begun["window"], "used": used, "late": late}
            if await self._store.update(RATES, [Update(provider, where=seen, set=change)]):
                return granted


def _is_blocked(row: Doc, now: int) -> bool:
    # a time further away was written by a clock that was ahead, and has been set right since
    return now < int(row.get("blocked_until") or 0) <= now + LONGEST_WAIT_MS


def _window(row: Doc, limits: Limits, now: int) -> Window:
    rate = limits.creates_a_minute or 1
    if row.get("learnt") and now < int(row["learnt_until"]) <= now + LEARNT_MS:
        rate = min(rate, int(row["learnt"]))
    return make_window(rate)


def _left(row: Doc, limits: Limits, now: int) -> int:
    """Return the creates that the running window has left."""
    window = _window(row, limits, now)
    running = row if _is_running(row, window, now) else _begin(row, window, now)
    return int(window.creates - running["used"])


def _begin(row: Doc, window: Window, now: int) -> Doc:
    """Return a new window: what was granted late in the one just before it is used already."""
    start = now // window.ms * window.ms
    is_next = row["window"] == start - window.ms
    return {"window": start, "used": row.get("late", 0) if is_next else 0}


def _is_late(window: Window, now: int) -> bool:
    return now % window.ms >= window.ms - min(LATE_MS, window.ms // 5)


def _is_running(row: Doc, window: Window, now: int) -> bool:
    """Tell whether the window of the row is the running one.

    A window that lies ahead was counted by a clock that has been set right since: it is over. Only
    the next one may still be ours, where the clocks of two replicas differ by a little.
    """
    start = now // window.ms * window.ms
    return bool(start <= row["window"] <= start + window.ms)
