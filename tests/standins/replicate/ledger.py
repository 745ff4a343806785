"""The provider's own books: a file that only grows, synced before anybody is told of a run."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.standins.replicate.runs import Run, from_line, to_line

NAME = "ledger.jsonl"


class Books:
    """All that the file says, in memory."""

    def __init__(self, path: Path) -> None:
        self.runs: dict[str, Run] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.refused: Counter[str] = Counter()
        self.ahead = 0.0
        for line in read_lines(path):
            self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        """Put a line of the file into memory."""
        match line["line"]:
            case "accepted":
                self.runs[line["id"]] = from_line(line)
            case "status":
                for name in _CHANGING:
                    setattr(self.runs[line["id"]], name, line[name])
            case "downloaded":
                self.runs[line["id"]].downloads += 1
            case "refused":
                self.refused[line["why"]] += 1
            case "file":
                self.files[line["file"]["id"]] = line["file"]
            case "clock":
                self.ahead = line["ahead"]


class Ledger(Books):
    """The books of a provider that is at work."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / NAME
        super().__init__(self._path)
        self._end_half_a_line()
        self._out = self._path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Write nothing more."""
        self._out.close()

    def accept(self, run: Run) -> None:
        """Write down a new run; from now on it is owed for."""
        self.runs[run.id] = run
        self._write({"line": "accepted", **to_line(run)}, durable=True)

    def change(self, run: Run) -> None:
        """Write down how a run stands now."""
        changed = {name: getattr(run, name) for name in _CHANGING}
        self._write({"line": "status", "id": run.id, **changed}, durable=run.is_over)

    def note_download(self, run: Run) -> None:
        """Write down that an output was fetched."""
        run.downloads += 1
        self._write({"line": "downloaded", "id": run.id})

    def note_refusal(self, why: str, at: float, model: str) -> None:
        """Write down a create that was not accepted."""
        self.refused[why] += 1
        self._write({"line": "refused", "why": why, "at": at, "model": model})

    def note_hook(self, run: Run, how: str, answer: str) -> None:
        """Write down a webhook that was sent, or was to be lost."""
        self._write({"line": "hook", "id": run.id, "how": how, "answer": answer})

    def keep_file(self, kept: dict[str, Any]) -> None:
        """Write down an uploaded file, or that it is gone."""
        self.files[kept["id"]] = kept
        self._write({"line": "file", "file": kept}, durable=True)

    def move_clock(self, ahead: float) -> None:
        """Write down how far the clock has been moved."""
        self.ahead = ahead
        self._write({"line": "clock", "ahead": ahead}, durable=True)

    def _write(self, line: dict[str, Any], durable: bool = False) -> None:
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()
        if durable:
            os.fsync(self._out.fileno())

    def _end_half_a_line(self) -> None:
        """Cut off what a killed process has written of its last line."""
        if self._path.exists():
            whole = self._path.read_bytes()
            if not whole.endswith(b"\n"):
                os.truncate(self._path, whole.rfind(b"\n") + 1)


_CHANGING = (
    "status",
    "started_at",
    "completed_at",
    "fate",
    "fault",
    "error",
    "pays",
    "said",
    "files",
    "metrics",
    "billed",
)
"""What a line of status says anew."""


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the whole lines of the books."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)


def read_runs(folder: Path) -> list[Run]:
    """Return all runs in a stand-in's folder, whether or not it is still at work."""
    return list(Books(folder / NAME).runs.values())
