"""What an earlier version had stored when it was stopped: README.md tells how it was made."""

import gzip
import json
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from bson import json_util

from shared.ports import Doc

HERE = Path(__file__).parent

RECORDED = range(1_790_000_000_000, 1_800_000_000_000)
"""Every whole number in here is a time, in milliseconds, and no other number is."""

KINDS_OF_THEN = frozenset(
    {"plan", "reference", "image", "card", "voice", "music", "clip", "conform", "cut"}
)
EVENTS_OF_THEN = frozenset(
    {"VideoRequested", "RevisionRequested", "BeatsPlanned", "WavesCompleted", "VideoCompleted"}
    | {"VideoSteered", "VideoFailed", "VideoDeleted", "DeadLettered"}
)
"""The events that were decided; a later version may make more of the same video."""


def unpack_folder(folder: Path, promised: Path) -> None:
    """Unpack the data folder of a command line, which has promised a file at this path."""
    with tarfile.open(HERE / "embedded.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    with closing(sqlite3.connect(folder / "storywave.db")) as db, db:
        db.execute("UPDATE outputs SET doc = json_set(doc, '$.path', ?)", [str(promised)])


def read_rows(folder: Path, collection: str) -> dict[str, Doc]:
    """Return a collection of a data folder that no process has open, by id."""
    with closing(sqlite3.connect(folder / "storywave.db")) as db:
        rows = db.execute(f'SELECT id, doc FROM "{collection}"').fetchall()
    return {id_: json.loads(doc) for id_, doc in rows}


def read_mongo(latest: int) -> dict[str, list[Doc]]:
    """Return what MongoDB held, all times moved so far that none lies after `latest`."""
    docs = json_util.loads(gzip.decompress((HERE / "mongo.json.gz").read_bytes()))
    by = latest - max(_find_times(docs))
    return cast(dict[str, list[Doc]], _move_times(docs, by))


def read_indexes() -> Mapping[str, Mapping[str, Any]]:
    """Return the indexes that MongoDB had, by collection and name."""
    return cast(Mapping[str, Any], json.loads((HERE / "mongo-indexes.json").read_text()))


def read_ids(name: str) -> list[str]:
    """Return the ids of all jobs and events that the earlier version itself came to."""
    return (HERE / f"{name}-ids.txt").read_text().splitlines()


def tell_ids(jobs: Mapping[str, Doc], events: Mapping[str, Doc]) -> list[str]:
    """Return ids as they stand in the files of ids, without those that no version of then knew."""
    made = (id_ for id_, row in jobs.items() if row["spec"]["kind"] in KINDS_OF_THEN)
    decided = (id_ for id_, row in events.items() if row["name"] in EVENTS_OF_THEN)
    return [f"jobs {id_}" for id_ in sorted(made)] + [f"outbox {id_}" for id_ in sorted(decided)]


def find_finished(jobs: Mapping[str, Doc]) -> dict[str, Doc]:
    """Return all that is known of the jobs that are done, but for when to tell it next."""
    done = {id_: row for id_, row in jobs.items() if row["state"] == "done"}
    return {id_: {k: v for k, v in row.items() if k != "publish_at"} for id_, row in done.items()}


def _find_times(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield from (value,) if value in RECORDED else ()
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _find_times(part)


def _move_times(value: Any, by: int) -> Any:
    if isinstance(value, dict):
        return {name: _move_times(part, by) for name, part in value.items()}
    if isinstance(value, list):
        return [_move_times(part, by) for part in value]
    return value + by if isinstance(value, int) and value in RECORDED else value
