"""Keys, secrets and limits on every store: racing replicas agree, and no limit is ever passed."""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.gateway.errors.callers import SpentForToday, TooManyRequests, TooManyVideos
from services.gateway.errors.problems import Refusal
from services.gateway.keys import INDEXES
from services.gateway.keys.apikeys import KNOWN_MS, ApiKeys, make_first_key
from services.gateway.keys.caller import CALLER, Caller, Limits, Role
from services.gateway.keys.ids import VideoIds
from services.gateway.keys.limits import MINUTE_MS, USAGE, Usage
from services.gateway.keys.secret import Secrets
from shared.ports import Store
from tests.contracts.adapters import STORES, Stores


@pytest.fixture(params=STORES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(request.param, tmp_path, INDEXES)
    yield stores
    await stores.drop()


@contextmanager
def limited(**limits: int) -> Iterator[None]:
    """What is asked in here is asked by a key with these limits."""
    asks = CALLER.set(Caller("ann", Role.PAYER, "k1", Limits(**limits)))
    yield
    CALLER.reset(asks)


async def ask(calls: Collection[Coroutine[Any, Any, object]], refusal: type[Refusal]) -> int:
    """Return how many of these calls were granted; all others are refused for the limit."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    errors = [each for each in results if isinstance(each, BaseException)]
    assert {type(error) for error in errors} <= {refusal}, errors
    return len(results) - len(errors)


async def find_none(videos: Collection[str]) -> Mapping[str, int | None]:
    return dict.fromkeys(videos)


def stop_clock(monkeypatch: pytest.MonkeyPatch, stores: Collection[Store], at: int) -> None:
    for store in stores:
        monkeypatch.setattr(store, "now", lambda: at)


async def test_of_replicas_that_start_at_once_one_makes_the_first_key(stores: Stores) -> None:
    told = list[str]()
    async with stores.racers(4) as racers:
        await asyncio.gather(*(make_first_key(ApiKeys(store), told.append) for store in racers))
        await make_first_key(ApiKeys(racers[0]), told.append)
        [said] = told
        token = next(word for word in said.split() if word.startswith("sw_"))
        for store in racers:
            caller = await ApiKeys(store).find(token)
            assert caller and (caller.role, caller.key) == (Role.ADMIN, "first")


async def test_where_there_is_any_key_no_first_one_is_made(stores: Stores) -> None:
    async with stores.opened() as store:
        keys = ApiKeys(store)
        made = await keys.make("ann", Role.VIEWER)
        await keys.revoke(made.id)
        assert await keys.make_first() is None


async def test_what_one_replica_revokes_or_replaces_all_refuse_within_seconds(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stores.racers(2) as racers:
        now = racers[0].now()
        stop_clock(monkeypatch, racers, now)
        here, there = (ApiKeys(store) for store in racers)
        gone, other = [await here.make("ann", Role.PAYER) for _ in range(2)]
        assert await there.find(gone.token) and await there.find(other.token)
        await here.revoke(gone.id)
        new = await here.replace(other.id)
        assert await here.find(gone.token) is None and await here.find(other.token) is None
        stop_clock(monkeypatch, racers, now + KNOWN_MS)
        assert await there.find(gone.token) is None and await there.find(other.token) is None
        assert await there.find(new.token)


async def test_of_racing_rotations_the_last_token_alone_is_good(stores: Stores) -> None:
    async with stores.racers(3) as racers:
        keys = [ApiKeys(store) for store in racers]
        made = await keys[0].make("ann", Role.PAYER)
        new = await asyncio.gather(*(each.replace(made.id) for each in keys))
        good = [each for each in new if await ApiKeys(racers[0]).find(each.token)]
        assert len(good) == 1


async def test_all_replicas_have_the_same_secrets(stores: Stores) -> None:
    async with stores.racers(4) as racers:
        secrets = [Secrets(store) for store in racers]
        made = await asyncio.gather(*(each.read("links") for each in secrets))
        assert len({each.current for each in made}) == 1
        ids = [VideoIds(store, each, ()) for store, each in zip(racers, secrets, strict=True)]
        assert len({await each.make("ann", "k") for each in ids}) == 1
        assert len({await each.make("ann", None) for each in ids}) == 4
        await secrets[0].rotate("links")
        assert made[0].current == (await secrets[0].read("links")).previous


async def test_requests_never_pass_their_limit(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stores.racers(4) as racers:
        start = racers[0].now() // MINUTE_MS * MINUTE_MS
        stop_clock(monkeypatch, racers, start + 1_000)
        with limited(requests_a_minute=25):
            usages = [Usage(store, find_none) for store in racers]
            calls = [usages[n % 4].count_request() for n in range(100)]
            assert await ask(calls, TooManyRequests) == 25
            stop_clock(monkeypatch, racers, start + MINUTE_MS)
            assert await ask([usages[0].count_request()], TooManyRequests) == 1


async def test_videos_under_way_never_pass_their_limit(stores: Stores) -> None:
    ended = set[str]()

    async def find_ended(videos: Collection[str]) -> Mapping[str, int | None]:
        return {video: 1 if video in ended else None for video in videos}

    async with stores.racers(4) as racers:
        with limited(active_videos=5):
            usages = [Usage(store, find_ended) for store in racers]
            calls = [usages[n % 4].take_place(f"v{n}") for n in range(20)]
            assert await ask(calls, TooManyVideos) == 5
            [row] = await racers[0].find(USAGE, {})
            taken = set(row["videos"])
            assert await ask([usages[0].take_place(min(taken))], TooManyVideos) == 1
            ended |= set(sorted(taken)[:2])
            calls = [usages[n % 4].take_place(f"w{n}") for n in range(20)]
            assert await ask(calls, TooManyVideos) == 2
            [row] = await racers[0].find(USAGE, {})
            assert len(row["videos"]) == 5 and not ended & set(row["videos"])


async def test_a_place_that_was_taken_and_never_used_is_free_a_minute_later(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_unknown(videos: Collection[str]) -> Mapping[str, int | None]:
        return {}

    async with stores.opened() as store:
        with limited(active_videos=1):
            usage, now = Usage(store, find_unknown), store.now()
            assert await ask([usage.take_place("v")], TooManyVideos) == 1
            assert await ask([usage.take_place("w")], TooManyVideos) == 0
            stop_clock(monkeypatch, [store], now + 2 * MINUTE_MS)
            assert await ask([usage.take_place("w")], TooManyVideos) == 1


async def test_videos_that_go_on_at_once_never_pass_the_limit(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their ends of before are known, and that they go on is not known yet."""

    async def find_ended(videos: Collection[str]) -> Mapping[str, int | None]:
        return dict.fromkeys(videos, 1)

    async with stores.racers(4) as racers:
        now = racers[0].now()
        stop_clock(monkeypatch, racers, now)
        with limited(active_videos=2):
            usages = [Usage(store, find_ended) for store in racers]
            calls = [usages[n % 4].take_place(f"v{n}", 2) for n in range(8)]
            assert await ask(calls, TooManyVideos) == 2
            stop_clock(monkeypatch, racers, now + 2 * MINUTE_MS)  # none of them went on after all
            assert await ask([usages[0].take_place("w")], TooManyVideos) == 1


async def test_promised_money_never_passes_the_days_limit(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stores.racers(4) as racers:
        now = racers[0].now()
        stop_clock(monkeypatch, racers, now)
        with limited(spend_a_day=1_000):
            usages = [Usage(store, find_none) for store in racers]
            calls = [usages[n % 4].promise(f"v{n}", 70) for n in range(40)]
            assert await ask(calls, SpentForToday) == 14
            assert await ask([usages[0].promise("free", None)], SpentForToday) == 1
            for _ in range(2):  # whoever had no answer raises it again
                assert await ask([usages[0].promise("v0", 90, 70)], SpentForToday) == 1
            assert await ask([usages[0].promise("v0", 91, 90)], SpentForToday) == 0
            assert await ask([usages[0].check_money("v0", 91)], SpentForToday) == 0
            stop_clock(monkeypatch, racers, now + 24 * 60 * MINUTE_MS)
            assert await ask([usages[1].promise("w", 1_000)], SpentForToday) == 1


@pytest.mark.parametrize("order", [(10, 900), (900, 10)])
async def test_of_two_bodies_with_one_key_the_dearer_one_counts(
    stores: Stores, order: tuple[int, int]
) -> None:
    """Only one of them becomes the video, and here nobody knows yet which."""
    async with stores.opened() as store:
        with limited(spend_a_day=1_000):
            usage = Usage(store, find_none)
            for cap in order:
                await usage.promise("v", cap)
            assert await ask([usage.promise("w", 101)], SpentForToday) == 0
            assert await ask([usage.promise("w", 100)], SpentForToday) == 1
