"""The table of local work: every kind makes the fields that its event requires."""

import pickle
from pathlib import Path

import pytest

from shared.engines.local.work import WORK
from shared.jobs.engine import Workspace
from shared.jobs.outcomes import Made
from shared.media.probe import probe
from shared.story.beats import Word
from shared.story.errors import PermanentError
from shared.story.kinds import CARD, CLIP, IMAGE, MUSIC, REFERENCE, VOICE, AnyKind

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
    MUSIC: {"prompt": "a fox", "style": "noir", "seconds": SECONDS, "seed": 3},
    CLIP: {"prompt": "a fox", "seconds": SECONDS, "chunk": 0, "kind": "reference", **LOOK},
}


def made(kind: AnyKind, folder: Path, **files: Path) -> Made:
    return WORK[kind](kind.order.model_validate(INPUTS[kind]), Workspace(folder, files))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "image").mkdir()
    return made(IMAGE, tmp_path / "image").files["key"]


@pytest.mark.parametrize("kind", [kind for kind in WORK if kind is not CLIP])
def test_each_kind_makes_what_its_event_needs(tmp_path: Path, kind: AnyKind) -> None:
    result = made(kind, tmp_path)
    assert result.files["key"].parent == tmp_path
    assert result.files["key"].stat().st_size > 500
    needed = {name for name, field in kind.ready.model_fields.items() if field.is_required()}
    given = {*result.files, *result.data, "video_id", "job", "n", "beat", "name"}
    assert needed <= given


def test_spoken_words_fit_the_event(tmp_path: Path) -> None:
    words = [Word.model_validate(word) for word in made(VOICE, tmp_path).data["words"]]
    assert [word.text for word in words] == ["A", "fox", "runs."]


def test_a_clip_starts_from_its_image_or_goes_on_from_a_last_frame(
    tmp_path: Path, image: Path
) -> None:
    for source in ("image", "last_frame"):
        clip = made(CLIP, tmp_path, **{source: image}).files["key"]
        assert probe(clip).seconds == pytest.approx(SECONDS)
        assert (probe(clip).width, probe(clip).height) == (180, 320)


def test_a_clip_without_a_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="needs one to start from"):
        made(CLIP, tmp_path)


def test_all_work_can_be_sent_to_another_process() -> None:
    functions = list(WORK.values())
    assert pickle.loads(pickle.dumps(functions)) == functions
