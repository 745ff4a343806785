"""The runs of the account, as the provider's list tells: one reading serves all polls of a process.

A page of the list holds a hundred runs, so that it costs one question to learn of all that have
changed. A single run is asked for only once it has ended, or where the list does not show it.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.engines.replicate.client import Provider
from shared.engines.replicate.ends import ENDED, Run

FRESH_SECONDS = 0.5
EARLY_SECONDS = 0.05
SHARE = 10
"""A reading that took long is good for so many times as long: reading must not become the work."""
POLL_PAGES = 5
FIND_PAGES = 50
MARGIN_MS = 60_000
"""Runs are looked for from so long before: two clocks never quite agree."""
FORGET_MS = 3_600_000


@dataclass
class _Watched:
    """A run that is asked about: when it was posted, and when it is to be looked at again."""

    posted_at: int
    next_look: float = math.inf
    attempt: int = 0
    """The claim under which it was last looked at, here."""


class Runs:
    """What the provider runs for us."""

    def __init__(self, provider: Provider, now: Callable[[], int]) -> None:
        self._provider = provider
        self._now = now
        self._watched: dict[str, _Watched] = {}
        self._listed: dict[str, Run] = {}
        self._began = -math.inf
        """When the last reading of the list began."""
        self._good_until = -math.inf
        self._reading = asyncio.Lock()

    async def look_up(self, run: str, posted_at: int, wait: float, attempt: int) -> Run:
        """Return what is known of a run: all of it, once it has ended.

        Where it goes on, it will be asked about again after `wait` seconds. Who asks earlier, or
        for the first time, or after somebody else (a claim lies between) has a reason: for him what
        was read before is too old.
        """
        watched = self._watched.setdefault(run, _Watched(posted_at))
        asked_at = time.monotonic()
        has_reason = asked_at < watched.next_look - EARLY_SECONDS or attempt != watched.attempt + 1
        watched.attempt = attempt
        listed = await self._look_at_list(run, asked_at if has_reason else None)
        if listed is None or listed.get("status") in ENDED:
            listed = await self._provider.get(run)
        watched.next_look = time.monotonic() + wait
        if listed.get("status") in ENDED:
            self._watched.pop(run, None)
        return listed

    async def list_since(self, since: int, pages: int) -> tuple[list[Run], bool]:
        """Return the runs created since then, newest first, and whether these are all."""
        if not self._provider.transport.has_seen_clock:
            await self._provider.list_runs(self._write_time(self._now()))  # its date is what counts
        start = self._write_time(since - MARGIN_MS)
        found, cursor = list[Run](), ""
        for _ in range(pages):
            page, cursor = await self._provider.list_runs(start, cursor)
            found += page
            if not cursor or (page and self.created_at(page[-1]) < since - MARGIN_MS):
                return found, True
        return found, False

    def created_at(self, run: Run) -> int:
        """Return when a run was created, in milliseconds of our clock; 0 where it can't be read."""
        try:
            created = datetime.fromisoformat(str(run.get("created_at")))
        except ValueError:
            return 0
        return round(created.timestamp() * 1000) - self._provider.transport.ahead_ms

    async def _look_at_list(self, run: str, since: float | None) -> Run | None:
        """Return what the list shows of a run, from a reading that began after `since`."""
        async with self._reading:
            is_old = time.monotonic() >= self._good_until
            if is_old or (since is not None and self._began < since):
                await self._read_list()
        return self._listed.get(run)

    async def _read_list(self) -> None:
        self._began = time.monotonic()
        oldest = self._now() - FORGET_MS
        self._watched = {run: w for run, w in self._watched.items() if w.posted_at > oldest}
        since = min((w.posted_at for w in self._watched.values()), default=self._now())
        runs, _ = await self.list_since(since, POLL_PAGES)
        self._listed = {str(run.get("id")): run for run in runs}
        took = time.monotonic() - self._began
        self._good_until = time.monotonic() + max(FRESH_SECONDS, SHARE * took)

    def _write_time(self, ms: int) -> str:
        theirs = (ms + self._provider.transport.ahead_ms) / 1000
        return datetime.fromtimestamp(theirs, UTC).isoformat().replace("+00:00", "Z")
