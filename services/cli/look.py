"""`storywave list`, `show`, `receipt` and `timeline`: what there is, and how it was made."""

import argparse
from collections.abc import Iterator
from datetime import datetime

from services.cli.bars import draw_bar
from services.cli.outcome import say
from services.cli.watch import NEXT
from services.cli.where import ask, say_json
from shared.client import Client, Receipt, Timeline, Video
from shared.client.models import Bar, Row
from shared.jobs.receipt import Receipt as Stored
from shared.story.errors import BadInput
from shared.story.texts import make_one_line

PAGE = 100
COLUMNS = 48
"""Of the picture of a timeline."""
ERROR = 120
"""Letters of why a job has failed, or is tried again."""


def list_videos(given: argparse.Namespace) -> int:
    """List videos, newest first."""
    if given.limit < 1:
        raise BadInput("--limit: give 1 or more", "limit")

    async def show_all(client: Client) -> int:
        videos = list[Video]()
        async for video in client.list_videos(min(given.limit, PAGE), given.status):
            videos.append(video)
            if len(videos) == given.limit:
                break
        if given.json:
            say_json(videos)
        else:
            say(*map(_format_row, videos))
        return 0

    return ask(given, show_all)


def _format_row(video: Video) -> str:
    prompt = make_one_line(video.title or video.request.prompt)[:50]
    when = _format_time(video.created_at)
    return f"{video.id}  {when}  {video.status:<17} {video.percent:3d} %  {prompt}"


def show(given: argparse.Namespace) -> int:
    """Show a video."""

    async def show_one(client: Client) -> int:
        video = await client.show(given.video)
        if given.json:
            say_json(video)
        else:
            say(*format_video(video))
        return 0

    return ask(given, show_one)


def format_video(video: Video) -> Iterator[str]:
    """Yield the lines that say how a video is, and what can be done."""
    yield make_one_line(video.title or video.request.prompt)
    yield f"{video.status}, {video.percent} %, revision {video.rev}, {video.aspect}"
    yield from map(draw_bar, video.stages)
    within = "" if video.budget is None else f", budget ${video.budget}"
    yield f"cost      ${video.cost}{within}"
    yield f"asked     {_format_time(video.created_at)}"
    if video.seconds:
        yield f"film      {video.seconds:g} s: `storywave download {video.id}`"
    if video.error:
        where = f"at {video.failed_at.phase}: " if video.failed_at else ""
        yield f"error     {where}{make_one_line(video.error)}"
    for warning in video.warnings:
        yield f"warning   {make_one_line(warning.message)}"
    if video.status in NEXT:
        yield f"next      {NEXT[video.status].format(id=video.id)}"
    yield f"possible  {', '.join(video.actions)}"


def receipt(given: argparse.Namespace) -> int:
    """Show what a video has cost, row by row."""

    async def show_rows(client: Client) -> int:
        found = await client.read_receipt(given.video)
        if given.json:
            say_json(found)
        else:
            say(*format_receipt(found))
        return 0

    return ask(given, show_rows)


def format_receipt(receipt: Receipt) -> Iterator[str]:
    """Yield the lines of a receipt: the rows, then their sum."""
    for row in receipt.rows:
        yield _format_attempt(row)
    if not receipt.rows:
        yield "nothing was paid for"
    open_ = "" if float(receipt.held) == 0 else f", held ${receipt.held}"
    cap = "" if receipt.cap is None else f", budget ${receipt.cap}"
    yield f"paid ${receipt.paid}{open_}{cap}"
    if receipt.recorded != receipt.paid:  # something is being settled, or was lost
        yield f"by the jobs' own rows: ${receipt.recorded}"


def format_stored(stored: Stored) -> Iterator[str]:
    """Yield the same lines for a receipt that was read from a store."""
    return format_receipt(Receipt.model_validate_json(stored.model_dump_json()))


def _format_attempt(row: Row) -> str:
    paid = row.state if row.paid is None else f"${row.paid}"
    tried = f"take {row.take}, attempt {row.attempt}"
    cells = (row.kind, row.item, tried, row.model, row.run, f"of ${row.reserved}")
    return "  ".join(cell for cell in (f"{paid:>10}", *cells, row.why) if cell)


def timeline(given: argparse.Namespace) -> int:
    """Show who ran when."""

    async def show_bars(client: Client) -> int:
        found = await client.read_timeline(given.video, given.rev)
        if given.json:
            say_json(found)
        else:
            say(*format_timeline(found))
        return 0

    return ask(given, show_bars)


def format_timeline(found: Timeline) -> Iterator[str]:
    """Yield a line a job: when it waited (·), ran (█) and was stored (▒), on one scale."""
    whole = _measure(found.began_at, found.ended_at or found.now) or 1.0
    for bar in found.bars:
        mark = "*" if bar.is_critical else " "
        took = f"{(bar.waiting_ms + bar.running_ms + bar.storing_ms) / 1000:6.1f} s"
        picture = _draw(bar, found.began_at, whole)
        what = f"{bar.kind:<9} {make_one_line(bar.item)[:14]:<14}"  # one beat has several jobs
        why = f": {make_one_line(bar.error)[:ERROR]}" if bar.error and bar.state != "done" else ""
        yield f"{mark} {what} {picture} {took}  {bar.state}{why}"
    yield f"revision {found.rev}: {whole:.1f} s, {found.waves} waves; * is what the film waited for"


def _draw(bar: Bar, began: datetime, whole: float) -> str:
    scale = COLUMNS / whole
    start = round(_measure(began, bar.queued_at) * scale)
    parts = zip((bar.waiting_ms, bar.running_ms, bar.storing_ms), "·█▒", strict=True)
    drawn, at = " " * start, float(start)
    for ms, sign in parts:
        at += ms / 1000 * scale
        drawn += sign * (round(at) - len(drawn))
    if bar.running_ms and "█" not in drawn:  # it is there, however short it was
        drawn = f"{drawn[: COLUMNS - 1]}█"
    return drawn[:COLUMNS].ljust(COLUMNS)


def _measure(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


def _format_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
