"""`storywave completion`: a script for a shell, made from the parser itself."""

import argparse
import sys
from pathlib import Path

import shtab

from services.cli import build_parser


def completion(given: argparse.Namespace) -> int:
    """Write the script."""
    parser = build_parser()
    _mark_files(parser)
    sys.stdout.write(f"{shtab.complete(parser, shell=given.shell)}\n")
    return 0


def _mark_files(parser: argparse.ArgumentParser) -> None:
    """Let options that take a path complete the names of files."""
    for action in parser._actions:  # noqa: SLF001  # argparse lists them nowhere else
        if isinstance(action.choices, dict):
            for each in action.choices.values():
                _mark_files(each)
        elif action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
