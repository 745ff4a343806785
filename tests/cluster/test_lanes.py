"""Tests at once on servers of their own: which ones a process takes, and what is counted of it."""

import os
from types import SimpleNamespace

import pytest

from tests.cluster import lanes
from tests.cluster.figures import Figures


def test_each_process_has_servers_of_its_own() -> None:
    sets = os.pathsep.join(["/one", "/two"])
    folders = [str(lanes.choose(worker, sets).folder) for worker in ("gw0", "gw1", "gw2")]
    assert folders == ["/one", "/two", "/one"]


def test_what_each_process_counted_is_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there, told = Figures(), Figures(), dict[str, object]()
    here["videos"], there["videos"], there["kills"] = 3, 4, 2
    here.recoveries, there.recoveries, there.others = [1.0], [5.0], ["FIGURE other"]

    monkeypatch.setattr(lanes, "FIGURES", there)
    lanes.pytest_sessionfinish(_session(workeroutput=told))
    monkeypatch.setattr(lanes, "FIGURES", here)
    lanes.pytest_testnodedown(SimpleNamespace(workeroutput=told))

    assert here == {"videos": 7, "kills": 2}
    assert here.recoveries == [1.0, 5.0]
    assert here.others == ["FIGURE other"]


def test_a_process_that_died_has_counted_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Figures()
    here["videos"] = 3
    monkeypatch.setattr(lanes, "FIGURES", here)
    lanes.pytest_testnodedown(SimpleNamespace())
    assert here == {"videos": 3}


def _session(**config: object) -> pytest.Session:
    session: object = SimpleNamespace(config=SimpleNamespace(**config))
    return session  # type: ignore[return-value]
