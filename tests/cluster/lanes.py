"""Lets tests on the real servers run at once: each process of pytest-xdist on servers of its own.

    python -m tests.cluster.servers run --sets 2 \\
        python -m pytest -p tests.cluster.lanes --numprocesses 2 -m cluster

Tests kill servers, cut them off and move their clocks, so two at once can't share them. What each
process has counted is put together at the end.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.figures import FIGURES
from tests.cluster.servers import FOLDER_VARIABLE, SETS_VARIABLE, Servers


def pytest_configure(config: pytest.Config) -> None:
    """Choose the servers of this process, before any test looks for them."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        servers = choose(worker, os.environ[SETS_VARIABLE])
        os.environ |= {**servers.env(), FOLDER_VARIABLE: str(servers.folder)}


def choose(worker: str, sets: str) -> Servers:
    """Return the servers of a process by its name, as `gw1`."""
    folders = sets.split(os.pathsep)
    # one that takes the place of a process that died bears a higher number
    return Servers(Path(folders[int(worker.removeprefix("gw")) % len(folders)]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what was counted here to the process that prints it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = FIGURES.dump()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one process has counted; one that died has nothing to say."""
    FIGURES.load(getattr(node, "workeroutput", {}).get("figures"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run with its lines of figures."""
    if hasattr(config, "workeroutput"):
        return
    for line in FIGURES.others:
        print(line)
    if FIGURES["videos"]:
        print(FIGURES.line())
