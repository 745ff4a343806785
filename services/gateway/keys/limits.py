"""What a key has used of what it may: requests, videos, money. Never above, whoever asks at once.

A row for each limit of a key, and every change of it is one guarded write. Whoever loses a race
reads and decides again.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from services.gateway.errors.callers import SpentForToday, TooManyRequests, TooManyVideos
from services.gateway.keys.caller import CALLER
from shared.base.batching import Batcher
from shared.ports import Doc, Index, Store, Update
from shared.runtime.keeping import DAY_MS
from shared.story.fact import Micros

USAGE = "usage"
INDEXES: Mapping[str, Sequence[Index]] = {USAGE: ()}

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key stands within its minute."""

    limit: int
    left: int
    seconds: int
    """Until the next minute begins."""

    @property
    def headers(self) -> dict[str, str]:
        """Return what tells a client of it, as the IETF's draft on RateLimit fields has it."""
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w=60',
            "RateLimit": f'"minute";r={self.left};t={self.seconds}',
        }


Ask = tuple[str, int]
"""The id of a key, and its limit."""

FindEnded = Callable[[Collection[str]], Awaitable[Mapping[str, int | None]]]


class Usage:
    """Counts what each key uses."""

    def __init__(self, store: Store, find_ended: FindEnded) -> None:
        self._store = store
        self._find_ended = find_ended
        """Returns the revision with which each of these videos has ended, or None for one that is
        under way; those that nobody knows are left out.
        """
        self._requests: Batcher[Ask, Standing | None] = Batcher(self._count_all)

    # ── requests ────────────────────────────────────────────────────────────────────────────────

    async def count_request(self) -> Standing | None:
        """Count one request of who asks; refuse it at the limit. None is no limit."""
        caller = CALLER.get()
        limit = caller.limits.requests_a_minute
        if limit is None:
            return None
        standing = await self._requests((caller.key, limit))
        if standing is None:
            full = self._stand(limit, limit)
            raise TooManyRequests(limit, full.seconds, full.headers)
        return standing

    def _stand(self, limit: int, used: int) -> Standing:
        seconds = 60 - self._store.now() % MINUTE_MS // 1000
        return Standing(limit, limit - used, seconds)

    async def _count_all(self, asks: list[Ask]) -> list[Standing | None]:
        # what comes together is one write a key
        granted = {ask: iter(await self._count(*ask, wanted=n)) for ask, n in Counter(asks).items()}
        used = [(ask[1], next(granted[ask], None)) for ask in asks]
        return [None if count is None else self._stand(limit, count) for limit, count in used]

    async def _count(self, key: str, limit: int, wanted: int) -> range:
        """Return what is used after each request that is granted."""
        while True:
            row = await self._read(f"{key}/minute", {"minute": 0, "used": 0})
            minute = self._store.now() // MINUTE_MS
            # one that another clock has begun a moment ago is counted on, and not begun anew
            running = minute <= row["minute"] <= minute + 1
            used = row["used"] if running else 0
            granted = range(used + 1, used + 1 + max(0, min(wanted, limit - used)))
            if not granted:
                return granted
            change = {"minute": row["minute"] if running else minute, "used": used + len(granted)}
            seen = {"minute": row["minute"], "used": row["used"]}
            if await self._store.update(USAGE, [Update(row["_id"], where=seen, set=change)]):
                return granted

    # ── videos ──────────────────────────────────────────────────────────────────────────────────

    async def take_place(self, video_id: str, rev: int = 0) -> None:
        """Take one of the places that a key has for videos; refuse where none is free.

        Asked again for the same video, it is the same place. It is given back by whoever finds no
        other: so no crash can leave it taken for ever. `rev`: the revision that is asked for.
        """
        most = CALLER.get().limits.active_videos
        while most is not None:
            row, ended = await self._find_place(video_id, most)
            last = row["videos"].get(video_id, {"rev": 0})["rev"]
            change = {f"videos.{video_id}": {"at": self._store.now(), "rev": max(rev, last)}}
            if await self._write(row, change, [f"videos.{video}" for video in ended]):
                return

    async def check_place(self) -> None:
        """Refuse what `take_place` would refuse of a new video just now; nothing is counted."""
        most = CALLER.get().limits.active_videos
        if most is not None:
            await self._find_place("", most)

    async def _find_place(self, video_id: str, most: int) -> tuple[Doc, list[str]]:
        """Return the row of the key's places, and those that are free again."""
        row = await self._read(f"{CALLER.get().key}/videos", {"version": 0, "videos": {}})
        others: Mapping[str, Doc] = {v: at for v, at in row["videos"].items() if v != video_id}
        ended = await self._list_ended(others) if len(others) >= most else []
        if len(others) - len(ended) >= most:
            raise TooManyVideos(most)
        return row, ended

    async def _list_ended(self, taken: Mapping[str, Doc]) -> list[str]:
        known, now = await self._find_ended(taken), self._store.now()
        return [video for video, place in taken.items() if _is_over(video, place, known, now)]

    # ── money ───────────────────────────────────────────────────────────────────────────────────

    async def check_money(self, video_id: str, cap: Micros | None) -> None:
        """Refuse what `promise` would refuse just now; nothing is counted."""
        caller = CALLER.get()
        if caller.limits.spend_a_day is not None:
            row = await self._read_day(caller.key)
            self._find_more(caller.limits.spend_a_day, row, video_id, cap or 0)

    async def promise(self, video_id: str, cap: Micros | None, before: Micros = 0) -> None:
        """Count what a video may spend against the key's day; refuse what is too much.

        `before`: what it might spend already. Of a video that is asked for again, or raised again,
        only what is more than was ever promised today counts.
        """
        caller = CALLER.get()
        limit = caller.limits.spend_a_day
        while limit is not None:
            row = await self._read_day(caller.key)
            more = self._find_more(limit, row, video_id, cap or 0, before)
            change = {f"videos.{video_id}": cap, "total": row["total"] + more}
            if not more or await self._write(row, change):
                return

    def _find_more(
        self, limit: Micros, row: Doc, video_id: str, cap: Micros, before: Micros = 0
    ) -> Micros:
        """Return what of a cap has not been counted yet; refuse it where it is too much."""
        more: Micros = max(0, cap - max(before, row["videos"].get(video_id, 0)))
        if more and row["total"] + more > limit:
            seconds = (DAY_MS - self._store.now() % DAY_MS) // 1000 + 1
            raise SpentForToday(limit, row["total"], more, seconds)
        return more

    async def _read_day(self, key: str) -> Doc:
        """Return what a key has promised today."""
        while True:
            nothing = {"day": self._store.now() // DAY_MS, "total": 0, "videos": {}}
            row = await self._read(f"{key}/day", {"version": 0, **nothing})
            # a day that another clock has begun already is counted on
            if row["day"] >= nothing["day"]:
                return row
            await self._write(row, nothing)  # or another has begun the day

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    async def _read(self, id_: str, nothing: Doc) -> Doc:
        rows = await self._store.get(USAGE, [id_])
        if id_ not in rows:
            await self._store.insert(USAGE, [{"_id": id_, **nothing}])
            rows = await self._store.get(USAGE, [id_])
        return rows[id_]

    async def _write(self, row: Doc, change: Doc, gone: Sequence[str] = ()) -> bool:
        """Write a row, unless another has written it since it was read."""
        guard = {"version": row["version"]}
        update = Update(row["_id"], where=guard, set=change, unset=gone, inc={"version": 1})
        return bool(await self._store.update(USAGE, [update]))


def _is_over(video: str, place: Doc, known: Mapping[str, int | None], now: int) -> bool:
    """Tell whether a place is free again."""
    # what was asked for just now may not be known yet; a minute later it never was
    is_late = bool(now - place["at"] > MINUTE_MS)
    ended = known.get(video)
    if video not in known or ended is None:
        return video not in known and is_late
    # one that had ended is to go on with a later revision: of that, this is not the end
    return is_late or bool(ended >= place["rev"])
