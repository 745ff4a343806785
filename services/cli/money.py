"""`storywave budget` and `jobs`: what videos may cost, and what nobody knows of them."""

import argparse
import asyncio
from dataclasses import replace

from services import NAMES, load
from services.cli.environment import log_to_file, log_waits, read_settings
from services.cli.inspect import require_data
from services.cli.make import Maker, run_here, stop_on_signals
from services.cli.outcome import format_moment, say
from services.cli.screen import Screen
from services.cli.where import ask_or_do, say_json
from services.gateway.keys.caller import CALLER, LOCAL
from services.gateway.parts import build_gateway
from shared.client import Client
from shared.jobs.unresolved import Unresolved, find_unresolved, list_unresolved
from shared.runtime.compose import open_app, open_store
from shared.runtime.settings import Settings
from shared.story.errors import BadInput
from shared.story.fact import Micros
from shared.story.money import read_amount, read_dollars, say_dollars


def budget(given: argparse.Namespace) -> int:
    """Let a video spend so much in all; on a folder, go on with it to its end."""
    try:
        cap = read_dollars(given.dollars)
    except ValueError as error:
        raise BadInput(f"DOLLARS: {error}", "dollars") from error

    async def send(client: Client) -> int:
        now = await client.change_budget(given.video, say_dollars(cap))
        if given.json:
            say_json(now)
        else:
            say(f"{now.id}  {now.status}  budget ${now.budget}")
        return 0

    async def go_on(maker: Maker) -> int:
        owner = await maker.gateway.videos.find_owner(given.video)
        CALLER.set(replace(LOCAL, owner=owner))  # it stands in the audit of whose video it is
        await maker.gateway.budgets.change_cap(given.video, owner, cap)
        return await maker.finish(given.video, Screen())

    return ask_or_do(given, send, lambda: run_here(given, go_on))


def jobs(given: argparse.Namespace) -> int:
    """List the unresolved jobs, or note what one of them has cost."""
    job, charged = given.retry or given.drop, _read_charge(given.charged)
    if charged is not None and not job:
        raise BadInput("--charged: say of which job, with --drop JOB or --retry JOB", "charged")
    chosen = require_data(read_settings(given))
    if not job:
        return asyncio.run(_list(chosen))
    if chosen.mode == "embedded":
        log_to_file(chosen)
    else:
        log_waits()  # that this process publishes nothing is meant so
    return asyncio.run(_answer(chosen, job, charged, again=bool(given.retry)))


async def _list(chosen: Settings) -> int:
    async with open_store(chosen) as store:
        left = await list_unresolved(store)
    say(*map(_format_unresolved, left) if left else ("no job is unresolved",))
    return 0


async def _answer(chosen: Settings, job: str, charged: Micros | None, *, again: bool) -> int:
    # on shared servers the services that run do the rest: this process joins none of their groups
    at_rest = chosen.mode == "cluster"
    services = [load(name) for name in (("gateway",) if at_rest else NAMES)]
    async with stop_on_signals(), open_app(chosen, services, at_rest=at_rest) as app:
        gateway = build_gateway(app)
        try:
            known = await find_unresolved(app.ports.store, job)
            owner = await gateway.videos.find_owner(known.video_id)
            CALLER.set(replace(LOCAL, owner=owner))
            cost = await gateway.budgets.answer_unresolved(owner, job, charged, again=again)
        finally:
            gateway.close()
    told = ": the services that run tell it" if at_rest else ""
    say(f"its attempt counts as having cost ${say_dollars(cost)}{told}")
    return 0


def _read_charge(text: str | None) -> Micros | None:
    try:
        return None if text is None else read_amount(text)
    except ValueError as error:
        raise BadInput(f"--charged: {error}", "charged") from error


def _format_unresolved(job: Unresolved) -> str:
    cells = (
        job.job,
        "" if job.posted_at is None else format_moment(job.posted_at),
        job.kind,
        f"attempt {job.attempt}",
        job.model,
        f"held ${say_dollars(job.held)}",
    )
    return "  ".join(cell for cell in cells if cell)
