"""What an engine made, on its way to the blob store: every output on its own, all at once.

An attempt may make several of the same. They are told apart by number: the files of output 0 have
the names of the event's fields (`key`, `last_frame_key`), output 2 is the file `key/2`.
"""

from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from shared.base.together import await_all
from shared.base.trust import trusted
from shared.jobs.job import Job
from shared.ports import Blobs
from shared.story.errors import TransientError

MOST_BYTES = 1 << 30
"""No output of a model is larger; what is, is no output, and must not fill the disk."""

FIRST = "0"
"""The number of the only output, where there are not several."""

V = TypeVar("V")

_RAW = "blob:"
"""In place of a URL: the bytes lie in our own store already."""


class Useless(TransientError):
    """What lies at the provider can't be an output of this work."""


def split_by_number(values: Mapping[str, V]) -> dict[str, dict[str, V]]:
    """Return what belongs to each output, by number: its values under the names of the fields."""
    parts: dict[str, dict[str, V]] = {}
    for name, value in values.items():
        field, _, number = name.partition("/")
        if field != "key" or not number.isdecimal():  # `outputs/srt` is an entry of a field
            number, field = FIRST, name
        parts.setdefault(number, {})[field] = value
    return parts or {FIRST: {}}


def join(kept: Mapping[str, Mapping[str, Any]], lost: Collection[str]) -> dict[str, Any]:
    """Return the result of a job from its outputs: the first one that is here speaks for all."""
    first, *others = (dict(kept[number]) for number in sorted(kept, key=int))
    if others:
        more = {f"key/{n}": part["stored"]["key"] for n, part in enumerate(others, 1)}
        first["stored"] = {**first["stored"], **more}
        first["others"] = [part["key"] for part in others]
    if lost:
        first["lost"] = sorted(int(number) for number in lost)
    return first


async def fetch(urls: Mapping[str, str], folder: Path, blobs: Blobs) -> dict[str, Path]:
    """Bring outputs here, from the provider or from where they were kept; return them by name."""
    raw = {name: url.removeprefix(_RAW) for name, url in urls.items() if url.startswith(_RAW)}
    files = {name: folder / f"out-{name.replace('/', '-')}{Path(raw[name]).suffix}" for name in raw}
    await await_all(*(blobs.fetch(raw[name], path) for name, path in files.items()))
    there = {name: url for name, url in urls.items() if name not in raw}
    return files | (await download(there, folder) if there else {})


async def download(urls: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Bring a provider's outputs here, before it removes them; return the files by name."""
    async with httpx.AsyncClient(verify=trusted(), timeout=60, follow_redirects=True) as client:
        paths = await await_all(
            *(_save(client, url, folder / _file_name(name, url)) for name, url in urls.items())
        )
    return dict(zip(urls, paths, strict=True))


async def keep_raw(blobs: Blobs, job: Job, files: Mapping[str, Path]) -> dict[str, str]:
    """Keep what an engine handed over, as it is; return where it lies, in place of its URLs."""
    at = f"{_folder(job)}/raw"
    stored = await await_all(
        *(blobs.put(f"{at}/{name}{path.suffix}", path) for name, path in files.items())
    )
    return {name: f"{_RAW}{blob.key}" for name, blob in zip(files, stored, strict=True)}


async def forget_raw(blobs: Blobs, urls: Mapping[str, str]) -> None:
    """Delete what was only kept until it was looked at."""
    keys = [url.removeprefix(_RAW) for url in urls.values() if url.startswith(_RAW)]
    if keys:
        await blobs.delete(keys)


async def keep(
    blobs: Blobs, job: Job, files: Mapping[str, Path], number: str = FIRST
) -> dict[str, Any]:
    """Store the files of an output under keys of this attempt; return the fields that name them.

    The attempt is part of the key: two workers that both believe to hold the job can't overwrite
    each other's bytes, and the one whose write wins names its own.
    """
    if not files:  # as of all work that makes data
        return {}
    at = _folder(job) if number == FIRST else f"{_folder(job)}/{number}"
    stored = await await_all(
        *(blobs.put(f"{at}/{name}{path.suffix}", path) for name, path in files.items())
    )
    return name_fields(
        {
            name: {"key": blob.key, "size": blob.size, "sha256": blob.sha256}
            for name, blob in zip(files, stored, strict=True)
        }
    )


def _folder(job: Job) -> str:
    spec = job.spec
    return f"{name_folder(spec.video_id, spec.kind)}{spec.beat}-{spec.n}-{spec.take}-{job.attempt}"


def name_folder(video_id: str, kind: str) -> str:
    """Return how the keys of all outputs begin that jobs of a kind have made for a video."""
    return f"{video_id}/{kind}/"


def name_fields(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields of an event that name what is stored, and all that is known of it."""
    fields: dict[str, Any] = {}
    for name, blob in stored.items():
        target, _, entry = name.partition("/")
        if entry and target == "key":
            fields.setdefault("others", []).append(blob["key"])
        elif entry:
            fields.setdefault(target, {})[entry] = blob["key"]
        else:
            fields[target] = blob["key"]
    return {**fields, "stored": dict(stored)} if stored else fields


async def _save(client: httpx.AsyncClient, url: str, path: Path) -> Path:
    try:
        async with client.stream("GET", url) as answer:
            answer.raise_for_status()
            with path.open("wb") as file:
                async for part in answer.aiter_bytes():
                    if file.tell() + len(part) > MOST_BYTES:
                        raise Useless(f"an output is larger than {MOST_BYTES >> 20:,} MiB")
                    file.write(part)
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise TransientError(f"the provider answers {status} in its place") from error
    except httpx.HTTPError as error:
        raise TransientError("it could not be fetched from the provider") from error
    return path


def _file_name(name: str, url: str) -> str:
    """Return a file name with the suffix of the URL: by it the file is served, and read."""
    suffix = PurePosixPath(urlsplit(url).path).suffix
    return f"out-{name.replace('/', '-')}{suffix if suffix[1:].isalnum() else ''}"
