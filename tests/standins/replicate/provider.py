"""The provider: takes runs, lives them through, and bills them."""

import asyncio
import hashlib
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.standins.replicate import outputs
from tests.standins.replicate.asked import Asked, count_quantities
from tests.standins.replicate.clock import Clock
from tests.standins.replicate.fates import FLAGGED, doom
from tests.standins.replicate.faults import ERRORS, Fault, Script
from tests.standins.replicate.files import Files, Unreachable, fetch, read_data_url
from tests.standins.replicate.hooks import Hooks
from tests.standins.replicate.ledger import Ledger
from tests.standins.replicate.model import Model
from tests.standins.replicate.models import MODELS
from tests.standins.replicate.money import Metrics, cost_of, share_of
from tests.standins.replicate.runs import Run, show
from tests.standins.replicate.settings import LATENCY, Settings

PAGE = 100
HEAVY_BYTES = int(6.4 * 1024 * 1024)
"""Images beyond this interrupt a run, again and again."""


@dataclass(frozen=True)
class Order:
    """A create that has passed all checks."""

    model: Model
    version: str
    input: dict[str, Any]
    webhook: str = ""
    events: list[str] | None = None
    cancel_after: float | None = None
    doom: Fault | None = None
    """Why it can't end well, whatever the script says."""


