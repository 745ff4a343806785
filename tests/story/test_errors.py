"""What users read of errors that are not ours: their words, and nothing about our disk."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from services.stitcher.draw.artwork import open_picture
from shared.engines.local.clips import animate
from shared.media.probe import BadMedia, probe
from shared.story.errors import BlobMissing, TooManyOpen, cause, machine_trouble
from shared.story.formats import Canvas


def raised(call: Callable[..., object], *given: object) -> Exception:
    with pytest.raises((OSError, ValueError, BadMedia)) as caught:
        call(*given)
    return caught.value


def test_neither_folders_nor_numbers_are_told(tmp_path: Path) -> None:
    odd = tmp_path / "c.mp4"
    odd.write_bytes(b"no film" * 100)
    for call, words in (
        (av.open, "Invalid data found when processing input"),
        (Image.open, "cannot identify image file 'c.mp4'"),
    ):
        error = raised(call, str(odd))
        assert str(odd) in str(error)
        assert cause(error) == words
    gone = OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(odd))
    assert cause(gone) == "No such file or directory"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/tmp/a b/work/c.mp4 is odd", "c.mp4 is odd"),
        ("'/data/c.mp4' and \"/data/d.mp4\"", "'c.mp4' and \"d.mp4\""),
        ("see https://example.org/a/b for 9/16/1", "see https://example.org/a/b for 9/16/1"),
        ("/tmp/a.mp4 goes to /tmp/b.mp4", "a.mp4 goes to b.mp4"),
        ("a / b/c / d", "a / b/c / d"),
    ],
)
def test_only_places_on_a_disk_are_left_out(text: str, told: str) -> None:
    assert cause(RuntimeError(text)) == told


def test_a_clip_or_picture_that_is_none_is_refused_in_such_words(tmp_path: Path) -> None:
    odd = tmp_path / "c.mp4"
    odd.write_bytes(b"no film" * 100)
    canvas = Canvas(64, 64)
    refusals = [
        raised(probe, odd),
        raised(open_picture, odd),
        raised(animate, odd, tmp_path / "out.mp4", canvas, 1.0, 1),
    ]
    for error in refusals:
        assert isinstance(error, BadMedia)
        assert "c.mp4" in str(error)
        assert str(tmp_path) not in str(error) and "Errno" not in str(error)


def test_a_machine_that_opens_no_more_files_is_no_fault_of_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = tmp_path / "c.png"
    Image.new("RGB", (64, 64)).save(fine)
    number = errno.EMFILE

    def refuse(*given: object, **known: object) -> None:
        raise OSError(number, os.strerror(number), str(fine))

    monkeypatch.setattr(Image, "open", refuse)
    monkeypatch.setattr(av, "open", refuse)
    canvas = Canvas(64, 64)
    for call, *given in (
        (probe, fine),
        (open_picture, fine),
        (animate, fine, tmp_path / "out.mp4", canvas, 1.0, 1),
    ):
        with pytest.raises(OSError, match="Too many open files") as caught:
            call(*given)
        assert isinstance(machine_trouble(caught.value), TooManyOpen)


def test_a_user_reads_of_a_lost_file_but_not_its_key() -> None:
    error = BlobMissing("film/of/ann.mp4")
    assert "film/of/ann.mp4" in "".join(error.__notes__)  # a log shows them
    assert "ann" not in str(error) and "deleted" in str(error)
