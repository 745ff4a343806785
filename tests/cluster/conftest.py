"""A run on the real servers ends with one line of figures."""

import pytest

from tests.cluster.figures import FIGURES


def pytest_unconfigure(config: pytest.Config) -> None:
    for line in FIGURES.others:
        print(line)
    if FIGURES["videos"]:
        print(FIGURES.line())
