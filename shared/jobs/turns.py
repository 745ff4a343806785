"""Turns: so many videos are made at once, of each owner and of all; the others wait in a queue.

A row for each video that waits, and one more row, which says whose turn it is and who waits at all.
Whoever changes that one is guarded on its version, so that replicas can't both give away the last
place. A place is given back when its video ends or rests. But nothing hangs on that: where a video
waits, those that have a place are looked at, and so no crash can leave a place taken for ever.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from shared.base.batching import Batcher
from shared.ports import Doc, Index, Store, Update

TURNS = "turns"
INDEXES: Mapping[str, Sequence[Index]] = {TURNS: (Index(("owner", "asked_at")),)}

_PLACES = "places"
"""The id of the row that says whose turn it is: no video's, since theirs are longer."""


@dataclass(frozen=True)
class Room:
    """How many videos are made at once. 0 is no limit."""

    an_owner: int = 0
    overall: int = 0

    @property
    def is_limited(self) -> bool:
        """Tell whether anybody ever waits."""
        return bool(self.an_owner or self.overall)

    @property
    def most(self) -> int:
        """Return how many of one owner there can be room for."""
        return min(limit for limit in (self.an_owner, self.overall) if limit)


@dataclass(frozen=True)
class Places:
    """Whose turn it is, by video, and the owners of whose videos one or more wait."""

    version: int = 0
    owners: Mapping[str, str] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()


def pick(queues: Mapping[str, Sequence[Doc]], taken: Mapping[str, str], room: Room) -> list[Doc]:
    """Return the rows whose turn it is now.

    Each place goes to the owner who has the fewest, and of two to who has waited longer; each
    owner's videos come in the order in which they were asked for.
    """
    has, left = Counter(taken.values()), {owner: list(rows) for owner, rows in queues.items()}
    chosen: list[Doc] = []
    while not room.overall or has.total() < room.overall:
        ready = [o for o in left if left[o] and (not room.an_owner or has[o] < room.an_owner)]
        if not ready:
            break
        owner = min(ready, key=lambda o: (has[o], left[o][0]["asked_at"], o))
        chosen.append(left[owner].pop(0))
        has[owner] += 1
    return chosen


class Turns:
    """Gives each video its turn. Without a limit there is no need of it."""

    def __init__(
        self,
        store: Store,
        room: Room,
        wanting: Callable[[Collection[str]], Awaitable[Collection[str]]],
        begin: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._room = room
        self._wanting = wanting
        """Returns those of these videos that want to be made now, from what is stored of them."""
        self._begin = begin
        """Lets a video begin. It may be called again, after a crash."""
        # each alone, a crowd would race for the one row, and all but one would try again
        self._asks: Batcher[Doc, bool] = Batcher(self._ask_all)

    async def ask(self, video_id: str, owner: str) -> bool:
        """Tell whether it is this video's turn; if not, it waits from now on."""
        return await self._asks({"_id": video_id, "owner": owner, "asked_at": self._store.now()})

    async def _ask_all(self, rows: Sequence[Doc]) -> list[bool]:
        """Tell of each of these videos whether it is its turn; the others wait from now on."""
        begun = set((await self._read()).owners)
        new = {row["_id"]: row for row in rows if row["_id"] not in begun}
        if new:
            await self._store.insert(TURNS, list(new.values()))
            owners = {row["owner"] for row in new.values()}
            # After the rows, and written even where nothing changes: it raises the version, so that
            # whoever has just found no row fails at its guard, and looks again.
            before = await self._read()
            while not await self._write(before, before.owners, owners):
                before = await self._read()
            begun |= set(await self.hand_out())
        return [row["_id"] in begun for row in rows]

    async def leave(self, videos: Collection[str]) -> None:
        """Give back the places of those of these videos that want none any more."""
        while True:
            places = await self._read()
            held = places.owners.keys() & set(videos)
            gone = held - set(await self._wanting(held)) if held else set[str]()
            left = {video: owner for video, owner in places.owners.items() if video not in gone}
            if not gone or await self._write(places, left):
                return

    async def hand_out(self) -> list[str]:
        """Give away the places that are free; return the videos whose turn has come."""
        while (places := await self._read()).waiting:
            queues = {owner: await self._find_queue(owner) for owner in places.waiting}
            if begun := [
                row["_id"]
                for rows in queues.values()
                for row in rows
                if row["_id"] in places.owners
            ]:
                await self._let_begin(begun)  # somebody has died before it could do this
                continue
            ids = await self._give_places(places, queues)
            if ids is not None:
                return ids
        return []

    async def _give_places(
        self, places: Places, queues: Mapping[str, Sequence[Doc]]
    ) -> list[str] | None:
        """Return the videos whose turn has come; None where it has to be looked at once more."""
        taken, chosen = await self._choose(places, queues)
        ids = [row["_id"] for row in chosen]
        if gone := set(ids) - set(await self._wanting(ids)):
            await self._store.delete(TURNS, sorted(gone))
            return None
        owners = {**taken, **{row["_id"]: row["owner"] for row in chosen}}
        if owners == places.owners and all(queues.values()):
            return []
        # whoever is given a place waits until its video has begun: this process may die before that
        fewer = {owner for owner, rows in queues.items() if not rows}
        if not await self._write(places, owners, fewer=fewer):
            return None
        await self._let_begin(ids)
        return ids

    async def _choose(
        self, places: Places, queues: Mapping[str, Sequence[Doc]]
    ) -> tuple[Mapping[str, str], list[Doc]]:
        """Return the videos that keep their places, and the rows of those that get one."""
        taken, chosen = places.owners, pick(queues, places.owners, self._room)
        if len(chosen) == sum(map(len, queues.values())):
            return taken, chosen
        # only where somebody has to wait it matters whether all places are still in use
        asked = [v for v, owner in taken.items() if self._room.overall or owner in places.waiting]
        ended = set(asked) - set(await self._wanting(asked))
        taken = {video: owner for video, owner in taken.items() if video not in ended}
        return taken, pick(queues, taken, self._room)

    async def _let_begin(self, videos: Sequence[str]) -> None:
        # the row goes last: while it is there, whoever comes by knows that this may not be done
        for video in videos:
            await self._begin(video)
        await self._store.delete(TURNS, videos)

    async def _find_queue(self, owner: str) -> list[Doc]:
        order = ["asked_at", "_id"]
        return await self._store.find(TURNS, {"owner": owner}, order=order, limit=self._room.most)

    async def _read(self) -> Places:
        row = (await self._store.get(TURNS, [_PLACES])).get(_PLACES)
        if row is None:
            await self._store.insert(TURNS, [{"_id": _PLACES, "version": 0, "taken": []}])
            return Places()
        # pairs, since an owner's name may hold what no store takes in the name of a field
        return Places(row["version"], dict(row["taken"]), frozenset(row.get("waiting", ())))

    async def _write(
        self,
        before: Places,
        owners: Mapping[str, str],
        more: Collection[str] = (),
        fewer: Collection[str] = (),
    ) -> bool:
        """Write whose turn it is and who waits, unless another has written since we read."""
        waiting = sorted((before.waiting | set(more)) - set(fewer))
        change = {"taken": [list(pair) for pair in owners.items()], "waiting": waiting}
        guard = {"version": before.version}
        update = Update(_PLACES, where=guard, set=change, inc={"version": 1})
        return bool(await self._store.update(TURNS, [update]))
