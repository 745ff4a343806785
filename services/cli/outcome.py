"""How a command ends: an exit code, and at most one line about what went wrong."""

import argparse
import sys
import traceback
from collections.abc import Callable

from services.gateway.errors.problems import NoSuchVideo
from shared.story.errors import BlobMissing, InfrastructureError, PermanentError, StorywaveError

Command = Callable[[argparse.Namespace], int]


class Stopped(StorywaveError):
    """A signal came; what is done is kept."""

    def __init__(self, signal: int) -> None:
        super().__init__("stopped: go on with `storywave resume`")
        self.signal = signal


def guarded(command: Command, given: argparse.Namespace) -> int:
    """Run a command; every error on purpose becomes its exit code and one line."""
    try:
        return command(given)
    except BrokenPipeError:
        return 0
    except Stopped as error:
        return _said(error, 128 + error.signal)
    except (InfrastructureError, BlobMissing, OSError) as error:
        return _said(error, 3)
    except NoSuchVideo as error:
        return _said(f"{error} `storywave status` lists all.", 2)
    except PermanentError as error:
        return _said(error, 2)
    except Exception:
        traceback.print_exc()
        return _said("this is a bug of ours: please report the lines above", 70)


def _said(error: object, code: int) -> int:
    tell(str(error))
    return code


def say(text: str) -> None:
    """What was asked for: it can be piped."""
    sys.stdout.write(f"{text}\n")


def tell(text: str) -> None:
    """What a person should know."""
    sys.stderr.write(f"storywave: {text}\n")
    sys.stderr.flush()
