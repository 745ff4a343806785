"""Turns on every store: racing replicas never give away more places than there are."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

import pytest

from shared.jobs.turns import INDEXES, TURNS, Room, Turns
from shared.ports import Store, Update
from tests.contracts.adapters import STORES, Stores


@pytest.fixture(params=STORES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(request.param, tmp_path, INDEXES)
    yield stores
    await stores.drop()


class Videos:
    """The truth about all videos: which of them want to be made, and which have begun."""

    def __init__(self) -> None:
        self.wanting: set[str] = set()
        self.begun: list[str] = []
        self.dies = False

    async def find_wanting(self, videos: Collection[str]) -> Collection[str]:
        return self.wanting & set(videos)

    async def begin(self, video: str) -> None:
        if self.dies:
            raise RuntimeError("the process dies here")
        self.begun.append(video)

    def turns(self, store: Store, room: Room) -> Turns:
        return Turns(store, room, self.find_wanting, self.begin)

    async def ask(self, turns: Turns, video: str, owner: str) -> bool:
        self.wanting.add(video)
        return await turns.ask(video, owner)

    @property
    def at_work(self) -> set[str]:
        return self.wanting & set(self.begun)


async def test_racing_replicas_never_pass_a_limit_and_leave_no_place_free(stores: Stores) -> None:
    videos, room = Videos(), Room(an_owner=3, overall=5)
    async with stores.racers(4) as racers:
        replicas = [videos.turns(store, room) for store in racers]
        asked = [(f"{owner}-{n}", owner) for n in range(8) for owner in ("ann", "bob")]
        await asyncio.gather(
            *(videos.ask(replicas[n % 4], *video) for n, video in enumerate(asked))
        )
        while videos.wanting:
            at_work, wanting = (
                Counter(video.split("-")[0] for video in some)
                for some in (videos.at_work, videos.wanting)
            )
            assert max(at_work.values()) <= 3
            assert at_work.total() == min(5, sum(min(3, n) for n in wanting.values()))
            videos.wanting.remove(sorted(videos.at_work)[0])
            await asyncio.gather(*(turns.hand_out() for turns in replicas))
    assert sorted(set(videos.begun)) == sorted(video for video, _ in asked)


async def test_an_owners_videos_begin_in_the_order_in_which_they_asked(stores: Stores) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns = videos.turns(store, Room(an_owner=1))
        order = ["e", "b", "d", "a"]
        answers = []
        for video in order:
            answers.append(await videos.ask(turns, video, "ann"))
            await asyncio.sleep(0.002)  # the store's clock has milliseconds
        assert answers == [True, False, False, False]
        for video in order:
            assert videos.at_work == {video}
            videos.wanting.remove(video)
            await turns.hand_out()
        assert videos.begun == order


async def test_whoever_asks_again_keeps_its_place_in_the_queue(stores: Stores) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns = videos.turns(store, Room(overall=1))
        for video, owner in (("a", "ann"), ("b", "ann"), ("c", "bob")):
            await videos.ask(turns, video, owner)
            await asyncio.sleep(0.002)
        assert await turns.ask("a", "ann") and not await turns.ask("b", "ann")
        videos.wanting.remove("a")
        await turns.leave({"a"})
        assert await turns.hand_out() == ["b"]


async def test_a_crowd_that_asks_at_once_costs_a_few_writes(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos, writes = Videos(), list[int]()
    async with stores.opened() as store:
        update = store.update

        async def count(collection: str, updates: Sequence[Update]) -> set[str]:
            writes.append(len(updates))
            return await update(collection, updates)

        monkeypatch.setattr(store, "update", count)
        turns = videos.turns(store, Room(an_owner=3))
        answers = await asyncio.gather(
            *(videos.ask(turns, f"{owner}-{n}", owner) for n in range(50) for owner in "ab")
        )
        assert sum(answers) == len(videos.at_work) == 6
        assert len(writes) <= 4, "not one for each of the hundred"


async def test_a_newcomer_does_not_wait_behind_anothers_dump(stores: Stores) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns = videos.turns(store, Room(overall=2))
        for n in range(40):
            await videos.ask(turns, f"ann-{n}", "ann")
        await videos.ask(turns, "bob-0", "bob")
        videos.wanting.remove(videos.begun[0])
        await turns.hand_out()
        assert videos.begun[-1] == "bob-0"


@pytest.mark.parametrize("owner", ["a.b", "$", "ünï code"])
async def test_any_name_of_an_owner_will_do(stores: Stores, owner: str) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns = videos.turns(store, Room(an_owner=1))
        assert await videos.ask(turns, "v", owner)
        assert not await videos.ask(turns, "w", owner)


async def test_a_crash_before_a_video_was_let_begin_is_repaired_by_whoever_comes_next(
    stores: Stores,
) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns, videos.dies = videos.turns(store, Room(an_owner=1)), True
        with pytest.raises(RuntimeError):
            await videos.ask(turns, "v", "ann")
        videos.dies = False
        await videos.turns(store, Room(an_owner=1)).hand_out()
        assert videos.begun == ["v"]
        assert not await videos.ask(turns, "w", "ann")


async def test_who_was_given_a_place_and_has_not_begun_is_found_although_nobody_else_waits(
    stores: Stores,
) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns = videos.turns(store, Room(an_owner=2))
        for video in ("v", "w", "x"):
            await videos.ask(turns, video, "ann")
        videos.wanting.remove("v")
        videos.dies = True
        with pytest.raises(RuntimeError):
            await turns.hand_out()  # x has its place, and nobody has begun it
        videos.dies = False
        await turns.hand_out()
        assert videos.begun == ["v", "w", "x"]
        await turns.hand_out()
        assert await store.count(TURNS, {}) == 1, "only the row that says whose turn it is"


async def test_a_place_that_nobody_gave_back_is_found_by_who_waits(stores: Stores) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns = videos.turns(store, Room(an_owner=1))
        await videos.ask(turns, "v", "ann")
        videos.wanting.remove("v")
        assert await videos.ask(turns, "w", "ann")


async def test_what_no_longer_wants_to_be_made_is_passed_over_and_nothing_is_left_of_it(
    stores: Stores,
) -> None:
    videos = Videos()
    async with stores.opened() as store:
        turns = videos.turns(store, Room(an_owner=1))
        for video in ("v", "w", "x"):
            await videos.ask(turns, video, "ann")
            await asyncio.sleep(0.002)
        videos.wanting -= {"v", "w"}
        await turns.hand_out()
        assert videos.at_work == {"x"}
        videos.wanting.clear()
        await turns.leave({"x"})
        await turns.hand_out()
        assert await store.count(TURNS, {}) == 1, "only the row that says whose turn it is"
