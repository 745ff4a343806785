"""Jobs as store documents, and the event that a finished row is. Pure."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from shared.jobs.machine import Job, State
from shared.ports import Doc, Update
from shared.story.errors import TOLD
from shared.story.events import ENDS, Event
from shared.story.view import JobSpec

_FIELDS = tuple(f.name for f in fields(Job) if f.name != "spec")


def to_doc(job: Job) -> Doc:
    """The row of a job; what is None is absent, so that indexes over present fields stay small."""
    row: Doc = {"_id": job.id, "spec": job.spec.model_dump(mode="json")}
    row.update((name, _plain(job, name)) for name in _FIELDS if getattr(job, name) is not None)
    return row


def from_doc(row: Mapping[str, Any]) -> Job:
    values = {name: row[name] for name in _FIELDS if row.get(name) is not None}
    values["state"] = State(row["state"])
    return Job(spec=JobSpec.model_validate(row["spec"]), **values)


def change(before: Job, after: Job) -> Update:
    """What to write to get from one to the other, if nobody else has written meanwhile."""
    pairs = ((name, getattr(before, name), _plain(after, name)) for name in _FIELDS)
    changed = {name: now for name, was, now in pairs if now != was}
    return Update(
        before.id,
        where={"state": before.state.value, "attempt": before.attempt},
        set={name: value for name, value in changed.items() if value is not None},
        unset=[name for name, value in changed.items() if value is None],
    )


def ending(job: Job) -> Event:
    """The event of a terminal job: what its engine was given, what it made, and how it went."""
    ends = ENDS[job.spec.kind]
    spec = job.spec
    common = {
        "video_id": spec.video_id,
        "job": job.id,
        "at": job.finished_at or 0,
        "beat": spec.beat,
        "n": spec.n,
        "chunk": spec.n,
        "take": spec.take,
        "rev": spec.take,
        "cost": job.cost,
    }
    if job.state is State.DONE:
        return ends.ready.model_validate({**spec.input, **job.result, **common})
    return ends.failed.model_validate(
        {**common, "error": _plain(job, "error") or str(job.state), "tries": job.tries}
    )


def _plain(job: Job, name: str) -> Any:
    value = getattr(job, name)
    if name == "error" and value is not None:
        return value[:TOLD]
    return value.value if name == "state" else value
