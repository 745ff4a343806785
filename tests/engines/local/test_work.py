"""The table of local work: every kind makes the fields that its event requires."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shared.engines.local.engine import LocalEngine
from shared.engines.local.work import WORK
from shared.jobs.engine import Claim, Task, Workspace
from shared.jobs.job import Job
from shared.jobs.outcomes import Made, Produced
from shared.media.probe import probe
from shared.story.beats import Word
from shared.story.errors import PermanentError
from shared.story.kinds import (
    CARD,
    CLIP,
    IMAGE,
    MUSIC,
    REFERENCE,
    VOICE,
    WORDS,
    AnyKind,
    WordsOrder,
)
from shared.story.view import JobSpec

LOOK = {"style": "noir", "seed": 3, "width": 180, "height": 320}
SECONDS = 1.0
INPUTS: dict[AnyKind, dict[str, object]] = {
    REFERENCE: {"name": "Zed the robot", **LOOK},
    IMAGE: {
        "prompt": "a fox",
        "characters": [],
        "setting": "",
        "index": 1,
        "total": 3,
        **LOOK,
    },
    CARD: {"title": "A Fox", **LOOK},
    VOICE: {"text": "A fox runs.", "style": "noir", "seconds": 5.0, "seed": 3},
    MUSIC: {"prompt": "a fox", "style": "noir", "seconds": 6.0, "seed": 3},
    CLIP: {"prompt": "a fox", "seconds": SECONDS, "chunk": 0, "kind": "reference", **LOOK},
}


def made(kind: AnyKind, folder: Path, take: int = 0, **files: Path) -> Made:
    folder.mkdir(parents=True, exist_ok=True)
    return WORK[kind](kind.order.model_validate(INPUTS[kind]), Workspace(folder, files, take))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "image").mkdir()
    return made(IMAGE, tmp_path / "image").files["key"]


def test_several_images_are_several_and_another_take_shows_none_of_them(tmp_path: Path) -> None:
    order = IMAGE.order.model_validate({**INPUTS[IMAGE], "count": 3})
    pictures = []
    for take in (0, 1):
        (folder := tmp_path / str(take)).mkdir()
        files = WORK[IMAGE](order, Workspace(folder, {}, take)).files
        assert list(files) == ["key", "key/1", "key/2"]
        pictures += [path.read_bytes() for path in files.values()]
    assert len(set(pictures)) == 6
    assert pictures[0] == made(IMAGE, tmp_path).files["key"].read_bytes(), "the first stays it"


@pytest.mark.parametrize("kind", [kind for kind in WORK if kind not in (CLIP, WORDS)])
def test_each_kind_makes_what_its_event_needs(tmp_path: Path, kind: AnyKind) -> None:
    result = made(kind, tmp_path)
    assert result.files["key"].parent == tmp_path
    assert result.files["key"].stat().st_size > 500
    needed = {name for name, field in kind.ready.model_fields.items() if field.is_required()}
    given = {*result.files, *result.data, "video_id", "job", "n", "beat", "name"}
    assert needed <= given


def test_nobody_here_knows_words_by_their_sound(tmp_path: Path) -> None:
    assert WORK[WORDS](WordsOrder(text="A fox."), Workspace(tmp_path)) == Made()


def test_spoken_words_fit_the_event(tmp_path: Path) -> None:
    words = [Word.model_validate(word) for word in made(VOICE, tmp_path).data["words"]]
    assert [word.text for word in words] == ["A", "fox", "runs."]


def test_a_clip_starts_from_its_image_or_goes_on_from_a_last_frame(
    tmp_path: Path, image: Path
) -> None:
    for source in ("image", "last_frame"):
        clip = made(CLIP, tmp_path, 0, **{source: image}).files["key"]
        assert probe(clip).seconds == pytest.approx(SECONDS)
        assert (probe(clip).width, probe(clip).height) == (180, 320)


def test_a_clip_without_a_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="needs one to start from"):
        made(CLIP, tmp_path)


@pytest.mark.parametrize("kind", [REFERENCE, IMAGE, CARD, MUSIC, CLIP], ids=str)
def test_another_take_is_another_one_and_the_same_take_the_same(
    tmp_path: Path, image: Path, kind: AnyKind
) -> None:
    files: dict[str, Any] = {"image": image} if kind is CLIP else {}
    contents = [
        made(kind, tmp_path / str(n), take, **files).files["key"].read_bytes()
        for n, take in enumerate([0, 1, 2, 1])
    ]
    assert len(set(contents)) == 3
    assert contents[1] == contents[3]


def test_another_take_of_an_image_looks_different_(tmp_path: Path) -> None:
    pictures = []
    for take in range(2):
        with Image.open(made(IMAGE, tmp_path / str(take), take).files["key"]) as picture:
            pictures.append(np.asarray(picture.convert("RGB"), np.float64))
    assert np.abs(pictures[0] - pictures[1]).mean() > 10, "a user sees that it is another one"


async def test_the_engine_says_which_take_it_is(tmp_path: Path) -> None:
    order = IMAGE.order.model_validate(INPUTS[IMAGE])
    spec = JobSpec(kind="image", video_id="v1", take=2, input=order.model_dump(mode="json"))
    engine = LocalEngine(OwnProcess(), WORK)  # type: ignore[arg-type]
    task = Task(Job(spec=spec), order, Claim(tmp_path / "job", 30, 0), nothing, nothing)
    produced = await engine.submit(task, None)
    assert isinstance(produced, Produced)
    third = made(IMAGE, tmp_path / "take", take=2).files["key"]
    assert produced.made.files["key"].read_bytes() == third.read_bytes()


class OwnProcess:
    """A pool that works where it is asked."""

    size = 1

    async def run(self, work: Any, order: Any, space: Any, **known: Any) -> Any:
        return work(order, space)


async def nothing(*known: Any) -> None:
    """Bring nothing, and check nothing."""


def test_all_work_can_be_sent_to_another_process() -> None:
    functions = list(WORK.values())
    assert pickle.loads(pickle.dumps(functions)) == functions
