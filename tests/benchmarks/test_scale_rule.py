"""The rule by which replicas follow their work: as KEDA and Kubernetes' autoscaler have it."""

from collections.abc import Sequence

import pytest

from benchmarks.scale.rule import Change, Moment, Reading, Rule, ask, decide

RULE = Rule(
    service="chunker",
    least=1,
    most=12,
    lag=500,
    backlog=16,
    kinds=frozenset({"clip"}),
    states=frozenset({"queued"}),
    cpu=0.75,
    up=Change(0, 100, 15),
    down=Change(300, 100, 15),
)


@pytest.mark.parametrize(
    ("reading", "replicas", "asked"),
    [
        (Reading(0, 0, 0), 4, 1),
        (Reading(0, 16, 0), 1, 1),
        (Reading(0, 17, 0), 1, 1),  # nearly right is right
        (Reading(0, 18, 0), 1, 2),
        (Reading(1_600, 0, 0), 1, 4),
        (Reading(100, 40, 0), 1, 3),  # the trigger counts that asks for most
        (Reading(0, 0, 1.6), 1, 3),
        (Reading(100_000, 0, 0), 1, 12),
        (Reading(0, 60, 0), 4, 4),
    ],
)
def test_the_most_that_any_trigger_asks_for_counts(
    reading: Reading, replicas: int, asked: int
) -> None:
    assert ask(RULE, reading, replicas) == asked


def follow(asked: Sequence[tuple[float, int]], rule: Rule = RULE) -> list[int]:
    """Return the replicas after each look."""
    past, replicas, seen = list[Moment](), 1, list[int]()
    for at, wish in asked:
        now = decide(rule, wish, past, at, replicas)
        past.append(Moment(at, wish, replicas))
        replicas = now
        seen.append(replicas)
    return seen


def test_replicas_double_at_most_within_each_period() -> None:
    assert follow([(0, 12), (15, 12), (30, 12), (45, 12)]) == [2, 4, 8, 12]
    assert follow([(0, 12), (5, 12), (10, 12), (15, 12)]) == [2, 2, 2, 4]


def test_fewer_come_only_after_five_minutes_in_which_nothing_asked_for_more() -> None:
    busy = [(0, 4), (15, 4), (30, 4)]
    quiet = [(at, 1) for at in range(45, 345, 15)]
    replicas = follow([*busy, *quiet])
    assert replicas[:3] == [2, 4, 4]
    assert set(replicas[2:-2]) == {4}
    assert replicas[-1] == 1


def test_a_wave_amid_the_quiet_keeps_them() -> None:
    waves = [(at, 4 if at % 150 == 0 else 1) for at in range(0, 900, 15)]
    assert follow(waves)[:11] == [2] * 10 + [4]
    assert set(follow(waves)[11:]) == {4}
