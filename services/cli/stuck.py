"""`storywave status --stuck`: all that was put off or set aside, until when, and why.

It only reads. Whatever it names needs a newer version, or a person; or it waits for a provider.
"""

from collections.abc import AsyncIterator, Callable

from pydantic import ValidationError

from services import NAMES, load
from services.cli.outcome import format_moment
from services.gateway.read.actions import Status
from services.gateway.read.status import read_status
from shared.bus import wire
from shared.jobs.job import TERMINAL
from shared.jobs.ledger import JOBS
from shared.jobs.rates import RATES
from shared.jobs.relay import OUTBOX
from shared.jobs.rows import end_event, from_doc
from shared.jobs.times import Waiting
from shared.jobs.unreadable import PUT_OFF, count_looks
from shared.jobs.untold import UNTOLD, read_ends
from shared.ports import Doc, Is, Store
from shared.runtime.known import Reader
from shared.story.errors import cause
from shared.story.events import DeadLettered, Event
from shared.story.kinds import KINDS
from shared.story.texts import make_one_line

LIMIT = 1_000
MANY_DEATHS = 3
"""After so many workers in a row that went away in the middle of a job, it may be the job."""
LONGEST = 200

LETTERS = f"parts.{DeadLettered.__name__}"


async def list_stuck(store: Store) -> list[str]:
    """Return a line for each row, video and job that does not go on by itself."""
    services = [load(name) for name in NAMES]
    lines = dict[str, None]()  # a row that waits for two times is one row
    for waiting in [each for service in services for each in service.waiting]:
        lines.update([(line, None) async for line in _find_put_off(store, waiting)])
    views = next(service.views for service in services if service.reads_all)
    lines.update([(line, None) async for line in _find_stuck_videos(store, views)])
    lines.update([(line, None) async for line in _find_deadly_jobs(store)])
    lines.update([(line, None) async for line in _find_refusals(store)])
    return list(lines)


async def _find_put_off(store: Store, waiting: Waiting) -> AsyncIterator[str]:
    """Yield a line for each row that can't be read, and is looked at again later."""
    collection, where, due = waiting
    which = {**where, due: Is("present"), PUT_OFF: Is("present")}
    find_faults = _FAULTS.get(collection, _find_view_faults)
    for row in await store.find(collection, which, order=[due], limit=LIMIT):
        times = f"put off {count_looks(row)}x, next look {_format_time(row[due])}"
        yield _format_line(collection, row["_id"], times, _explain_row(row, find_faults))


def _explain_row(row: Doc, find_faults: Callable[[Doc], list[str]]) -> str:
    """Return what is wrong with a row, as far as this version can tell."""
    try:
        faults = find_faults(row)
    except Exception as error:
        faults = [_describe_error(error)]
    return "; ".join(faults) or "this version can read it"


def _find_job_faults(row: Doc) -> list[str]:
    job = from_doc(row)
    KINDS[job.spec.kind].read(job.spec)
    return _find_event_faults(end_event(job, KINDS)) if job.has_ended else []


def _find_outbox_faults(row: Doc) -> list[str]:
    return _find_event_faults(KINDS.parse(row["name"], row["body"]))


def _find_event_faults(event: Event) -> list[str]:
    """Return the reasons why no bus can carry an event."""
    _, refused = wire.pack([event])
    return list(refused.values())


def _find_view_faults(doc: Doc) -> list[str]:
    faults = list[str]()
    Reader(KINDS, lambda _, at, error: faults.append(f"{at}: {_describe_error(error)}")).read(doc)
    return faults


def _find_list_faults(row: Doc) -> list[str]:
    read_ends(row)
    return []


_FAULTS = {JOBS: _find_job_faults, OUTBOX: _find_outbox_faults, UNTOLD: _find_list_faults}


async def _find_stuck_videos(store: Store, views: str) -> AsyncIterator[str]:
    """Yield a line for each letter of a service that is stuck, unless its video was completed."""
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
            yield _format_line(
                "video", view.video_id, now.status, f"{letter.service}: {letter.error}"
            )


async def _find_deadly_jobs(store: Store) -> AsyncIterator[str]:
    """Yield a line for each open job that may kill its workers."""
    for row in await store.find(JOBS, {"deaths": Is(">=", MANY_DEATHS)}, limit=LIMIT):
        try:
            job = from_doc(row)
        except Exception:
            continue  # it is listed as a row, if anybody waits for it
        if job.state not in TERMINAL:
            times = f"{job.deaths} workers in a row went away in the middle of it"
            yield _format_line("job", job.id, job.state, f"{times} (attempt {job.attempt})")


async def _find_refusals(store: Store) -> AsyncIterator[str]:
    """Yield a line for each provider that takes no work now: all that needs it waits."""
    for row in await store.find(RATES, {"blocked_until": Is(">", store.now())}):
        until = f"takes no work until {_format_time(row['blocked_until'])}"
        yield _format_line("provider", row["_id"], until, str(row.get("why", "")))


def _format_line(*cells: str) -> str:
    return "  ".join(make_one_line(cell)[:LONGEST] for cell in cells)


def _describe_error(error: Exception) -> str:
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
    return format_moment(ms)
