"""Jobs as store documents, and the event that a row with an end is."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Any

from shared.base.copies import change as change_fields
from shared.base.values import find_fault
from shared.jobs.job import LONGEST_ANSWER, Job, State
from shared.ports import Doc, Update
from shared.story.errors import TOLD, cause
from shared.story.events import Event
from shared.story.kinds import Kinds, Order, Success
from shared.story.view import JobSpec

_FIELDS = tuple(f.name for f in fields(Job) if f.name != "spec")
_read_values = attrgetter(*_FIELDS)
_DEFAULTS = {
    f.name: f.default_factory() if f.default_factory is not MISSING else f.default
    for f in fields(Job)
    # the guards of all writes
    if f.name not in ("spec", "state", "attempt")
}


def to_doc(job: Job) -> Doc:
    """Return the row of a job. What has its default is left out: rows and indexes stay small."""
    row: Doc = {"_id": job.id, "spec": job.spec.model_dump(mode="json")}
    for name, value in zip(_FIELDS, _read_values(job), strict=True):
        if name not in _DEFAULTS or value != _DEFAULTS[name]:
            row[name] = _plain(job, name)
    return row


def from_doc(row: Mapping[str, Any]) -> Job:
    """Return the job of a row; raises where it is none, or one that no write could reach.

    Each write is guarded on the attempt and goes to the row that bears the job's own id. A row
    that lacks the one, or stands under another id, would be found and lost again for ever.
    """
    values = {name: row[name] for name in _FIELDS if row.get(name) is not None}
    values["state"] = State(row["state"])
    if "past" in values:
        values["past"] = tuple(values["past"])
    if "then" in values:
        values["then"] = State(values["then"])
    job = Job(spec=JobSpec.model_validate(row["spec"]), **values)
    if job.id != row["_id"]:
        raise ValueError(f"it stands under the id of another job: its own is {job.id}")
    if type(row["attempt"]) is not int:
        raise ValueError(f"its attempt is {row['attempt']!r}, which is no number")
    return job


def change(before: Job, after: Job) -> Update:
    """Return the write that leads from one to the other, if nobody else has written meanwhile.

    The mark of a post is part of the guard: who claims a job must know whether it was posted. And
    nothing is posted of what was asked to stop meanwhile.
    """
    both = zip(_FIELDS, _read_values(before), _read_values(after), strict=True)
    changed = [name for name, was, now in both if was is not now and was != now]
    return Update(
        before.id,
        where={
            "state": before.state.value,
            "attempt": before.attempt,
            "posted_attempt": before.posted_attempt or None,
            **({"cancel": None} if after.posted_attempt > before.posted_attempt else {}),
        },
        set={name: _plain(after, name) for name in changed if not _is_default(after, name)},
        unset=[name for name in changed if _is_default(after, name)],
    )


def end_event(job: Job, kinds: Kinds, order: Order | None = None) -> Event:
    """Return the event that a job with an end is; its order is read unless it is given."""
    spec = job.spec
    kind = kinds[spec.kind]
    at = job.finished_at or 0
    if job.state is State.DONE:
        order = kind.read(spec) if order is None else order
        done = Success(spec, order, job.result, job.cost, at, job.reused, job.times)
        return kind.build(done)
    return kind.failed(
        video_id=spec.video_id,
        job=job.id,
        at=at,
        beat=spec.beat,
        n=spec.n,
        take=spec.take,
        # where its end is told late, or again, what a person has said of it must not count twice
        cost=job.cost - job.by_hand,
        times=job.times,
        error=_plain(job, "error") or str(job.state),
        tries=job.tries,
        code=job.code or "",
        at_fault=job.at_fault or "",
    )


def find_misfit(
    job: Job, result: Mapping[str, Any], kinds: Kinds, order: Order | None = None
) -> str | None:
    """Return why a result can't be the end of a job; None where it can."""
    try:
        end_event(change_fields(job, state=State.DONE, result=result), kinds, order)
    except ValueError as error:
        return cause(error)
    fault = find_fault(result)
    return f"its result can't be stored: {fault}" if fault else None


def make_storable(text: str, most: int = TOLD) -> str:
    """Return a text as a store takes it: half a character, as a provider may send it, is none."""
    return text.encode("utf-8", "replace").decode()[:most]


def _is_default(job: Job, name: str) -> bool:
    return name in _DEFAULTS and getattr(job, name) == _DEFAULTS[name]


def _plain(job: Job, name: str) -> Any:
    value = getattr(job, name)
    if name in ("error", "at_fault") and value is not None:
        return make_storable(str(value))
    if name == "answer" and value is not None:
        return make_storable(value, LONGEST_ANSWER)
    if name == "past":
        return [make_storable(error, 300) for error in value]
    return value.value if isinstance(value, State) else value
