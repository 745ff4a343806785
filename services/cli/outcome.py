"""The outcome of a command: an exit code, and at most one line about what went wrong."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from shared.client import ClientError, NoServer, Refused
from shared.story.errors import BlobMissing, InfrastructureError, PermanentError, StorywaveError
from shared.story.texts import escape_line

UNFINISHED = 4
"""The exit code where a video has not ended: it is still under way, or waits for its user."""

Command = Callable[[argparse.Namespace], int]


class Stopped(StorywaveError):
    """A signal came; what is done is kept. `advice`: how to go on, where there is a way."""

    def __init__(self, signal: int, advice: str = "") -> None:
        super().__init__(f"stopped: {advice}" if advice else "stopped")
        self.signal = signal


def run_command(command: Command, given: argparse.Namespace) -> int:
    """Run a command and return its exit code; an error that we raise on purpose is one line."""
    try:
        return command(given)
    except BrokenPipeError:
        return 0  # the reader has seen enough, as in `storywave status | head -1`
    except Stopped as error:
        return _fail(error, 128 + error.signal)
    except (InfrastructureError, BlobMissing, OSError) as error:
        return _fail(error, 3)
    except PermanentError as error:
        return _fail(_say_what_to_do(error), 2)
    except ClientError as error:
        return _fail(_explain(error), _judge(error))
    except Exception:
        show(sys.stderr, _draw(*traceback.format_exc().splitlines()))
        return _fail("this is a bug of ours: please report the lines above", 70)


def _say_what_to_do(error: PermanentError) -> str:
    # imported once there is a mistake to explain: a service starts in half of the time without it
    from services.gateway.errors.problems import NoSuchVideo

    said = _name_commands(str(error))
    return f"{said} `storywave status` lists all." if isinstance(error, NoSuchVideo) else said


def _judge(error: ClientError) -> int:
    """Return the exit code of a refusal: what a server can't do now is not the user's mistake."""
    return 2 if isinstance(error, Refused) and error.status < 500 else 3


def _explain(error: ClientError) -> str:
    """Return an error of the client with what to do about it on a command line."""
    if isinstance(error, NoServer):
        return f"{error}: start `storywave up`, or name its address with --server or STORYWAVE_URL"
    return _name_commands(str(error))


_COMMANDS = {
    "GET /v1/videos lists": "`storywave list` lists",
    "GET /v1/keys lists": "`storywave keys list` lists",
}
"""What the API advises → what is typed here."""


def _name_commands(text: str) -> str:
    for request, command in _COMMANDS.items():
        text = text.replace(request, command)
    return text


def _fail(error: object, code: int) -> int:
    tell(str(error))
    return code


def say(*lines: str) -> None:
    """Write what was asked for to stdout, line by line, so that it can be piped."""
    sys.stdout.write(_draw(*lines))


def format_moment(ms: float) -> str:
    """Return a moment to the second: so it is found in logs, and on a provider's pages."""
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def tell(text: str) -> None:
    """Write what a person should know to stderr."""
    show(sys.stderr, _draw(f"storywave: {text}"))


def show(out: TextIO, text: str) -> None:
    """Write what only goes beside the work, which goes on where nobody reads it any more."""
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError:
        # as Python advises: what is buffered would raise again at the end
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - no path, and no file
            os.dup2(nowhere.fileno(), out.fileno())


def _draw(*lines: str) -> str:
    # users' words, and errors that quote them, go to a terminal through here alone
    return "".join(f"{escape_line(line)}\n" for line in lines)
