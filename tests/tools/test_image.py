"""`make image-check` takes the steps of the Dockerfile, with the files that an engine gets."""

import subprocess
from pathlib import Path

import pytest

from services.cli import main
from shared.runtime.settings import Settings
from tools.image import ROOT, Stage, list_context, read_steps

STEPS = list(read_steps((ROOT / "Dockerfile").read_text()))


def test_continued_lines_are_one_step_and_comments_none() -> None:
    text = "# about\nFROM a AS b\nRUN one \\\n    && two\n# more\nUSER 1\n"
    assert list(read_steps(text)) == [("FROM", "a AS b"), ("RUN", "one && two"), ("USER", "1")]


def test_the_image_has_the_code_and_its_locks_and_nothing_else() -> None:
    files = list_context(ROOT, (ROOT / ".dockerignore").read_text().split())
    tops = {file.partition("/")[0] for file in files}
    assert {"services", "shared", "pyproject.toml", "requirements.lock"} <= tops
    assert not tops & {"tests", "benchmarks", ".git", ".env", "tools"}
    # the gateway serves the pages; their pictures stay outside
    docs = [file for file in files if file.startswith("docs/")]
    assert "docs/using.md" in docs
    assert {Path(file).suffix for file in docs} == {".md", ".json", ".yaml"}
    assert "shared/engines/replicate/catalog.toml" in files


def test_the_last_line_that_fits_decides(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name in ("kept/a.py", "kept/b.pyc", "other.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_context(tmp_path, ["*", "!kept", "**/*.pyc"]) == ["kept/a.py"]


def test_folders_of_the_image_are_found_wherever_it_is_built(tmp_path: Path) -> None:
    stage = Stage("build", tmp_path / "build", workdir="/build")
    root = f"{tmp_path}/build"
    assert (
        stage.translate("python -m venv /opt/storywave") == f"python -m venv {root}/opt/storywave"
    )
    assert stage.translate(f"{root}/opt/storywave/bin") == f"{root}/opt/storywave/bin"
    assert stage.place(".") == tmp_path / "build/build"


def test_the_image_runs_as_nobody_of_importance_and_names_settings_that_exist() -> None:
    assert ("USER", "10001") in STEPS
    assert STEPS[-2:] == [("ENTRYPOINT", '["storywave"]'), ("CMD", '["up"]')]
    named = [
        pair.partition("=")[0] for word, rest in STEPS if word == "ENV" for pair in rest.split()
    ]
    ours = {name.removeprefix("STORYWAVE_").lower() for name in named if "STORYWAVE_" in name}
    assert ours
    assert ours <= Settings.model_fields.keys()


def test_the_version_is_said_where_it_can_be_piped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out.startswith("storywave ")
