"""`storywave status`, `replay` and `verify`: they show things, and repair one that is stuck."""

import argparse
import asyncio

from services import NAMES, load
from services.cli.environment import log_to_file, read_settings
from services.cli.make import stop_on_signals
from services.cli.outcome import say
from services.cli.screen import Screen, format_progress
from services.gateway.errors.problems import NoSuchVideo
from services.gateway.parts import build_gateway
from services.gateway.read.status import VideoStatus
from services.gateway.read.videos import Videos
from shared.jobs.relay import replay as replay_facts
from shared.runtime.compose import open_app, open_store
from shared.runtime.known import Reader
from shared.runtime.settings import Settings
from shared.story.errors import BadInput
from shared.story.kinds import KINDS
from shared.story.texts import escape_controls, make_one_line


def status(given: argparse.Namespace) -> int:
    """Show the latest videos of a data folder, or all about one; or what is stuck."""
    chosen = require_data(read_settings(given))
    if given.stuck:
        return asyncio.run(_show_stuck(chosen))
    return asyncio.run(_show_videos(chosen, given.video, given.owner))


def require_data(chosen: Settings) -> Settings:
    """Return the settings if their data folder exists; refuse another, and do not make it."""
    if chosen.mode == "embedded" and not chosen.data.exists():
        raise BadInput(
            f"there is no data folder {chosen.data}: make a video first, or name another "
            "with --data",
            "data",
        )
    return chosen


async def _show_videos(chosen: Settings, video: str | None, owner: str) -> int:
    """Show videos from the store alone: no service runs, so nothing is worked on or published."""
    async with open_store(chosen) as store:
        # whoever only looks reports nothing that can't be read: the gateway does that
        reader = Reader(KINDS, lambda video, at, error: None)
        videos = Videos(store, load("gateway").views, lambda doc: reader.read(doc).view)
        if video:
            status = await videos.read_status(video, await videos.find_owner(video))
            shown = status.model_dump_json(indent=2, by_alias=True)
            say(*map(escape_controls, shown.split("\n")))  # still JSON, and it means the same
            return 0
        say(*map(_format_row, (await videos.list_page(owner, None, 20)).videos))
    return 0


async def _show_stuck(chosen: Settings) -> int:
    from services.cli.stuck import list_stuck  # loads all services, which no other needs

    async with open_store(chosen) as store:
        say(*(await list_stuck(store) or ["nothing is stuck"]))
    return 0


def _format_row(video: VideoStatus) -> str:
    when = video.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    prompt = make_one_line(video.request.prompt)[:40]
    return f"{video.id}  {when}  {video.status:<10} {format_progress(video)}  {prompt}"


def replay(given: argparse.Namespace) -> int:
    """Tell all services every fact of a video again."""
    chosen = require_data(read_settings(given))
    if chosen.mode == "cluster":
        return asyncio.run(_ask_for_replay(chosen, given.video))
    log_to_file(chosen)
    return asyncio.run(_replay(chosen, given.video))


async def _ask_for_replay(chosen: Settings, video: str) -> int:
    """Mark all facts of a video as untold: the services that run tell them."""
    async with open_store(chosen) as store:
        facts = await replay_facts(store, video)
    if not facts:
        raise NoSuchVideo(video)
    say(f"{facts} facts are told again, by the services that run")
    return 0


async def _replay(chosen: Settings, video: str) -> int:
    async with stop_on_signals(), open_app(chosen, [load(name) for name in NAMES]) as app:
        gateway = build_gateway(app)
        owner = await gateway.videos.find_owner(video)
        await gateway.videos.read_status(video, owner)  # raises where there is no such video
        facts = await replay_facts(app.ports.store, video)
        screen = Screen()
        screen.say(f"{facts} facts are told again")
        async for said in gateway.watch.follow(video, owner):
            screen.show(await gateway.videos.read_status(video, owner), said.live)
        now = await gateway.videos.read_status(video, owner)
        screen.say(f"the video is {now.status}")
        return 0 if now.status == "completed" else 1


def verify(given: argparse.Namespace) -> int:
    """Show what is in a video file, and whether it is as a finished video should be."""
    from shared.media.verify import report

    if not given.file.is_file():
        raise BadInput(f"there is no file {given.file}", "file")
    found = report(given.file)
    say(*found.lines())
    return 0 if found.ok else 1
