"""Who listens to voices, and what becomes of the captions where nobody could."""

from pathlib import Path
from typing import Any

from shared.jobs.engine import Workspace
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Made
from shared.story.errors import PermanentError
from shared.story.kinds import CONFORM, WORDS
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
