"""`storywave spending`: what each owner's videos have cost, deleted ones too.

A video counts by the day on which it was asked for; a deleted one, of which only a tombstone is
left, by the day of its deletion. It only reads, and logs what it can't read.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any

from services import load
from services.cli.environment import read_settings
from services.cli.inspect import require_data
from services.cli.outcome import say
from services.cli.where import say_json
from services.gateway.intake import REQUESTS
from shared.jobs.gate import MONEY, list_open_holds, sum_spent
from shared.jobs.unreadable import read_each
from shared.ports import Doc, Is, Store
from shared.runtime.compose import open_store
from shared.story.errors import BadInput
from shared.story.events import VideoDeleted
from shared.story.fact import Micros
from shared.story.money import say_dollars
from shared.story.texts import make_one_line

PAGE = 1_000
"""Rows that are looked at together: there may be a million."""


@dataclass
class Spent:
    """What the videos of an owner have cost."""

    owner: str
    videos: int = 0
    spent: Micros = 0
    held: Micros = 0
    """For attempts that have not ended, or of which nobody knows the price."""

    def add(self, other: "Spent") -> None:
        self.videos += other.videos
        self.spent += other.spent
        self.held += other.held


def spending(given: argparse.Namespace) -> int:
    """Show what each owner's videos have cost."""
    since = _read_day(given.since) if given.since else 0
    return asyncio.run(_show(given, since))


def _read_day(text: str) -> int:
    """Return the first moment of a day (UTC), in milliseconds."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInput(f"--since: {text!r} is no day, write it as 2026-03-31", "since") from error
    return round(day.timestamp() * 1000)


async def _show(given: argparse.Namespace, since: int) -> int:
    async with open_store(require_data(read_settings(given))) as store:
        owners = sum_up([each async for each in find_spent(store, since)])
    if given.json:
        say_json([_as_plain(each) for each in owners])
        return 0
    whole = Spent("all together")
    for each in owners:
        whole.add(each)
    say(*map(_format, [*owners, whole]))
    return 0


def sum_up(videos: Iterable[Spent]) -> list[Spent]:
    """Return one line for each owner, the dearest first."""
    owners = dict[str, Spent]()
    for video in videos:
        owners.setdefault(video.owner, Spent(video.owner)).add(video)
    return sorted(owners.values(), key=lambda each: (-each.spent, each.owner))


async def find_spent(store: Store, since: int) -> AsyncIterator[Spent]:
    """Yield what each video has cost that was asked for, or deleted, since this moment."""
    async for rows in _find_pages(store, MONEY, {}):
        asked = await store.get(REQUESTS, [row["_id"] for row in rows])
        young = [row for row in rows if _read_time(asked.get(row["_id"], {})) >= since]
        for spent in read_each(MONEY, young, _read_money)[0]:
            yield spent
    views, deleted = load("gateway").views, f"parts.{VideoDeleted.__name__}"
    async for rows in _find_pages(store, views, {deleted: Is("present")}):
        for stone in read_each(views, rows, _read_stone)[0]:
            if stone.at >= since:
                yield Spent(stone.owner, 1, stone.cost)


async def _find_pages(
    store: Store, collection: str, where: dict[str, Any]
) -> AsyncIterator[list[Doc]]:
    last = ""
    while True:
        which = {**where, "_id": Is(">", last)}
        rows = await store.find(collection, which, order=["_id"], limit=PAGE)
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        last = rows[-1]["_id"]


def _read_time(request: Doc) -> float:
    """Return when a video was asked for; where that can't be read, it counts on any day."""
    at = request.get("created_at")
    return at if isinstance(at, int) else inf


def _read_stone(row: Doc) -> VideoDeleted:
    [stone] = row["parts"][VideoDeleted.__name__].values()
    return VideoDeleted.model_validate(stone)


def _read_money(row: Doc) -> Spent:
    held = sum(row["holds"][name]["reserved"] for name in list_open_holds(row))
    return Spent(row["owner"], 1, sum_spent(row), held)


def _as_plain(each: Spent) -> dict[str, Any]:
    money = {"spent": say_dollars(each.spent), "held": say_dollars(each.held)}
    return {"owner": each.owner, "videos": each.videos, **money}


def _format(each: Spent) -> str:
    videos = f"{each.videos:,} video{'' if each.videos == 1 else 's'}"
    held = f"  and ${say_dollars(each.held)} held" if each.held else ""
    return f"{make_one_line(each.owner):<24}{videos:>16}  ${say_dollars(each.spent)}{held}"
