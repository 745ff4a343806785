"""`storywave sweep`: what lies in the store of files and is named by no row, and is left over.

It looks beside running work: what is younger than a day, or of a job that has not ended, is left
alone. The rows are read after the files were listed, so what a row names by then is not left over.
"""

import argparse
import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from services.cli.environment import read_settings
from services.cli.inspect import require_data
from services.cli.outcome import say
from services.gateway.given import KEPT, Given
from shared.base.scratch import list_dead, remove_dead
from shared.jobs.job import TERMINAL
from shared.jobs.ledger import JOBS
from shared.ports import Blobs, Doc, Store, Stored
from shared.runtime.compose import choose_ports
from shared.runtime.keeping import DAY_MS
from shared.runtime.settings import Settings
from shared.story.images import UPLOADS

SMALL = ".small.webp"


def sweep(given: argparse.Namespace) -> int:
    """List what is left over; delete it where that is asked for."""
    return asyncio.run(_sweep(require_data(read_settings(given)), delete=given.delete))


async def _sweep(chosen: Settings, *, delete: bool) -> int:
    ports, scratch = choose_ports(chosen)
    await ports.store.open({})
    try:
        await ports.blobs.open()
        found = await find_left_over(ports.store, ports.blobs, scratch)
        if delete:
            await ports.blobs.delete([each.key for each in found])
    finally:
        await ports.blobs.close()
        await ports.store.close()
    say(*(f"{each.key}  {each.size:,} bytes" for each in found))
    dead = list_dead(scratch)
    say(*(f"{folder.name}  a folder of a process that is gone" for folder in dead))
    if delete:
        remove_dead(scratch)
    done = "deleted" if delete else "left over; `storywave sweep --delete` deletes them"
    total = sum(each.size for each in found)
    say(f"{len(found)} files of {total:,} bytes and {len(dead)} folders are {done}")
    return 0


async def find_left_over(store: Store, blobs: Blobs, scratch: Path) -> list[Stored]:
    """Return the files that are older than a day and that no row names."""
    before = store.now() - DAY_MS
    stored = [each for each in await blobs.list_stored("") if each.at < before]
    used = await Given(store, blobs, scratch).list_used()
    found = [each for each in stored if each.key.startswith(KEPT) and each.key not in used]
    made = [each for each in stored if not each.key.startswith((*KEPT, UPLOADS))]
    for video, of_video in groupby(sorted(made, key=lambda each: each.key), _name_video):
        rows = await store.find(JOBS, {"spec.video_id": video})
        found += _pick_unnamed(of_video, rows)
    return found


def _name_video(stored: Stored) -> str:
    return stored.key.partition("/")[0]


def _pick_unnamed(stored: Iterable[Stored], rows: list[Doc]) -> Iterator[Stored]:
    """Yield the files that none of these jobs has made, or may still be making."""
    named = {text for row in rows for text in _list_texts(row)}
    open_ = tuple(_name_takes(row) for row in rows if row.get("state") not in TERMINAL)
    for each in stored:
        key = each.key.removesuffix(SMALL)  # the small form of a picture goes with it
        if key not in named and not each.key.startswith(open_):
            yield each


def _name_takes(row: Doc) -> str:
    spec = row["spec"]
    place = f"{spec.get('beat', 0)}-{spec.get('n', 0)}-{spec.get('take', 0)}-"
    return f"{spec['video_id']}/{spec['kind']}/{place}"


def _list_texts(value: Any) -> Iterator[str]:
    """Yield every text in a stored value."""
    if isinstance(value, str):
        yield value.removeprefix("blob:")
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _list_texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _list_texts(each)
