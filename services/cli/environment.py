"""From options to settings, logs and the names of files.

A service starts with this: what only a mistake needs is imported where it is made.
"""

import argparse
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from services.cli.outcome import tell
from shared.base.telemetry import JsonLines
from shared.runtime.defaults import Defaults, read_defaults
from shared.runtime.settings import Settings
from shared.story.errors import BadInput

LOG_BYTES = 20_000_000


def read_settings(given: argparse.Namespace, **fixed: Any) -> Settings:
    """Return the settings of the environment; an option comes before its variable."""
    options = {
        name: value
        for name, option in _OPTIONS.items()
        if (value := getattr(given, option, None)) is not None
    }

    def name_source(field: str) -> str:
        # a mistake is named by the place where the user has made it
        name = _OPTIONS.get(field, field).replace("_", "-").removeprefix("api-")
        return f"--{name}" if field in options else f"STORYWAVE_{field.upper()}"

    try:
        return Settings(**options, **fixed)
    except ValidationError as error:
        raise _explain(error, Settings.model_fields, name_source) from error


def read_usual() -> Mapping[str, Any]:
    """Return the defaults of requests as the environment sets them; no other setting is read."""
    try:
        return read_defaults(Defaults())
    except ValidationError as error:
        fields = Defaults.model_fields
        raise _explain(error, fields, lambda f: f"STORYWAVE_{f.upper()}") from error


def _explain(
    error: ValidationError, fields: Mapping[str, FieldInfo], name: Callable[[str], str]
) -> BadInput:
    from services.gateway.errors.problems import explain_input

    return explain_input(error, fields, name)


_OPTIONS = {
    **{name: name for name in ("data", "host", "port", "log_level", "paid", "api_key")},
    "url": "server",
}
"""Setting → the option that comes before it."""


def check_all(*checks: Callable[[], Any]) -> list[Any]:
    """Return the results of all checks; raise one error for all that fail."""
    results, errors = [], []
    # all are made, so that nobody has to find one mistake after another
    for check in checks:
        try:
            results.append(check())
        except BadInput as error:
            errors.append(error)
    if errors:
        raise BadInput("; ".join(map(str, errors)), errors[0].field)
    return results


def log_to_file(settings: Settings) -> Path:
    """Send the log to a file beside the data, and return its path: progress needs the terminal."""
    path = settings.data / "storywave.log"
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        handler = LogFile(path)
    except OSError as error:
        raise BadInput(
            f"the data folder {settings.data} can't be used ({error.strerror}): "
            "choose another with --data",
            "data",
        ) from error
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=settings.log_level, handlers=[handler, WaitNotices()], force=True)
    return path


def log_waits() -> None:
    """Show a person what a command waits for, and no more of the log: its answer says the rest."""
    logging.basicConfig(handlers=[WaitNotices()], force=True)


class LogFile(RotatingFileHandler):
    """A log file. When it no longer fits on its disk it says so once, and the work goes on."""

    _told = False

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=1)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say once what keeps the log from being written; logging calls this for every record."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True
            tell(f"nothing more is logged to {self.baseFilename}: {error.strerror}")


class WaitNotices(logging.Handler):
    """Shows a person what a command waits for, each thing once: a full disk, a server away."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the text of a record about waiting, unless it has been written before."""
        text = record.getMessage()
        if getattr(record, "action", "") == "wait" and text not in self._told:
            self._told.add(text)
            tell(text)


def name_file(prompt: str) -> Path:
    """Return a free file name from the first words of a prompt."""
    # \w takes letters of every script, and no sign that means something to a shell
    words = re.findall(r"\w+", prompt.lower())[:6]
    stem = "-".join(words)[:60] or "video"
    names = (Path(f"{stem}{'' if n == 1 else f'-{n}'}.mp4") for n in range(1, 10_000))
    return next(path for path in names if not path.exists())


def check_writable(path: Path) -> Path:
    """Return the absolute path of a file that can be written; refuse any other before the work."""
    path = path.absolute()
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name a file with -o", "output")
    if path.suffix.lower() not in ("", ".mp4"):
        raise BadInput(f"{path.name}: a film is an MP4; let its name end in .mp4", "output")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # by writing: permissions alone do not tell of a full disk or one that is mounted to be read
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".storywave-"):
            return path
    except OSError as error:
        raise BadInput(
            f"nothing can be written to {path.parent} ({error.strerror}): choose another with -o",
            "output",
        ) from error
