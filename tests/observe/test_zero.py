"""Counters of which a board or an alert asks the increase have a row before their first event.

Prometheus sees no increase in a row that begins at one: the first of anything would be lost, and
in each process anew.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import promql_parser
import pytest
from prometheus_client import Gauge
from prometheus_client.parser import text_string_to_metric_families

import services
from shared.base import telemetry
from shared.engines.replicate.catalog import load
from shared.jobs.outcomes import Why
from shared.runtime.shell import Action
from tests.observe.test_boards import QUERIES, list_samples, walk
from tools.observe.files import ROOT, fill

BEGIN = """
import services
from pathlib import Path
from prometheus_client import generate_latest
from shared.base.pool import Pool
from shared.base.worker import Bounds
from shared.runtime import compose
from shared.runtime.measures import begin_at_zero
from shared.runtime.paid import build_paid_engines
from shared.runtime.settings import Settings
from shared.store.sqlite import SqliteStore

settings = Settings(paid=True)
table = [services.load(name) for name in services.NAMES]
store, pool = SqliteStore(Path("none")), Pool(1, Bounds())
paid = build_paid_engines(settings, lambda: 0)
own = compose.own_engines(settings, table, store)
engines = {**compose.engines(settings, table, pool), **own, **paid}
for service in table:
    begin_at_zero(service, engines, compose.name_models(settings, paid))
print(generate_latest().decode())
"""
"""What a process does at its start, in one that has counted nothing."""

Rows = dict[str, list[dict[str, str]]]

LATER = {
    "storywave_released_jobs_bucket": "any service may ask for any kind: half of the rows would "
    "stay empty; one wave more or less moves no quantile",
    "storywave_request_seconds_count": "routes, methods and statuses make some thousand rows; the "
    "rate of all requests is no other without the first of each",
    "storywave_request_seconds_bucket": "the same",
}
"""What has no rows before its first event, each with the reason."""


@pytest.fixture(scope="module")
def begun() -> Rows:
    """Return the rows that there are once all services have begun."""
    command = [sys.executable, "-c", BEGIN]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: Rows = {}
    for family in text_string_to_metric_families(done.stdout):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def list_counted() -> Iterator[tuple[str, promql_parser.VectorSelector]]:
    """Yield each selector of ours in a board or an alert that asks for increases."""
    gauges = [each for each in telemetry.list_metrics() if isinstance(each, Gauge)]
    names = list_samples().keys() - {family.name for each in gauges for family in each.describe()}
    for board, panel, expr in QUERIES:
        for selector in walk(promql_parser.parse(fill(expr))):
            if selector.name in names:
                yield f"{board}, {panel}", selector


def fits(row: dict[str, str], selector: Any) -> bool:
    """Tell whether a row has what a selector names; patterns are left to Prometheus."""
    equal = promql_parser.MatchOp.Equal
    named = {each.name: each.value for each in selector.matchers.matchers if each.op == equal}
    return named.items() <= row.items()


def test_all_that_is_asked_for_increases_is_begun_at_zero_or_has_a_reason(begun: Rows) -> None:
    lost = {
        f"{selector.name}: {where}"
        for where, selector in list_counted()
        if selector.name not in LATER
        and not any(fits(row, selector) for row in begun.get(selector.name or "", ()))
    }
    assert not lost, "\n".join(sorted(lost))


def test_no_reason_is_given_for_what_is_begun_or_not_asked_for(begun: Rows) -> None:
    asked = {selector.name for _, selector in list_counted()}
    assert {name for name in LATER if name not in asked or name in begun} == set()


def test_every_value_that_a_label_may_have_is_begun(begun: Rows) -> None:
    def read(name: str, *labels: str) -> set[tuple[str, ...]]:
        return {tuple(row[label] for label in labels) for row in begun[f"storywave_{name}_total"]}

    models = {(model.name,) for model in load().models} | {("built-in planner",)}
    for name in ("runs", "held_microdollars", "spent_microdollars"):
        assert read(f"model_{name}", "model") == models
    assert read("refusals", "provider", "why") == {("replicate", why) for why in get_args(Why)}
    broken = {(name, action) for name in services.NAMES for action in get_args(Action)}
    assert read("videos_set_aside", "service", "action") == broken
