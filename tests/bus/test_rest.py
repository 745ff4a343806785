"""How long a consumer waits for more: never for what comes alone, never where more is there."""

import pytest

from shared.bus.kafka_consumer import CROWD, LONGEST_REST, find_rest


@pytest.mark.parametrize(
    ("size", "took", "rest"),
    [
        (1, 0.05, 0.0),
        (CROWD - 1, 0.05, 0.0),
        (CROWD, 0.05, 0.05),
        (499, 0.03, 0.03),
        (499, 9.0, LONGEST_REST),
        (500, 0.05, 0.0),
    ],
)
def test_a_batch_is_followed_by_a_rest_only_where_much_comes_and_no_more_is_there(
    size: int, took: float, rest: float
) -> None:
    assert find_rest(size, 500, took) == rest
