"""What runs give back, however odd it is: it has been paid for."""

import json

import pytest

from shared.base.values import find_fault
from shared.engines.replicate.ends import judge_end
from shared.engines.replicate.errors import Asked
from shared.engines.replicate.outputs import read_words
from shared.jobs.outcomes import Ended, Made, Produced
from shared.story.kinds import WORDS, WordsOrder


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-3", "1" + 400 * "0", "1e400", "true", '"1"'])
def test_a_word_at_an_odd_time_lies_between_its_neighbours(odd: str) -> None:
    said = """{"segments": [{"words": [{"word": "a", "start": 1, "end": 2},
        {"word": "light", "start": ODD, "end": ODD}, {"word": "moves", "start": 3, "end": 4}]}]}"""
    words = read_words(json.loads(said.replace("ODD", odd)))
    assert find_fault({"words": words}) is None
    assert [(word["start"], word["end"]) for word in words] == [(1, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize("heard", [{"segments": []}, {"text": "", "chunks": []}])
def test_who_hears_no_word_is_paid_for_that_once(heard: object) -> None:
    """To ask again, and the next model after that, would cost six times as much for nothing."""
    assert judge(heard) == Produced(Made(data={"words": []}), cost=7)


@pytest.mark.parametrize("odd", [None, {}, "so", {"segments": [{"text": "so"}]}])
def test_what_has_no_words_in_it_is_tried_again(odd: object) -> None:
    assert isinstance(judge(odd), Ended)


def judge(output: object) -> Produced | Ended:
    run = {"status": "succeeded", "output": output, "metrics": {"predict_time": 2}}
    order = WordsOrder(text="A keeper paints the sea.")
    return judge_end(WORDS.name, order, run, Asked("maker/ear", {}), lambda *_: 7)
