"""What the boards and alerts ask has an answer while services are at work on the real servers."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from shared.base.tracing import find_trace_id
from tests.observe.scene import PROMETHEUS, SCRAPE_SECONDS, Scene, play
from tools.observe import preview
from tools.observe.alerts import ALERTS
from tools.observe.files import fill, list_expressions
from tools.observe.source import Source

pytestmark = [
    pytest.mark.observe,
    pytest.mark.skipif(PROMETHEUS is None, reason="Debian's package `prometheus` is not installed"),
]

WINDOW = 10 * SCRAPE_SECONDS

MOST_SERIES = 8_000
"""Of six processes: no label has a value a video."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with play(tmp_path_factory.mktemp("observe")) as scene:
        yield scene


def test_every_query_of_every_board_has_an_answer(scene: Scene) -> None:
    empty = []
    for board, panel, expr in list_expressions():
        asked = {"query": fill(expr, WINDOW), "start": scene.begin, "end": scene.end}
        found = scene.ask("query_range", step=SCRAPE_SECONDS, **asked)["result"]
        values = [float(value) for series in found for _, value in series["values"]]
        if not any(value == value for value in values):
            empty.append(f"{board}: {panel}: {expr}")
    assert not empty, "\n".join(empty)


def test_every_alert_is_loaded_and_what_it_asks_can_be_answered(scene: Scene) -> None:
    [group] = scene.ask("rules", type="alert")["groups"]
    assert [rule["name"].removeprefix("Storywave") for rule in group["rules"]] == [
        alert.name for alert in ALERTS
    ]
    assert {rule["health"] for rule in group["rules"]} == {"ok"}


def test_every_process_was_asked_and_videos_ended(scene: Scene) -> None:
    found = scene.ask("query", query='up{job="storywave"}')["result"]
    assert [series["value"][1] for series in found] == ["1"] * 6
    ended = scene.ask("query", query="sum(storywave_video_seconds_count)")["result"]
    assert 1 <= float(ended[0]["value"][1]) <= len(scene.videos)


def test_no_label_has_a_value_a_video(scene: Scene) -> None:
    found = scene.ask("query", query='count({job="storywave"})')["result"]
    assert int(found[0]["value"][1]) < MOST_SERIES
    labels = scene.ask("labels")
    assert "video_id" not in labels


def test_buckets_lead_to_videos(scene: Scene) -> None:
    asked = {"query": "storywave_job_seconds_bucket", "start": scene.begin, "end": time.time()}
    found = scene.ask("query_exemplars", **asked)
    named = {each["labels"]["video_id"] for series in found for each in series["exemplars"]}
    assert named
    assert named <= set(scene.videos)


def test_a_video_is_one_trace_over_all_six_processes_and_kafka(scene: Scene) -> None:
    whole = [span for span in scene.traces.spans if span.name == "video completed"]
    assert whole
    for video in {span.video for span in whole}:
        spans = scene.traces.of(video)
        assert {span.trace for span in spans} == {find_trace_id(video)}
        assert {span.service for span in spans} == set(services.NAMES)
        assert {"gateway hears ChunkReady", "chunker hears ImageReady"} <= {s.name for s in spans}


def test_every_board_can_be_drawn(scene: Scene, tmp_path: Path) -> None:
    to = Path(os.environ.get("STORYWAVE_DRAW", tmp_path))
    whole = [span.video for span in scene.traces.spans if span.name == "video completed"]
    seen = Source(scene.url, scene.begin + 20, scene.end, WINDOW, scene.logs, whole[0])
    preview.draw_all(seen, to)
    drawn = {path.stem: path.stat().st_size for path in to.glob("*.png")}
    assert drawn.keys() >= {"overview", "jobs", "money", "bus", "story"}
    assert min(drawn.values()) > 20_000
