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
from shared.story.fact import Micros

USAGE = "usage"
INDEXES: Mapping[str, Sequence[Index]] = {USAGE: ()}

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


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

FindEnded = Callable[[Collection[str]], Awaitable[Mapping[str, bool]]]


class Usage:
    """Counts what each key uses."""

    def __init__(self, store: Store, find_ended: FindEnded) -> None:
        self._store = store
        self._find_ended = find_ended
        """Returns whether these videos have ended; those that nobody knows are left out."""
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

    async def take_place(self, video_id: str) -> None:
        """Take one of the places that a key has for videos; refuse where none is free.

        Asked again for the same video, it is the same place. It is given back by whoever finds no
        other: so no crash can leave it taken for ever.
        """
        caller = CALLER.get()
        most = caller.limits.active_videos
        while most is not None:
            row = await self._read(f"{caller.key}/videos", {"version": 0, "videos": {}})
            taken: Mapping[str, int] = row["videos"]
            if video_id in taken:
                return
            ended = await self._list_ended(taken) if len(taken) >= most else []
            if len(taken) - len(ended) >= most:
                raise TooManyVideos(most)
            change = {f"videos.{video_id}": self._store.now()}
            if await self._write(row, change, [f"videos.{video}" for video in ended]):
                return

    async def leave_place(self, video_id: str) -> None:
        """Give back the place of a video that was refused after all."""
        key = CALLER.get().key
        while True:
            row = await self._read(f"{key}/videos", {"version": 0, "videos": {}})
            if video_id not in row["videos"] or await self._write(row, {}, [f"videos.{video_id}"]):
                return

    async def _list_ended(self, taken: Mapping[str, int]) -> list[str]:
        known, now = await self._find_ended(taken), self._store.now()
        # one that nobody knows may have been asked for just now; a minute later it never was
        return [video for video, at in taken.items() if known.get(video, now - at > MINUTE_MS)]

    # ── money ───────────────────────────────────────────────────────────────────────────────────

    async def promise(self, video_id: str, cap: Micros | None) -> None:
        """Count what a new video may spend against the key's day; refuse what is too much.

        Asked again for the same video, only what is more than before counts.
        """
        await self._add(video_id, lambda counted: max(0, (cap or 0) - counted))

    async def promise_more(self, video_id: str, more: Micros) -> None:
        """Count what a video may spend beyond what it might before."""
        await self._add(video_id, lambda counted: max(0, more))

    async def _add(self, video_id: str, find_more: Callable[[Micros], Micros]) -> None:
        caller = CALLER.get()
        limit = caller.limits.spend_a_day
        while limit is not None:
            row = await self._read_day(caller.key)
            counted = row["videos"].get(video_id, 0)
            more = find_more(counted)
            if more and row["total"] + more > limit:
                seconds = (DAY_MS - self._store.now() % DAY_MS) // 1000 + 1
                raise SpentForToday(limit, row["total"], more, seconds)
            change = {f"videos.{video_id}": counted + more, "total": row["total"] + more}
            if not more or await self._write(row, change):
                return

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
