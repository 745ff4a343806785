"""The rate of a provider: never more than it allows, and no job loses its turn over it."""

import asyncio
from collections import Counter

from shared.jobs.rates import NO_LIMITS, RATES, Limits, Rates
from shared.ports import Store, Update
from tests.clock import Clock

NINE_A_SECOND = Limits(creates_a_minute=540)
SIX_A_MINUTE = Limits(creates_a_minute=6)


async def take_all(rates: list[Rates], limits: Limits, asks: int = 40) -> int:
    """Ask so often at once, through all replicas; return how many were granted."""
    calls = (rates[i % len(rates)].take("p", limits) for i in range(asks))
    return sum(await asyncio.gather(*calls))


async def test_replicas_share_a_rate_in_every_second(store: Store, clock: Clock) -> None:
    rates = [Rates(store) for _ in range(4)]
    granted: Counter[int] = Counter()
    for _ in range(40):
        second = store.now() // 1000
        asked = await take_all(rates, NINE_A_SECOND)
        if store.now() // 1000 == second:
            granted[second] += asked
        clock.move(270)
    assert max(granted.values()) == 9
    assert sum(n == 9 for n in granted.values()) >= len(granted) - 2, "and none is wasted"


async def test_a_slow_rate_is_one_create_after_the_other(store: Store, clock: Clock) -> None:
    rates = [Rates(store)]
    taken = 0
    for _ in range(60):
        taken += await take_all(rates, SIX_A_MINUTE, asks=3)
        clock.move(1_000)
    assert taken in (6, 7)


async def test_no_limit_asks_nobody(store: Store) -> None:
    rates = Rates(store)
    assert await rates.take("p", NO_LIMITS)
    assert await rates.count_free("p", NO_LIMITS) is None


async def test_a_provider_that_asks_for_time_gets_it_from_all(store: Store, clock: Clock) -> None:
    one, other = Rates(store), Rates(store)
    assert await one.slow_down("p", 30, "throttled")
    assert not await one.slow_down("p", 30, "throttled"), "no news the second time"
    assert await other.count_free("p", NINE_A_SECOND) == 0
    assert not await other.take("p", NINE_A_SECOND)
    assert 28 < await other.find_wait("p", NINE_A_SECOND) <= 30
    clock.move(31_000)
    assert await other.count_free("p", NINE_A_SECOND) == 9
    assert await other.clear("p") and not await other.clear("p")


async def test_a_rate_that_was_named_is_kept_for_a_while(store: Store, clock: Clock) -> None:
    rates = Rates(store)
    await rates.slow_down("p", 1, "6 a minute", creates_a_minute=6)
    clock.move(1_100)
    assert await rates.count_free("p", NINE_A_SECOND) == 1
    clock.move(11 * 60_000)
    assert await rates.count_free("p", NINE_A_SECOND) == 9


async def test_a_clock_that_was_ahead_stops_nobody(store: Store) -> None:
    rates = Rates(store)
    await rates.count_free("p", NINE_A_SECOND)
    ahead = (store.now() // 1000 + 3_600) * 1000
    await store.update(RATES, [Update("p", set={"window": ahead, "used": 9})])
    assert await rates.take("p", NINE_A_SECOND)


async def test_what_is_granted_late_in_a_second_counts_in_the_next_one_too(
    store: Store, clock: Clock
) -> None:
    rates = [Rates(store)]
    clock.move(950 - store.now() % 1000)
    assert await take_all(rates, NINE_A_SECOND, asks=5) == 5
    clock.move(1000 - store.now() % 1000)
    assert await take_all(rates, NINE_A_SECOND) == 4
    clock.move(1000)
    assert await take_all(rates, NINE_A_SECOND) == 9
