"""The last step of a clip: it is looked at, and its last frame kept where one is wanted."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.chunker.work import check_clip
from shared.jobs.engine import Workspace
from shared.jobs.outcomes import Made
from shared.media.probe import BadMedia
from shared.story.brief import ClipCheck
from shared.story.errors import TransientError
from shared.story.kinds import ClipOrder
from shared.story.kinds.clips import ASKED_SECONDS
from tests.media.drawings import HIGH, SECONDS, WIDE
from tests.media.samples import Shape, number_of, write_clip
from tests.media.scenes import GOOD, SPOILED, write_scene


def finish(
    folder: Path,
    made: Made,
    wants_last_frame: bool = False,
    check: ClipCheck = "warn",
    files: Mapping[str, Path] | None = None,
    size: tuple[float, int, int] = (1, 96, 160),
) -> Made:
    order = ClipOrder(
        chunk=0,
        kind="reference",
        prompt="p",
        style="noir",
        seed=0,
        seconds=size[0],
        width=size[1],
        height=size[2],
        wants_last_frame=wants_last_frame,
        check=check,
    )
    return check_clip(order, Workspace(folder, files or {}), made)


def test_the_last_frame_is_kept_where_a_chunk_follows(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=33, b_frames=3))
    result = finish(tmp_path, Made({"key": clip}, {"a": 1}), wants_last_frame=True)
    assert number_of(np.asarray(Image.open(result.files["last_frame_key"]))) == 32
    assert result.files["key"] == clip
    assert dict(result.data) == {"a": 1, "seconds": 1.1}


def test_no_last_frame_is_kept_where_none_is_wanted(tmp_path: Path) -> None:
    clip = write_clip(tmp_path)
    assert list(finish(tmp_path, Made({"key": clip})).files) == ["key"]


def test_a_truncated_clip_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(BadMedia, match=r"clip\.mp4"):
        finish(tmp_path, Made({"key": clip}), wants_last_frame=True)


def test_a_clip_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=90, gop=10))
    body = bytearray(clip.read_bytes())
    at = body.find(b"mdat") + 2_000
    body[at : at + 3_000] = b"\xff" * 3_000
    clip.write_bytes(bytes(body))
    with pytest.raises(BadMedia):
        finish(tmp_path, Made({"key": clip}))


def test_an_engine_that_makes_no_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="without a clip"):
        finish(tmp_path, Made())


# ── clips that can be played and look spoiled ───────────────────────────────────────────────────

ORDERED = (SECONDS, WIDE, HIGH)


def spoiled(folder: Path, check: ClipCheck, **more: object) -> Made:
    clip, start = write_scene(folder, "clip", SPOILED["frozen"][0])
    return finish(folder, Made({"key": clip}, more), True, check, {"image": start}, ORDERED)


def test_by_default_a_spoiled_clip_is_used_and_what_is_wrong_with_it_is_said(
    tmp_path: Path,
) -> None:
    result = spoiled(tmp_path, "warn")
    assert result.files.keys() == {"key", "last_frame_key"}
    assert result.data["doubts"] == ["is frozen: nothing moves for 2.5 s"]


def test_where_a_retry_is_wanted_a_spoiled_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMedia, match="the clip is frozen: nothing moves"):
        spoiled(tmp_path, "retry")


def test_where_no_check_is_wanted_a_spoiled_clip_is_used_and_nothing_said(tmp_path: Path) -> None:
    assert "doubts" not in spoiled(tmp_path, "off").data


def test_a_good_clip_has_no_doubts(tmp_path: Path) -> None:
    clip, start = write_scene(tmp_path, "clip", GOOD["slow pan"])
    result = finish(tmp_path, Made({"key": clip}), True, "retry", {"last_frame": start}, ORDERED)
    assert "doubts" not in result.data


@pytest.mark.parametrize("name", ["image", "last_frame"])
def test_a_clip_is_compared_with_what_it_started_from(tmp_path: Path, name: str) -> None:
    clip, start = write_scene(tmp_path, "clip", SPOILED["all unrelated"][0])
    result = finish(tmp_path, Made({"key": clip}), files={name: start}, size=ORDERED)
    assert result.data["doubts"] == ["does not begin with the picture that it was to start from"]


def test_a_clip_whose_start_is_gone_is_looked_at_without_it(tmp_path: Path) -> None:
    clip, _ = write_scene(tmp_path, "clip", SPOILED["all unrelated"][0])
    assert "doubts" not in finish(tmp_path, Made({"key": clip}), size=ORDERED).data


def test_a_model_with_few_lengths_is_held_to_the_one_it_was_asked_for(tmp_path: Path) -> None:
    clip, _ = write_scene(tmp_path, "clip", SPOILED["too long"][0])
    asked = Made({"key": clip}, {ASKED_SECONDS: 2 * SECONDS})
    assert "doubts" not in finish(tmp_path, asked, size=ORDERED).data
    assert "5.0 s long" in finish(tmp_path, Made({"key": clip}), size=ORDERED).data["doubts"][0]
