"""`promtool` takes our rules, and each alert fires when it should and is silent when it should."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.observe.alerts import ALERTS
from tools.observe.files import FOLDER
from tools.observe.rules import write_rules, write_tests

PROMTOOL = shutil.which("promtool")

pytestmark = pytest.mark.skipif(
    PROMTOOL is None, reason="Debian's package `prometheus` has promtool"
)


def run(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [str(PROMTOOL), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_and_the_settings_are_taken() -> None:
    assert f"{len(ALERTS)} rules found" in run(
        "check", "rules", "alerts.yml", folder=FOLDER / "prometheus"
    )
    run("check", "config", "prometheus.yml", folder=FOLDER / "prometheus")


def test_each_alert_fires_and_is_silent_when_it_should(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(write_rules(in_words=False))
    (tmp_path / "tests.yml").write_text(write_tests("alerts.yml"))
    assert "SUCCESS" in run("test", "rules", "tests.yml", folder=tmp_path)


def test_an_alert_that_does_not_fire_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(write_rules(in_words=False).replace("> 600", "> 6000"))
    (tmp_path / "tests.yml").write_text(write_tests("alerts.yml"))
    with pytest.raises(AssertionError, match="LooksLate"):
        run("test", "rules", "tests.yml", folder=tmp_path)
