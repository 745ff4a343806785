"""From options to settings, logs and the names of files."""

import argparse
import asyncio
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.cli.outcome import tell
from services.gateway.errors.problems import explain_input
from services.gateway.images import make_picture_pool, read_picture
from shared.base.telemetry import JsonLines
from shared.runtime.settings import Settings
from shared.story.errors import BadInput
from shared.story.images import MAX_BYTES, Picture

LOG_BYTES = 20_000_000


def settings(given: argparse.Namespace, **fixed: Any) -> Settings:
    """The environment's settings, with what the options say instead."""
    names = ("data", "host", "port", "log_level")
    said = {name: value for name in names if (value := getattr(given, name, None)) is not None}
    try:
        return Settings(**said, **fixed)
    except ValidationError as error:
        raise explain_input(error, Settings.model_fields, partial(_source, said)) from error


def _source(said: Mapping[str, Any], name: str) -> str:
    """Where the user has said it."""
    return f"--{name.replace('_', '-')}" if name in said else f"STORYWAVE_{name.upper()}"


def agreed(*checks: Callable[[], Any]) -> list[Any]:
    """What all checks give, or all that is off at once: nobody should have to find one mistake
    after another.
    """
    given, wrong = [], []
    for check in checks:
        try:
            given.append(check())
        except BadInput as error:
            wrong.append(error)
    if wrong:
        raise BadInput("; ".join(map(str, wrong)), wrong[0].field)
    return given


def product(path: Path | None) -> Picture | None:
    """The picture for the end card, looked at before anything is begun."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return asyncio.run(_read_apart(data))
    except OSError as error:
        raise BadInput(
            f"--product: {path} can't be read ({error.strerror}): name a PNG, JPEG or WebP file",
            "product",
        ) from error
    except BadInput as error:
        raise BadInput(f"--product: {path}: {error}", "product") from error


async def _read_apart(data: bytes) -> Picture:
    pool = make_picture_pool(1)
    try:
        return await read_picture(data, pool)
    finally:
        pool.close()


def log_to_file(settings: Settings) -> Path:
    """A terminal that shows progress has no room for logs: they go beside the data."""
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
    logging.basicConfig(level=settings.log_level, handlers=[handler, Waits()], force=True)
    return path


class LogFile(RotatingFileHandler):
    """A log that no longer fits on its disk says so once, and the work goes on."""

    _told = False

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=1)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True
            tell(f"nothing more is logged to {self.baseFilename}: {error.strerror}")


class Waits(logging.Handler):
    """A person should see what a command waits for, once: a full disk, a server that is away."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if getattr(record, "action", "") == "wait" and text not in self._told:
            self._told.add(text)
            tell(text)


def named_after(prompt: str) -> Path:
    """A free file name from the first words of a prompt."""
    words = re.findall(r"\w+", prompt.lower())[:6]
    stem = "-".join(words)[:60] or "video"
    names = (Path(f"{stem}{'' if n == 1 else f'-{n}'}.mp4") for n in range(1, 10_000))
    return next(path for path in names if not path.exists())


def writable(path: Path) -> Path:
    """The absolute path, after a try: better to hear of a bad folder before the work than after."""
    path = path.absolute()
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name a file with -o", "output")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".storywave-"):
            return path
    except OSError as error:
        raise BadInput(
            f"nothing can be written to {path.parent} ({error.strerror}): choose another with -o",
            "output",
        ) from error
