"""What tests have worker processes do. Nothing else is imported: they start as in the product."""

import os
import signal
import sys
from pathlib import Path


def pid() -> int:
    return os.getpid()


def same(value: object) -> object:
    return value


def hang(begun: Path) -> None:
    """For ever, and deaf to all but the one signal that nobody can refuse."""
    begun.write_text(str(os.getpid()))
    while True:
        signal.pause()


def die(number: int) -> None:
    os.kill(os.getpid(), number)


def leave(code: int) -> None:
    os._exit(code)


def ask_to_leave() -> None:
    sys.exit("enough")


def hold(mib: int, begun: Path) -> None:
    held = bytearray(mib << 20)
    held[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(held[:: os.sysconf("SC_PAGE_SIZE")])
    hang(begun)


def map_memory(mib: int) -> None:
    bytearray(mib << 20)


def modules() -> set[str]:
    """Top names of all that is imported."""
    return {name.partition(".")[0] for name in sys.modules}


def break_rules(field: str) -> None:
    raise Demanding("give another one", field)


class Demanding(Exception):
    """Can't be made again from what is kept of it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field
