"""What a command is given as files: a product's picture, a script, a plan. Read before the work."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from services.gateway.images import make_picture_pool, read_picture
from services.gateway.plans import PlanFields, read_plan
from services.gateway.scripts import make_script_pool, read_script_file
from shared.base.pool import Pool
from shared.story.errors import BadInput
from shared.story.images import MAX_BYTES, Picture
from shared.story.script.files import MAX_BYTES as SCRIPT_BYTES
from shared.story.script.files import ScriptFile

PLAN_BYTES = 1 << 20
"""Of a plan, so many are read at most: it is bounded again where it is understood."""

R = TypeVar("R")


def read_product(path: Path | None) -> Picture | None:
    """Return the picture of a product."""
    wanted = "a PNG, JPEG or WebP file"
    return _read(
        "product",
        path,
        wanted,
        lambda path: _read_apart(path, MAX_BYTES, make_picture_pool(1), read_picture),
    )


def read_script(path: Path | None) -> ScriptFile | None:
    """Return the script that a trailer is made of."""
    wanted = "a Fountain, text, Markdown, FDX or PDF file"
    return _read(
        "script",
        path,
        wanted,
        lambda path: _read_apart(path, SCRIPT_BYTES, make_script_pool(1), read_script_file),
    )


def read_plan_file(path: Path | None) -> PlanFields | None:
    """Return the plan in a file; BadInput names each mistake with its line."""
    return _read("plan", path, "a file in YAML or JSON", lambda path: read_plan(_read_text(path)))


def _read(option: str, path: Path | None, wanted: str, read: Callable[[Path], R]) -> R | None:
    """Return what a file holds; an error names the option, the file, and what to do."""
    if path is None:
        return None
    try:
        return read(path)
    except OSError as error:
        said = f"{path} can't be read ({error.strerror}): name {wanted}"
        raise BadInput(f"--{option}: {said}", option) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"--{option}: {path} is no text: save it as UTF-8", option) from error
    except BadInput as error:
        raise BadInput(f"--{option}: {path}: {error}", option) from error


def _read_apart(
    path: Path, most: int, pool: Pool, read: Callable[[bytes, Pool], Coroutine[Any, Any, R]]
) -> R:
    """Return what a file holds, read in a process of its own: a hostile one can harm nothing."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)  # one byte too many is enough to refuse it
        return asyncio.run(read(data, pool))
    finally:
        pool.close()


def _read_text(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read(PLAN_BYTES)
    with path.open("rb") as file:
        return file.read(PLAN_BYTES).decode("utf-8")
