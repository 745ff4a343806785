"""Live progress: one line that is drawn again on a terminal, plain lines everywhere else."""

import sys
from typing import TextIO

from services.cli.outcome import show
from services.gateway.read.live import Live
from services.gateway.read.stages import StageRecord
from services.gateway.read.status import VideoStatus
from shared.story.texts import escape_line

CLEAR = "\r\x1b[2K"


class Screen:
    """Shows the progress of one video; another video's lines may come in between."""

    def __init__(self, out: TextIO | None = None, name: str = "") -> None:
        self._out = out = out or sys.stderr
        self._name = f"{name}: " if name else ""
        # lines of several videos can't be drawn over each other
        self._live = out.isatty() and not name
        self._last = ""

    def show(self, now: VideoStatus, message: Live) -> None:
        """Draw the line of progress again, or write the message where nothing can be drawn."""
        if self._live:
            show(self._out, f"{CLEAR}{escape_line(format_progress(now))}")
            return
        text = f"{message.percent:3d} %  {message.message}"
        if text != self._last:  # facts that came together may have the same words
            self.say(text)
        self._last = text

    def say(self, text: str) -> None:
        """Write a line that stays."""
        start = CLEAR if self._live else ""
        # a text may hold users' words: the only control characters here are our own
        show(self._out, f"{start}{escape_line(self._name + text)}\n")


def format_progress(now: VideoStatus) -> str:
    """Return where a video stands: `plan ✓  images 3/6  …   52 %`."""
    return "  ".join([*map(_describe, now.stages), f"{now.percent:3d} %"])


def _describe(stage: StageRecord) -> str:
    """Return a stage's name with a sign of how far it is."""
    signs = {"completed": "✓", "running": f"{stage.done}/{stage.total}", "failed": "✗"}
    signs["skipped"] = "–"
    return f"{stage.name} {signs.get(stage.status, '…')}"
