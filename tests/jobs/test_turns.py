"""Whose turn it is: a choice, from who waits, who is at work and how much room there is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.turns import Room, pick
from shared.ports import Doc


def queue(owner: str, *times: int) -> list[Doc]:
    return [{"_id": f"{owner}{at}", "owner": owner, "asked_at": at} for at in times]


def chosen(queues: dict[str, list[Doc]], taken: dict[str, str], room: Room) -> list[str]:
    return [row["_id"] for row in pick(queues, taken, room)]


def test_an_owners_videos_come_in_order_and_only_so_many() -> None:
    assert chosen({"a": queue("a", 1, 2, 3)}, {"a0": "a"}, Room(an_owner=3)) == ["a1", "a2"]


def test_one_owners_limit_is_not_anothers() -> None:
    both = {"a": queue("a", 1, 2), "b": queue("b", 5, 6)}
    assert chosen(both, {"a0": "a"}, Room(an_owner=1)) == ["b5"]


def test_a_newcomer_comes_before_the_next_of_who_has_more() -> None:
    both = {"a": queue("a", 1, 2, 3), "b": queue("b", 9)}
    assert chosen(both, {"a0": "a"}, Room(overall=2)) == ["b9"]


def test_of_two_with_as_many_who_has_waited_longer_is_first() -> None:
    both = {"a": queue("a", 7), "b": queue("b", 4)}
    assert chosen(both, {}, Room(overall=1)) == ["b4"]


QUEUES = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.integers(0, 99), unique=True, max_size=6).map(sorted)
)


@given(QUEUES, st.lists(st.sampled_from("abcd"), max_size=5), st.integers(0, 4), st.integers(0, 6))
def test_no_limit_is_passed_no_place_stays_free_and_nobody_overtakes_himself(
    times: dict[str, list[int]], at_work: list[str], an_owner: int, overall: int
) -> None:
    queues = {owner: queue(owner, *own) for owner, own in times.items()}
    taken = {f"w{n}": owner for n, owner in enumerate(at_work)}
    rows = pick(queues, taken, Room(an_owner, overall))
    before = Counter(at_work)
    after = before + Counter(row["owner"] for row in rows)
    for owner, own in queues.items():
        mine = [row for row in rows if row["owner"] == owner]
        assert mine == own[: len(mine)]
        assert not mine or not an_owner or after[owner] <= an_owner
        if len(mine) < len(own):  # who waits on has a reason
            full = overall and after.total() >= overall
            assert full or (an_owner and after[owner] >= an_owner)
    assert not rows or not overall or after.total() <= overall