class Provider:
    """Everything behind the API. Its folder is all that outlives it."""

    def __init__(self, folder: Path, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.ledger = Ledger(folder)
        self.clock.ahead = self.ledger.ahead
        self.script = Script(settings.seed)
        self.files = Files(folder, self.ledger)
        self.shelf = outputs.Shelf(folder)
        self.hooks = Hooks(settings, self.clock, self.script, self.ledger)
        self.base = ""
        self.trouble: list[str] = []
        """Errors of our own: there should be none."""
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    def open(self, base: str) -> None:
        """Go on with what was not over when the last process ended."""
        self.base = base
        self.script.go_on_from(len(self.ledger.runs))
        for run in self.ledger.runs.values():
            if not run.is_over:
                self._begin(run)

    async def close(self) -> None:
        """Stop where we are: runs go on when the folder is opened again."""
        for task in self._lives.values():
            task.cancel()
        await asyncio.gather(*self._lives.values(), return_exceptions=True)
        await self.hooks.close()
        self.ledger.close()

    # ── what callers ask for ────────────────────────────────────────────────────────────────────

    def accept(self, order: Order, answer: str = "") -> Run:
        """Take a run: from here on it exists, whatever becomes of the answer."""
        run = self._foresee(order)
        run.answer = answer
        self.ledger.accept(run)
        self._begin(run)
        return run

    async def wait(self, run: Run, seconds: float) -> None:
        """Return when a run is over, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._ends[run.id].wait()
        except TimeoutError:
            return

    def cancel(self, run: Run) -> None:
        """Stop a run at once; one that is over stays as it is."""
        if not run.is_over:
            if life := self._lives.get(run.id):
                life.cancel()
            self._end(run, "canceled", self.clock.now())

    def show(self, run: Run) -> dict[str, Any]:
        """Return a run as the API shows it now."""
        output = outputs.show_output(run, self.asked(run), self.base)
        return show(run, output, self.base, self.clock.now(), self.settings.keep_seconds)

    def list_runs(self, after: float, cursor: str) -> tuple[list[Run], str]:
        """Return a page of runs, newest first, and the cursor of the next one."""
        seen = self.clock.now() - self.settings.list_lag
        runs = [run for run in self.ledger.runs.values() if after < run.created_at <= seen]
        runs.sort(key=lambda run: (run.created_at, run.id), reverse=True)
        if cursor:
            begin = next((n + 1 for n, run in enumerate(runs) if run.id == cursor), len(runs))
            runs = runs[begin:]
        page = runs[:PAGE]
        return page, page[-1].id if len(runs) > PAGE else ""

    def has_expired(self, run: Run) -> bool:
        """Tell whether what a run was given and has made is forgotten."""
        return self.clock.now() > run.created_at + self.settings.keep_seconds

    def asked(self, run: Run) -> Asked:
        """Return the input of a run as its model reads it."""
        return Asked(MODELS[run.model], run.input)

    # ── what becomes of a run ───────────────────────────────────────────────────────────────────

    def _foresee(self, order: Order) -> Run:
        """Return a new run with its whole fate."""
        model, now = order.model, self.clock.now()
        known = {key: value for key, value in order.input.items() if key in model.fields}
        wait, work = self._latency(model)
        run = Run(
            id=uuid.uuid4().hex[:26],
            model=model.name,
            version=order.version,
            kind=model.kind,
            input=known,
            dropped={key: value for key, value in order.input.items() if key not in known},
            created_at=now,
            starts_at=now + wait,
            ends_at=now + wait + work,
            webhook=order.webhook,
            events=order.events,
            deadline=None if order.cancel_after is None else now + order.cancel_after,
        )
        if order.doom:
            doom(run, order.doom)
        elif self.settings.flagged_word in run.words:
            doom(run, FLAGGED)
        elif fault := self.script.draw("run", model.name, model.kind, run.words):
            doom(run, fault)
        return run

    def _latency(self, model: Model) -> tuple[float, float]:
        """Return the seconds that a run waits and works."""
        chance = random.Random(f"{self.settings.seed}:{len(self.ledger.runs)}")
        own = self.settings.latency.get(model.kind)
        pace = 1.0 if own else self.settings.pace
        wait, work = own or LATENCY[model.kind]
        stretch = 1 + self.settings.jitter * chance.uniform(-1, 1)
        return wait / pace, work * stretch / pace

    def _begin(self, run: Run) -> None:
        self._ends[run.id] = asyncio.Event()
        task = asyncio.create_task(self._live(run))
        self._lives[run.id] = task
        task.add_done_callback(lambda _: self._lives.pop(run.id, None))

    async def _live(self, run: Run) -> None:
        """Take a run from its create to its end."""
        try:
            if await self._start(run):
                await self._work(run)
        except Exception as error:
            self.trouble.append(f"{run.id} {run.model}: {error!r}")

    async def _start(self, run: Run) -> bool:
        """Wait for a run's start, and tell whether it did start."""
        if run.deadline is not None and run.deadline <= run.starts_at:
            await self.clock.sleep_until(run.deadline)
            self._end(run, "aborted", run.deadline)
            return False
        await self.clock.sleep_until(run.starts_at)
        if run.fate == "aborted":
            self._end(run, "aborted", run.starts_at)
            return False
        if error := await self._gather(run):
            run.fault, run.error, run.pays = "bad_file", error, False
            self._end(run, "failed", max(run.starts_at, self.clock.now()))
            return False
        if run.started_at is None:
            run.status, run.started_at = "processing", run.starts_at
            self.ledger.change(run)
            self.hooks.tell(run, "start", self.show(run))
        return True

    async def _work(self, run: Run) -> None:
        """Wait for a run's end, or for what stops it before."""
        stop = run.starts_at + self.settings.run_seconds
        if run.deadline is not None and run.deadline < min(stop, run.ends_at):
            await self.clock.sleep_until(run.deadline)
            self._end(run, "canceled", run.deadline)
        elif stop < run.ends_at:
            await self.clock.sleep_until(stop)
            run.error, run.pays = ERRORS["E8367"], False
            self._end(run, "failed", stop)
        else:
            length = run.ends_at - run.starts_at
            end = run.ends_at - (length / 2 if run.fate == "canceled" else 0)
            await self.clock.sleep_until(end)
            self._end(run, run.fate, end)

    async def _gather(self, run: Run) -> str | None:
        """Fetch all files of an input; return the error of a run that can't start."""
        asked = self.asked(run)
        run.files.clear()
        try:
            for name, place, url in _list_urls(asked):
                data = await self._fetch(url)
                if run.kind in ("image", "clip") and len(data) > HEAVY_BYTES:
                    return ERRORS["PA"]
                outputs.check_file(asked, name, data)
                self.shelf.keep_input(run, name, place, data)
                run.files.append(hashlib.sha256(data).hexdigest()[:16])
        except ValueError:  # Unreachable is one too
            return ERRORS["E9243"]
        return None

    async def _fetch(self, url: str) -> bytes:
        """Return what a URL of an input leads to."""
        if url.startswith("data:"):
            return read_data_url(url)
        head, _, rest = url.partition("/v1/files/")
        if head == self.base and rest:
            return self.files.read(rest, self.clock.now())
        head, _, rest = url.partition("/delivery/")
        if head == self.base and rest:
            return await self._read_output(*rest.split("/", 1))
        return await fetch(url)

    async def _read_output(self, run_id: str, name: str) -> bytes:
        run = self.ledger.runs.get(run_id)
        if run is None or self.has_expired(run):
            raise Unreachable("the output has expired")
        index = int(name.partition(".")[0])
        path = await self.shelf.find_output(run, self.asked(run), index, self.settings.shrink)
        return path.read_bytes()

    def _end(self, run: Run, status: str, at: float) -> None:
        """End a run: what it made, what it measured, what it costs."""
        asked = self.asked(run)
        if status == "succeeded" and run.fault != "no_output":
            try:
                run.said = outputs.say(run, asked, self.shelf.read_inputs(run, asked))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                status, run.error, run.pays = "failed", f"Invalid request: {error}", False
        run.status, run.completed_at = status, at
        run.metrics = self._measure(run, asked)
        run.billed = cost_of(asked.model.prices, run.metrics)
        self.ledger.change(run)
        self._ends[run.id].set()
        for event in ("output", "logs", "completed") if status == "succeeded" else ("completed",):
            self.hooks.tell(run, event, self.show(run))

    def _measure(self, run: Run, asked: Asked) -> Metrics:
        """Return the metrics of a run that has just ended."""
        assert run.completed_at is not None
        metrics: Metrics = {"total_time": round(run.completed_at - run.created_at, 6)}
        if run.started_at is None:
            return metrics
        ran = run.completed_at - run.started_at
        metrics["predict_time"] = round(ran, 6)
        quantities = count_quantities(asked, str(run.said or ""))
        if run.status == "canceled":
            # Its time is paid for: of everything else, the share that would have been made.
            return metrics | share_of(quantities, min(1.0, ran / (run.ends_at - run.starts_at)))
        return metrics | (quantities if run.pays else {})


def _list_urls(asked: Asked) -> Iterator[tuple[str, int, str]]:
    """Yield field, place and URL of each file of an input."""
    for name, field in asked.model.fields.items():
        if field.is_file:
            for place, url in enumerate(asked.urls(name)):
                yield name, place, url
