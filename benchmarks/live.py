"""`make test-live`: one job of each kind at the real provider, by the cheapest model there is.

It needs a token, and spends up to CAP with it. Nothing else in here does. Each job runs as in a
video: within a budget, through the ledger, checked and stored. REPLICATE_BASE_URL is honoured.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import services
from services.cli.look import format_stored
from shared.engines.replicate.catalog import MADE_AS, load
from shared.engines.replicate.client import TOKEN
from shared.jobs.engine import Engine
from shared.jobs.job import TERMINAL, Job, Rules
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.receipt import read_receipt
from shared.ports import Doc
from shared.runtime.app import App
from shared.runtime.compose import open_app
from shared.runtime.paid import PAID, build_paid_engines
from shared.runtime.settings import Settings
from shared.story.brief import Brief
from shared.story.errors import StorywaveError
from shared.story.kinds import CLIP, IMAGE, KINDS, PLAN, AnyKind, PlanOrder
from shared.story.money import say_dollars
from shared.story.shape import expect_plan
from shared.story.view import JobSpec

VIDEO = "live"
CAP = 1_500_000
PATIENCE_SECONDS = 900.0
LOOK_SECONDS = 1.0

FIRST = [kind for kind in PAID if kind is not CLIP and kind.name not in MADE_AS]
"""A clip needs a picture before it; all other pictures are made by the models for images."""

WANTED = Brief(prompt="A lighthouse keeper paints the calm sea.", duration=5, end_card=None)


async def main() -> int:
    """Run them, print a receipt, and return 0 if each has given something within the cap."""
    if not os.environ.get(TOKEN):
        print(f"error: {TOKEN} is empty: this asks the real provider, for money", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="storywave-live-") as name:
        async with _open(Path(name)) as app:
            rows = await run(app)
            receipt = await read_receipt(app.ports.store, VIDEO)
    print(*format_stored(receipt), sep="\n")
    failed = [row for row in rows if row["state"] != "done"]
    for row in failed:
        print(f"{row['_id']} is {row['state']}: {row.get('error')}", file=sys.stderr)
    print(
        f"FIGURE live kinds={len(rows)} done={len(rows) - len(failed)} "
        f"paid={say_dollars(receipt.paid)} held={say_dollars(receipt.held)} cap={say_dollars(CAP)}"
    )
    return 1 if failed or receipt.held or receipt.paid > CAP else 0


@asynccontextmanager
async def _open(folder: Path) -> AsyncIterator[App]:
    """Open all services on a folder, with engines that may spend."""
    settings = Settings(data=folder, paid=True, llm_url="", mode="embedded")
    async with open_app(settings, [services.load(name) for name in services.NAMES]) as app:
        await app.gate.open(VIDEO, WANTED.owner, CAP)
        yield app


async def run(app: App) -> Sequence[Doc]:
    """Return the rows of all jobs, once each has ended."""
    ledger = Ledger(app.ports.store, KINDS, Rules())
    engines = build_paid_engines(Settings(paid=True, llm_url=""), lambda: 0)
    first = [make_spec(kind, engines[kind]) for kind in FIRST]
    await ledger.insert(first)
    rows = await _wait(app, first)
    picture = next(row for row in rows if row["spec"]["kind"] == IMAGE.name)
    if key := picture.get("result", {}).get("key"):
        clip = make_spec(CLIP, engines[CLIP], {"image": key})
        await ledger.insert([clip])
        rows += await _wait(app, [clip])
    return rows


async def _wait(app: App, specs: Sequence[JobSpec]) -> list[Doc]:
    """Return the rows of these jobs. What services make of their ends is of no interest."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            rows = await app.ports.store.get(JOBS, [spec.id for spec in specs])
            if all(row["state"] in TERMINAL for row in rows.values()):
                return list(rows.values())
            await asyncio.sleep(LOOK_SECONDS)


def make_spec(kind: AnyKind, engine: Engine, files: Mapping[str, str] = {}) -> JobSpec:
    """Return the first job of a kind in a short video, asked of the cheapest model."""
    plan = expect_plan(VIDEO, WANTED)
    order = PlanOrder(video_id=VIDEO, brief=WANTED)
    spec = PLAN.ask(plan, order) if kind is PLAN else kind.expect(plan)[0]
    spec = spec.model_copy(update={"files": {**spec.files, **files}})
    names = [model.name for model in load().models if kind.name in model.kinds]
    priced = [(_price(spec, name, engine), name) for name in names]
    _, cheapest = min((price, name) for price, name in priced if price is not None)
    return spec.model_copy(update={"models": (cheapest,)})


def _price(spec: JobSpec, model: str, engine: Engine) -> int | None:
    """Return the most that a model may cost for this; None where it can't do it."""
    asked = spec.model_copy(update={"models": (model,)})
    try:
        quote = engine.quote(Job(spec=asked))
    except StorywaveError:
        return None
    return quote.ceiling if quote.model == model else None


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
