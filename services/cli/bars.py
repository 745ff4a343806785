"""How far a video is: a bar a phase on a terminal, plain lines everywhere else, or JSON."""

import sys
from typing import Protocol, TextIO

from services.cli.outcome import show
from shared.client import Message, Video
from shared.client.models import Stage
from shared.story.texts import escape_line

WIDTH = 24
NAME = 11
UP_AND_CLEAR = "\x1b[A\x1b[2K"
SIGNS = {"completed": "✓", "failed": "✗", "skipped": "–", "stopped": "■"}


class Shows(Protocol):
    """Shows what a video's stream tells."""

    def show(self, message: Message, now: Video) -> None:
        """Show a message, and where the video stands."""


class Lines:
    """Plain lines: one for each message that says something new."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._last = ""

    def show(self, message: Message, now: Video) -> None:
        """Write the message."""
        text = f"{message.data.percent:3d} %  {message.data.message}"
        if text != self._last:
            show(self._out, f"{escape_line(text)}\n")
        self._last = text


class Bars:
    """A bar a phase, drawn again in its place."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._drawn = 0

    def show(self, message: Message, now: Video) -> None:
        """Draw all bars again, and the message below them."""
        lines = [*map(draw_bar, now.stages), f"{now.percent:3d} %  {message.data.message}"]
        width = _find_width()
        # a line that is broken in two could not be taken back
        text = "".join(f"{escape_line(line)[:width]}\n" for line in lines)
        show(self._out, f"{UP_AND_CLEAR * self._drawn}{text}")
        self._drawn = len(lines)


def choose_screen() -> Shows:
    """Return what shows progress here."""
    return Bars() if sys.stderr.isatty() else Lines()


def draw_bar(stage: Stage) -> str:
    """Return a phase as `images      ████████░░░░░░░░  2/6`."""
    if stage.status == "completed":
        part = 1.0
    else:
        part = min(1.0, stage.done / stage.total) if stage.total else 0.0
    full = round(WIDTH * part)
    count = f"{stage.done}/{stage.total}" if stage.total else ""
    lost = f", {stage.failed} failed" if stage.failed else ""
    sign = SIGNS.get(stage.status, "")
    bar = "█" * full + "░" * (WIDTH - full)
    return f"{stage.name:<{NAME}} {bar} {count}{lost} {sign}".rstrip()


def _find_width() -> int:
    import shutil

    return max(20, shutil.get_terminal_size().columns - 1)
