"""Fixtures that every test may use."""

import os
from collections.abc import AsyncIterator, Generator
from itertools import chain
from pathlib import Path

import pytest

from shared.jobs import ledger, relay
from shared.store.sqlite import SqliteStore
from tests.clock import Clock

# Whoever runs the tests may have a token, and may use paid engines: the tests never do.
for name in ("REPLICATE_API_TOKEN", "STORYWAVE_PAID", "STORYWAVE_BUDGET_USD"):
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith("STORYWAVE_LLM_")]:
    del os.environ[name]  # no test asks a language model that may cost something


LEFT = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the collector come by in any test on real servers.

    Drivers leave it the sockets of connections that a server has cut: it finds them in whatever
    test is next.
    """
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(LEFT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep half characters out of reports: one process can't send them to the other."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture
def clock() -> Clock:
    """The clock of the store: the real one until the test moves it."""
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    """An empty store with the collections of the job ledger."""
    opened = SqliteStore(tmp_path / "storywave.db", clock)
    await opened.open(dict(chain(ledger.INDEXES.items(), relay.INDEXES.items())))
    yield opened
    await opened.close()
