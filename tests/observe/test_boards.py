"""Every board and every alert asks for what there is, and says what to do."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
from prometheus_client import Histogram

from shared.base import telemetry
from tools.observe import __main__ as command
from tools.observe.alerts import ALERTS
from tools.observe.files import ROOT, fill, list_expressions
from tools.observe.rules import PREFIX

ELSEWHERE = re.compile(r"faststream_|process_|up$|ALERTS$")
"""Metrics that are not ours."""
ADDED = {"component", "instance", "job", "le", "alertstate", "destination"}
"""Labels that others add."""

QUERIES = [*list_expressions(), *(("alerts", each.name, each.expr) for each in ALERTS)]


def list_samples() -> dict[str, set[str]]:
    """Return every name under which a metric of ours is scraped, with its labels."""
    found = dict[str, set[str]]()
    for metric in telemetry.list_metrics():
        [family], labels = metric.describe(), set(metric._labelnames)  # noqa: SLF001
        if isinstance(metric, Histogram):
            found |= {f"{family.name}_{end}": labels for end in ("bucket", "count", "sum")}
        else:
            found[family.name + ("_total" if family.type == "counter" else "")] = labels
    return found


def walk(node: Any) -> Iterator[promql_parser.VectorSelector]:
    """Yield every selector in a parsed expression."""
    match node:
        case promql_parser.VectorSelector():
            yield node
        case promql_parser.MatrixSelector():
            yield node.vector_selector
        case promql_parser.BinaryExpr():
            yield from walk(node.lhs)
            yield from walk(node.rhs)
        case promql_parser.Call():
            for argument in node.args:
                yield from walk(argument)
        case promql_parser.AggregateExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            yield from walk(node.expr)


def test_the_files_in_the_project_are_not_stale() -> None:
    assert command.main(["--check"]) == 0


@pytest.mark.parametrize(("board", "panel", "expr"), QUERIES)
def test_a_query_asks_for_metrics_and_labels_that_there_are(
    board: str, panel: str, expr: str
) -> None:
    known = list_samples()
    selectors = list(walk(promql_parser.parse(fill(expr))))
    assert selectors, "nothing is asked for"
    for selector in selectors:
        if ELSEWHERE.match(selector.name or ""):
            continue
        assert selector.name in known, f"{board}, {panel}"
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= known[selector.name] | ADDED


def test_a_grouping_names_labels_of_some_metric() -> None:
    named = {
        label.strip()
        for _, _, expr in QUERIES
        for group in re.findall(r"by \(([^)]*)\)", expr)
        for label in group.split(",")
    }
    assert named <= telemetry.LABELS.keys() | ADDED


def test_every_label_has_values_that_no_user_makes_up() -> None:
    used = {label for metric in telemetry.list_metrics() for label in metric._labelnames}  # noqa: SLF001
    assert used == telemetry.LABELS.keys()
    assert not used & {"video_id", "video", "owner", "job", "user", "path", "url"}


def test_every_metric_is_on_a_board_or_in_an_alert() -> None:
    asked = " ".join(expr for _, _, expr in QUERIES)
    names = {family.name for each in telemetry.list_metrics() for family in each.describe()}
    assert {name for name in names if name not in asked} <= NOT_SHOWN


NOT_SHOWN = {
    "storywave_rows_unreadable",  # the gauge of what is set aside says more
    "storywave_events_unpublishable",
    "storywave_connections_hung_up",
    "storywave_step_seconds",
}


def test_every_alert_has_a_section_of_the_runbook_that_says_what_to_do() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    sections = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##)", runbook + "\n##", re.M | re.S))
    assert list(sections) == [alert.name for alert in ALERTS]
    for name, text in sections.items():
        assert "**Do**" in text, name


def test_no_alert_has_the_name_of_another() -> None:
    names = [f"{PREFIX}{alert.name}" for alert in ALERTS]
    assert len(set(names)) == len(names)
