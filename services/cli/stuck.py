"""`storywave status --stuck`: what was put off or set aside, how often, until when, and why.

It only looks. What it names needs a newer version, or a person.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from pydantic import ValidationError

from services import NAMES, load
from services.gateway.read.status import Status, read_status
from shared.bus import wire
from shared.jobs.ledger import JOBS
from shared.jobs.machine import TERMINAL, Job
from shared.jobs.relay import OUTBOX
from shared.jobs.rows import end_event, from_doc
from shared.jobs.times import Waiting
from shared.jobs.unreadable import PUT_OFF, count_looks
from shared.ports import Doc, Is, Store
from shared.runtime.known import Reader
from shared.story.errors import cause
from shared.story.events import DeadLettered, Event
from shared.story.kinds import KINDS
from shared.story.texts import make_one_line

LIMIT = 1_000
MANY_DEATHS = 3
"""So often in a row the worker of a job went away: it may be the job that kills it."""
LONGEST = 200

LETTERS = f"parts.{DeadLettered.__name__}"


async def list_stuck(store: Store) -> list[str]:
    """Return a line for each row, video and job that does not go on by itself."""
    services = [load(name) for name in NAMES]
    lines = dict[str, None]()  # a row that waits for two times is one row
    for waiting in [each for service in services for each in service.waiting]:
        lines.update([(line, None) async for line in _put_off(store, waiting)])
    views = next(service.views for service in services if service.reads_all)
    lines.update([(line, None) async for line in _stuck_videos(store, views)])
    lines.update([(line, None) async for line in _deadly_jobs(store)])
    return list(lines)


async def _put_off(store: Store, waiting: Waiting) -> AsyncIterator[str]:
    collection, where, due = waiting
    which = {**where, due: Is("present"), PUT_OFF: Is("present")}
    find_faults = _FAULTS.get(collection, _faults_of_view)
    for row in await store.find(collection, which, order=[due], limit=LIMIT):
        times = f"put off {count_looks(row)}x, next look {_format_time(row[due])}"
        yield _line(collection, row["_id"], times, _explain(row, find_faults))


def _explain(row: Doc, find_faults: Callable[[Doc], list[str]]) -> str:
    """Return what is wrong with a row, as far as this version can tell."""
    try:
        faults = find_faults(row)
    except Exception as error:
        faults = [_describe(error)]
    return "; ".join(faults) or "this version can read it"


def _faults_of_job(row: Doc) -> list[str]:
    job = from_doc(row)
    KINDS[job.spec.kind].read(job.spec)
    return _faults_of_event(end_event(job, KINDS)) if job.has_ended else []


def _faults_of_outbox(row: Doc) -> list[str]:
    return _faults_of_event(KINDS.parse(row["name"], row["body"]))


def _faults_of_event(event: Event) -> list[str]:
    """Return why no bus can carry it."""
    _, refused = wire.pack([event])
    return list(refused.values())


def _faults_of_view(doc: Doc) -> list[str]:
    faults = list[str]()
    Reader(KINDS, lambda _, at, error: faults.append(f"{at}: {_describe(error)}")).read(doc)
    return faults


_FAULTS = {JOBS: _faults_of_job, OUTBOX: _faults_of_outbox}


async def _stuck_videos(store: Store, views: str) -> AsyncIterator[str]:
    """Return the videos over which a service could decide nothing more, unless they recovered."""
    reader = Reader(KINDS, lambda video, at, error: None)
    for doc in await store.find(views, {LETTERS: Is("present")}, limit=LIMIT):
        try:
            view = reader.read(doc).view
            now = read_status(view)
        except Exception:
            continue  # it is listed as a row
        if now is None or now.status is Status.COMPLETED:
            continue
        for letter in (letter for letter in view.all(DeadLettered) if letter.stuck):
            yield _line("video", view.video_id, now.status, f"{letter.service}: {letter.error}")


async def _deadly_jobs(store: Store) -> AsyncIterator[str]:
    for row in await store.find(JOBS, {"deaths": Is(">=", MANY_DEATHS)}, limit=LIMIT):
        try:
            job = from_doc(row)
        except Exception:
            continue  # it is listed as a row, if anybody waits for it
        if job.state not in TERMINAL:
            yield _line("job", job.id, job.state, _tell_deaths(job))


def _tell_deaths(job: Job) -> str:
    return f"{job.deaths} workers in a row went away in the middle of it (attempt {job.attempt})"


def _line(*cells: str) -> str:
    return "  ".join(make_one_line(cell)[:LONGEST] for cell in cells)


def _describe(error: Exception) -> str:
    match error:
        case KeyError():
            return f"{error} is missing, or not known here"
        case ValidationError():
            wrong = error.errors(include_url=False, include_input=False)
            return ", ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong)
        case _:
            return f"{type(error).__name__}: {cause(error)}"


def _format_time(ms: object) -> str:
    if not isinstance(ms, int | float):
        return f"{ms!r}, which is no time"
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
