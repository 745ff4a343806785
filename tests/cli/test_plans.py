"""`storywave plan` and `make --plan`: a plan is written, changed by hand, and made as it is."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
import yaml

from services.cli import build_parser, main
from services.cli.inputs import read_plan_file
from services.cli.make import build_request
from tests.cli.test_mistakes import outcome
from tests.standins.chat import chat_server

Captured = pytest.CaptureFixture[str]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def written(capsys: Captured, *words: object) -> str:
    assert main(["plan", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_a_plan_is_written_without_a_data_folder_and_is_what_make_takes(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORYWAVE_LLM_URL", "http://127.0.0.1:9/v1")  # it is not asked
    text = written(capsys, "A lighthouse keeper who paints the sea", "--aspect", "16:9")
    plan = yaml.safe_load(text)
    assert sum(beat["duration"] for beat in plan["beats"]) == pytest.approx(27.5)
    assert names_in(tmp_path) == []
    path = tmp_path / "plan.yaml"
    path.write_text(text.replace(plan["beats"][0]["narration"], "Mine alone."))
    given = build_parser().parse_args(["make", "--plan", str(path)])
    brief = build_request(given, plan=read_plan_file(path)).brief("local")
    assert (brief.aspect, brief.duration) == ("16:9", 30)
    assert brief.plan is not None and brief.plan.beats[0].narration == "Mine alone."


def test_a_plan_is_written_as_json_and_into_a_file(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "plan.json"
    assert main(["plan", "the sea", "--json", "-o", str(path)]) == 0
    assert f"storywave make --plan {path}" in capsys.readouterr().err
    assert json.loads(path.read_text())["beats"]
    assert read_plan_file(path) is not None


def test_the_plan_of_a_script_is_its_trailer(tmp_path: Path, capsys: Captured) -> None:
    script = Path(__file__).parents[1] / "plans" / "scripts" / "hamlet.fountain"
    plan = yaml.safe_load(written(capsys, "--script", script))
    assert any(beat.get("speaker") for beat in plan["beats"])
    assert all(beat.get("why") for beat in plan["beats"])


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("title: x\nbeats:\n  - promt: y\n", "line 3: beats.0.promt: there is no such field"),
        ("beats: [", "line 1: this can't be read"),
        (None, "can't be read (No such file or directory): name a file in YAML or JSON"),
    ],
)
def test_a_plan_with_mistakes_is_told_with_its_lines(
    tmp_path: Path, capsys: Captured, text: str | None, advice: str
) -> None:
    path = tmp_path / "plan.yaml"
    if text is not None:
        path.write_text(text)
    code, said = outcome(capsys, "make", "--plan", path, "--data", tmp_path / "data")
    assert code == 2
    assert said.startswith(f"storywave: --plan: {path}") and advice in said
    assert not (tmp_path / "data").exists()


def test_a_plan_of_nothing_says_what_to_give(capsys: Captured) -> None:
    code, said = outcome(capsys, "plan")
    assert (code, "PROMPT: say in a sentence" in said) == (2, True)


async def test_a_language_model_plans_where_it_is_asked_to(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with chat_server() as server:
        monkeypatch.setenv("STORYWAVE_LLM_URL", server.url)
        monkeypatch.setenv("STORYWAVE_LLM_MODEL", "small")
        assert await asyncio.to_thread(main, ["plan", "the sea", "--duration", "20"]) == 0
        assert server.asked == []
        capsys.readouterr()
        words = ["plan", "the sea", "--duration", "20", "--ask"]
        ended = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.cli", *words, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await ended.communicate()
        assert len(server.asked) == 1
    plan = yaml.safe_load(out)
    assert plan["title"] == "The sea in colours"
    assert names_in(tmp_path) == []
