"""The inputs of runs: built from an order, filled with files, and known again in the list."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from shared.engines.replicate.models import Model
from shared.engines.replicate.payload import Payload, build
from shared.engines.replicate.uploads import InputFile, Uploads, read_input
from shared.jobs.engine import Task
from shared.story.errors import PermanentError

log = logging.getLogger("storywave.replicate")


@dataclass(frozen=True)
class Inputs:
    """A checked input whose files are here, and not yet at the provider."""

    payload: Payload
    files: Mapping[str, InputFile]

    async def fill(self, uploads: Uploads) -> Mapping[str, Any]:
        """Return the input with the address of each file in its field."""
        places = {name: await uploads.place(file) for name, file in self.files.items()}
        return self.payload.complete(places)

    def fingerprint(self) -> str:
        """Return a hash of all that decides what a run makes, but for chance: no seed is in it."""
        payload, model = self.payload, self.payload.model
        values = {k: v for k, v in payload.input.items() if k != model.field_for("seed")}
        files = {k: [self.files[n].digest for n in _names(v)] for k, v in payload.files.items()}
        said = [model.name, model.version, values, files]
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    async def is_same(self, listed: Mapping[str, Any], uploads: Uploads) -> bool:
        """Tell whether a run that the list shows has this input, as far as can be known."""
        if any(listed.get(field) != value for field, value in self.payload.input.items()):
            return False
        for name, url in self._pair(listed):
            if name is None or not await uploads.is_same(self.files[name], url):
                return False
        return True

    def _pair(self, listed: Mapping[str, Any]) -> Iterator[tuple[str | None, object]]:
        """Yield each file with what the list shows in its place; None where there is one more."""
        for field, named in self.payload.files.items():
            given = listed.get(field)
            urls = given if isinstance(given, list) else [given]
            names: list[str | None] = list(_names(named))
            names += [None] * (len(urls) - len(names))
            yield from zip(names, urls + [None] * (len(names) - len(urls)), strict=True)


async def read_inputs(task: Task, model: Model) -> Inputs:
    """Return the input of an attempt for a model.

    Where a file of it is gone, a model that can do without makes it from words alone.
    """
    job = task.job
    try:
        paths = await task.fetch_files()
    except PermanentError as gone:
        bare = replace(job, spec=job.spec.model_copy(update={"files": {}}))
        try:
            payload = build(bare, task.order, model)
        except PermanentError:
            raise gone from None
        about = {"action": "prepare", "video_id": job.spec.video_id, "stage": job.spec.kind}
        log.warning("made from words alone: %s", gone, extra=about)
        return Inputs(payload, {})
    payload = build(job, task.order, model)
    named = {name for names in payload.files.values() for name in _names(names)}
    return Inputs(payload, {name: await read_input(paths[name], name) for name in sorted(named)})


def _names(named: str | Sequence[str]) -> Sequence[str]:
    """Return the files of one field: it takes one, or several."""
    return [named] if isinstance(named, str) else named
