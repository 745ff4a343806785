"""The last step of a clip: it is looked at, and its last frame kept where one is wanted."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.chunker.work import check_clip
from shared.jobs.engine import Workspace
from shared.jobs.outcomes import Made
from shared.media.probe import BadMedia
from shared.story.errors import TransientError
from shared.story.kinds import ClipOrder
from tests.media.samples import Shape, number_of, write_clip


def finish(folder: Path, made: Made, wants_last_frame: bool = False) -> Made:
    order = ClipOrder(
        chunk=0,
        kind="reference",
        prompt="p",
        style="noir",
        seed=0,
        seconds=1,
        width=64,
        height=64,
        wants_last_frame=wants_last_frame,
    )
    return check_clip(order, Workspace(folder), made)


def test_the_last_frame_is_kept_where_a_chunk_follows(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, Shape(frames=37, b_frames=3))
    result = finish(tmp_path, Made({"key": clip}, {"a": 1}), wants_last_frame=True)
    assert number_of(np.asarray(Image.open(result.files["last_frame_key"]))) == 36
    assert result.files["key"] == clip
    assert dict(result.data) == {"a": 1, "seconds": 1.233}


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
