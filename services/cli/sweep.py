"""`storywave sweep`: what lies in the store of files and is named by no row, and is left over.

It looks beside running work: what is younger than a day, or of a job that has not ended, is left
alone. The rows are read after the files were listed, so what a row names by then is not left over.
A file of a video that the database does not know may belong to another database: a wrong name in
the settings, or an older dump, must not take all films. So it is deleted only where that is asked
for by name, and never where the database knows no video at all.
"""

import argparse
import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from services import load
from services.cli.environment import read_settings
from services.cli.inspect import require_data
from services.cli.outcome import say
from services.gateway.given import KEPT, Given
from services.gateway.intake import REQUESTS
from shared.base.scratch import list_dead, remove_dead
from shared.jobs.job import TERMINAL
from shared.jobs.ledger import JOBS
from shared.ports import Blobs, Doc, Store, Stored
from shared.runtime.compose import choose_ports
from shared.runtime.keeping import DAY_MS
from shared.runtime.settings import Settings
from shared.story.errors import BadInput
from shared.story.images import UPLOADS

SMALL = ".small.webp"


@dataclass(frozen=True)
class LeftOver:
    """Files that no row names."""

    known: Sequence[Stored] = ()
    """Of videos that the database knows."""
    strange: Sequence[Stored] = ()
    """All others: it can't tell whose they are."""


def sweep(given: argparse.Namespace) -> int:
    """List what is left over; delete it where that is asked for."""
    return asyncio.run(_sweep(require_data(read_settings(given)), given.delete, given.strange))


async def _sweep(chosen: Settings, delete: bool, strange: bool) -> int:
    if strange and not delete:
        raise BadInput("--strange says what to delete: give --delete as well", "strange")
    ports, scratch = choose_ports(chosen)
    await ports.store.open({})
    try:
        await ports.blobs.open(make=False)
        found = await find_left_over(ports.store, ports.blobs, scratch)
        if strange and found.strange:
            await _require_videos(ports.store)
        gone = [*found.known, *(found.strange if strange else ())] if delete else []
        await ports.blobs.delete([each.key for each in gone])
    finally:
        await ports.blobs.close()
        await ports.store.close()
    dead = list_dead(scratch)
    if delete:
        remove_dead(scratch)
    say(*_tell(found, dead, delete=delete, strange=strange))
    return 0


async def _require_videos(store: Store) -> None:
    """Refuse to take what an empty database does not know: it is hardly the right one."""
    if not await store.count(REQUESTS, {}):
        raise BadInput(
            "the database knows no video at all, so it can't be the one of these files: look at "
            "STORYWAVE_MONGO_DATABASE",
            "strange",
        )


def _tell(found: LeftOver, dead: Sequence[Path], *, delete: bool, strange: bool) -> Iterator[str]:
    """Yield the lines that say what was found, and what became of it."""
    for each in found.known:
        yield f"{each.key}  {each.size:,} bytes"
    for each in found.strange:
        yield f"{each.key}  {each.size:,} bytes, of nothing that the database knows"
    for folder in dead:
        yield f"{folder.name}  a folder of a process that is gone"
    done = "deleted" if delete else "left over; `storywave sweep --delete` deletes them"
    yield f"{_count(found.known)} and {len(dead)} folders are {done}"
    if found.strange and strange:
        yield f"{_count(found.strange)} of nothing that the database knows are deleted"
    elif found.strange:
        yield (
            f"{_count(found.strange)} are of nothing that the database knows, and stay: if it is "
            "the right database, and no older copy, `storywave sweep --delete --strange` deletes "
            "them too"
        )


def _count(files: Sequence[Stored]) -> str:
    return f"{len(files)} files of {sum(each.size for each in files):,} bytes"


async def find_left_over(store: Store, blobs: Blobs, scratch: Path) -> LeftOver:
    """Return the files that are older than a day and that no row names."""
    before = store.now() - DAY_MS
    stored = [each for each in await blobs.list_stored("") if each.at < before]
    used = await Given(store, blobs, scratch).list_used()
    strange = [each for each in stored if each.key.startswith(KEPT) and each.key not in used]
    made = [each for each in stored if not each.key.startswith((*KEPT, UPLOADS))]
    known = list[Stored]()
    for video, of_video in groupby(sorted(made, key=lambda each: each.key), _name_video):
        rows = await store.find(JOBS, {"spec.video_id": video})
        is_known = rows or await store.get(load("gateway").views, [video])
        (known if is_known else strange).extend(_pick_unnamed(of_video, rows))
    return LeftOver(known, strange)


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
