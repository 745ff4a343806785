"""Live progress: one line that is drawn again on a terminal, plain lines everywhere else."""

import sys
from collections.abc import Callable
from typing import TextIO

from services.gateway.read.live import Live
from services.gateway.read.stages import StageRecord
from services.gateway.read.views import VideoStatus

CLEAR = "\r\x1b[2K"


class Screen:
    """Shows how one video goes; another video's lines may come in between."""

    def __init__(self, out: TextIO | None = None, name: str = "") -> None:
        self._out = out = out or sys.stderr
        self._name = f"{name}: " if name else ""
        self._live = out.isatty() and not name
        self._last = ""

    def show(self, now: VideoStatus, message: Live) -> None:
        if self._live:
            self._out.write(f"{CLEAR}{line(now)}")
        else:
            self._once(f"{message.percent:3d} %  {message.message}")
        self._out.flush()

    def _once(self, text: str) -> None:
        """Facts that came together are counted together: their lines are the same."""
        if text != self._last:
            self._out.write(f"{self._name}{text}\n")
        self._last = text

    def say(self, text: str) -> None:
        """A line that stays."""
        self._out.write(f"{CLEAR if self._live else ''}{self._name}{text}\n")
        self._out.flush()


def line(now: VideoStatus) -> str:
    """`plan ✓  images 3/6  …   52 %`"""
    return "  ".join([*map(_word, now.stages), f"{now.percent:3d} %"])


def _word(stage: StageRecord) -> str:
    say: dict[str, Callable[[], str]] = {
        "completed": lambda: f"{stage.name} ✓",
        "running": lambda: f"{stage.name} {stage.done}/{stage.total}",
        "failed": lambda: f"{stage.name} ✗",
        "skipped": lambda: f"{stage.name} –",
    }
    return say.get(stage.status, lambda: f"{stage.name} …")()
