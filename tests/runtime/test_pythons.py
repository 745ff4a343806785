"""Without the client of paid engines, as on Python 3.14, all else works, and they say so."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.cli import main

IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules["replicate"] = None
import services, shared
for package in (shared, services):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""

MAKE = """
import sys
sys.modules["replicate"] = None
from services.cli import main
sys.exit(main(["make", "the sea", "--duration", "5", "-o", "sea.mp4"]))
"""


def run(script: str, folder: Path) -> str | None:
    """Run a script in a folder; return what went wrong."""
    command = [sys.executable, "-W", "error", "-c", script]
    root = {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(command, cwd=folder, env=root, capture_output=True, text=True)
    return ended.stderr if ended.returncode else None


def test_every_module_can_be_imported_without_it(tmp_path: Path) -> None:
    assert run(IMPORT_ALL, tmp_path) is None


def test_a_video_is_made_without_it(tmp_path: Path) -> None:
    assert run(MAKE, tmp_path) is None
    assert (tmp_path / "sea.mp4").stat().st_size > 10_000


@pytest.mark.parametrize("breaks", ["raise ImportError('gone')", "raise TypeError('on 3.14')"])
def test_a_paid_engine_says_that_it_cannot_work_here_and_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], breaks: str
) -> None:
    (tmp_path / "replicate.py").write_text(breaks)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "replicate", raising=False)
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8")
    film, data = tmp_path / "sea.mp4", tmp_path / "data"
    asked = ["make", "the sea", "--paid", "--budget", "9", "-o", str(film), "--data", str(data)]
    assert main(asked) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert "does not work on this Python: use Python 3.11, 3.12 or 3.13, or leave paid" in said
    assert not (data / "storywave.db").exists()
