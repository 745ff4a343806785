"""A retry: what was made without a part that is bought again now is made again with it."""

from pathlib import Path
from typing import Any

from shared.jobs.engine import Workspace
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Made
from shared.story.brief import EndCard
from shared.story.errors import PermanentError
from shared.story.kinds import CARD, CONFORM, WORDS
from tests.pipeline.test_wishes import Stack, completed
from tests.pipeline.test_workflows import stack
from tests.pipeline.world import WORK, brief

HEARD = {"text": "so", "start": 1.25, "end": 2.5}


class Ear:
    """Hears nothing of the first beat, until it is well again."""

    is_ill = True

    def listen(self, order: Any, space: Workspace) -> Made:
        if self.is_ill and "Scene 0" in order.text:
            raise PermanentError("it hears nothing")
        return Made(data={"words": [HEARD]})


async def shown(s: Stack) -> dict[tuple[int, int], list[Any]]:
    """The words in each segment that was made, by its beat and its take."""
    rows = await s.w.store.find(JOBS, {"spec.kind": CONFORM.name})
    specs = [row["spec"] for row in rows]
    return {(each["beat"], each["take"]): each["input"]["voice"]["words"] for each in specs}


async def test_captions_that_lacked_their_times_have_them_after_a_retry(tmp_path: Path) -> None:
    """Else who listens would be paid for words that are burnt in already, as they were guessed."""
    ear = Ear()
    async with stack(tmp_path, work={**WORK, WORDS: ear.listen}) as s:
        await s.w.request("v", brief(2, 1, models={"words": "draft"}))
        await s.until(completed(1))
        ear.is_ill = False
        await s.retry()
        await s.until(completed(2))
        assert (await shown(s)).keys() == {(0, 0), (0, 1), (1, 0)}
        assert (await shown(s))[0, 1] == [HEARD]
        assert {job for job in s.runs() if f"/{WORDS}/" in job} == {
            "v/words/0/0/0", "v/words/0/0/1", "v/words/1/0/0",
        }  # fmt: skip


async def test_an_end_card_that_lacked_its_picture_has_it_after_a_retry(tmp_path: Path) -> None:
    brush = Brush()
    async with stack(tmp_path, work={**WORK, CARD: brush.draw}) as s:
        wanted = brief(1, 1).model_copy(update={"end_card": EndCard(), "duration": 7.5})
        await s.w.request("v", wanted)
        await s.until(completed(1))
        brush.is_lost = False
        await s.retry()
        await s.until(completed(2))
        rows = await s.w.store.find(JOBS, {"spec.kind": CONFORM.name, "spec.beat": 1})
        files = {row["spec"]["take"]: row["spec"]["files"] for row in rows}
        assert files == {0: {}, 1: {"background": "card-key"}}


class Brush:
    """Draws nothing, until it is found again."""

    is_lost = True

    def draw(self, order: Any, space: Workspace) -> Made:
        if self.is_lost:
            raise PermanentError("the brush is lost")
        return Made(data={"key": "card-key"})
