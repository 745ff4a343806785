"""The scratch folder: our own, cleared of the dead, never of the living or of strangers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from shared.base.scratch import LOCK, _remove, scratch
from shared.story.errors import InfrastructureError

HOLD = """
import sys, time
from pathlib import Path
from shared.base.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "half.mp4").write_bytes(b"half")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_the_living_are_left_alone_and_the_dead_removed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        with scratch(tmp_path) as ours:
            assert ours != theirs
            assert (theirs / "half.mp4").exists()
        assert not ours.exists()
        other.kill()
        other.wait()
    assert theirs.exists()
    with scratch(tmp_path):
        assert not theirs.exists()


def test_who_dies_while_clearing_up_leaves_nothing_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch(tmp_path) as ours:
        (ours / "a").mkdir()
        (ours / "a" / "half.mp4").write_bytes(b"half")
        (ours / "z").mkdir()
        removed = []

        def die(path: Path, **_known: bool) -> None:
            removed.append(path.name)
            raise KeyboardInterrupt

        monkeypatch.setattr(shutil, "rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            _remove(ours)
        monkeypatch.undo()
        assert removed[0] in {"a", "z"} and (ours / LOCK).exists()
    (tmp_path / uuid4().hex).mkdir()  # its maker died before it had a lock
    with scratch(tmp_path) as ours:
        assert list(tmp_path.iterdir()) == [ours]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "letter.txt").write_text("dear")
    with scratch(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "letter.txt"}


def test_a_folder_that_was_taken_for_dead_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may clear between the making of a folder and its lock."""
    real, cleared = os.open, list[Path]()

    def unlucky(path: Path, *how: int) -> int:
        if path.name == LOCK and not cleared:
            cleared.append(path.parent)
            path.parent.rmdir()
        return real(path, *how)

    monkeypatch.setattr(os, "open", unlucky)
    with scratch(tmp_path) as ours:
        assert (ours / LOCK).exists()
        assert cleared and [ours] != cleared


def test_other_users_see_nothing_of_the_work(tmp_path: Path) -> None:
    with scratch(tmp_path / "work") as ours:
        for folder in (ours, ours.parent):
            assert folder.stat().st_mode & 0o777 == 0o700


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    with pytest.raises(InfrastructureError, match="make it a folder"), scratch(tmp_path / "work"):
        pass
