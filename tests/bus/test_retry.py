from shared.bus.retry import FIRST_SECONDS, LONGEST_SECONDS, wait_seconds


def test_waits_double_up_to_the_longest() -> None:
    longest = [wait_seconds(failures, 1.0) for failures in range(1, 9)]
    assert longest == [FIRST_SECONDS * 2**n for n in range(6)] + [LONGEST_SECONDS] * 2
    assert wait_seconds(10_000, 1.0) == LONGEST_SECONDS


def test_chance_takes_up_to_half_of_it() -> None:
    assert wait_seconds(1, 0.0) == FIRST_SECONDS / 2
