"""The generated documents say what the code does, and the checker notices when they do not."""

from pathlib import Path

import pytest
import yaml

import services
from shared.jobs.machine import TRANSITIONS
from shared.runtime.settings import Settings
from shared.story.events import topic
from shared.story.kinds import KINDS
from tools import documents

TABLE = [services.load(name) for name in services.NAMES]


def test_the_documents_in_the_project_are_not_stale() -> None:
    assert documents.main(["--check"]) == 0


def test_a_stale_document_is_noticed_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(documents, "DOCS", tmp_path)
    assert documents.main(["--check"]) == 1
    assert "events.md is stale" in capsys.readouterr().out
    assert documents.main([]) == 0
    assert documents.main(["--check"]) == 0
    (tmp_path / "states.md").write_text("something else")
    assert documents.main(["--check"]) == 1


def test_every_event_has_someone_who_consumes_it() -> None:
    text = documents.describe_events(TABLE)
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert len(rows) == len(KINDS.events)
    assert not [row for row in rows if row.endswith("|  |")]


def test_every_field_of_every_event_is_listed() -> None:
    text = documents.describe_events(TABLE)
    for cls in KINDS.events.values():
        section = text.split(f"## {cls.__name__}\n")[1].split("\n## ")[0]
        for field in cls.model_fields.keys() - {"version", "video_id", "at"}:
            assert f"| `{field}` |" in section


def test_every_transition_and_every_kind_is_drawn() -> None:
    text = documents.describe_states(TABLE)
    for (state, signal), following in TRANSITIONS.items():
        for after in following:
            arrow = next(
                li for li in text.splitlines() if li.startswith(f"    {state} --> {after}:")
            )
            assert signal.__name__ in arrow
    assert all(f"| {kind} |" in text for kind in KINDS)


def test_every_setting_is_a_row_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings.model_fields["mode"], "description", "On two\nlines.")
    lines = documents.describe_settings().splitlines()
    rows = [line for line in lines if line.startswith("| `STORYWAVE")]
    assert len(rows) == len(Settings.model_fields)
    assert all(row.count(" | ") == 3 and row.endswith(" |") for row in rows)
    assert any("| `embedded`, `cluster` | `embedded` | On two lines. |" in row for row in rows)
    assert any(row.startswith("| `STORYWAVE_PAID` | `true`, `false` | `false` |") for row in rows)


def test_the_asyncapi_document_names_every_topic_with_its_payload() -> None:
    document = yaml.safe_load(documents.describe_channels(TABLE))
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"storywave.{topic(cls)}" for cls in KINDS.events.values()}
    assert KINDS.events.keys() <= document["components"]["schemas"].keys()
    actions = [operation["action"] for operation in document["operations"].values()]
    assert actions.count("receive") == sum(len(service.consumes(KINDS)) for service in TABLE)
