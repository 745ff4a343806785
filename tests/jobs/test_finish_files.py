"""The last step of a job is given what its engine started from, as far as it is still there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.jobs.engine import Task, Workspace
from shared.jobs.job import State
from shared.jobs.outcomes import Made, Produced
from shared.ports import Store
from tests.jobs.test_worker import SPEC, LoneWorker, Scripted, made


def tell_files(order: Any, space: Workspace, result: Made) -> Made:
    """Say what each input file holds."""
    held = {name: path.read_text() for name, path in space.files.items()}
    return replace(result, data={**result.data, "held": held})


async def finish_with(store: Store, folder: Path, engine: Scripted, **files: str) -> dict[str, Any]:
    """Run a job that starts from these blobs, and return what its last step was given."""
    lone = LoneWorker(store, folder, engine, finish=tell_files)
    await lone.blobs.open()
    (folder / "start").write_text("a first picture")
    await lone.blobs.put("v/start.png", folder / "start")
    job = await lone.ends(SPEC.model_copy(update={"files": files}))
    assert job.state is State.DONE, job.error
    assert await lone.spent() == 4
    return dict(job.result["held"])


async def test_of_a_paid_engine_that_fetched_nothing(store: Store, tmp_path: Path) -> None:
    held = await finish_with(store, tmp_path, Scripted(made()), image="v/start.png")
    assert held == {"image": "a first picture"}


async def test_what_is_gone_is_left_out_and_what_was_made_is_kept(
    store: Store, tmp_path: Path
) -> None:
    files = {"image": "v/start.png", "other": "v/gone.png"}
    assert await finish_with(store, tmp_path, Scripted(made()), **files) == {
        "image": "a first picture"
    }


async def test_what_the_engine_has_fetched_is_not_fetched_again(
    store: Store, tmp_path: Path
) -> None:
    async def work(task: Task) -> Produced:
        files = await task.fetch_files()
        files["image"].write_text("the engine's own copy")
        return made()(task)

    held = await finish_with(store, tmp_path, Scripted(work), image="v/start.png")
    assert held == {"image": "the engine's own copy"}
