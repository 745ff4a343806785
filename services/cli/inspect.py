"""`storywave status`, `replay` and `verify`: looking, and the one repair."""

import argparse
import asyncio

from services import NAMES, load
from services.cli.environment import log_to_file, settings
from services.cli.make import OWNER, stoppable
from services.cli.outcome import say
from services.cli.screen import Screen, format_progress
from services.gateway.parts import Gateway, build_gateway
from services.gateway.read.status import VideoStatus
from services.gateway.read.videos import Videos
from shared.jobs.relay import replay as sent_again
from shared.runtime.compose import open_app, open_store
from shared.runtime.known import Reader
from shared.runtime.settings import Settings
from shared.story.errors import BadInput
from shared.story.kinds import KINDS
from shared.story.texts import escape_controls, make_one_line


def status(given: argparse.Namespace) -> int:
    """The latest videos of a data folder, or all about one; or what is stuck."""
    chosen = _existing(settings(given))
    return asyncio.run(_stuck(chosen) if given.stuck else _status(chosen, given.video))


def _existing(chosen: Settings) -> Settings:
    """Whoever only looks should not leave an empty folder behind where a name was mistyped."""
    if chosen.mode == "embedded" and not chosen.data.exists():
        raise BadInput(
            f"there is no data folder {chosen.data}: make a video first, or name another "
            "with --data",
            "data",
        )
    return chosen


async def _status(chosen: Settings, video: str | None) -> int:
    """Looking only: nothing is taken up, told again or published."""
    async with open_store(chosen) as store:
        reader = Reader(KINDS, lambda video, at, error: None)
        videos = Videos(store, load("gateway").views, lambda doc: reader.read(doc).view)
        if video:
            shown = (await videos.read_status(video, OWNER)).model_dump_json(indent=2)
            say(*map(escape_controls, shown.split("\n")))  # still JSON, and it means the same
            return 0
        say(*map(_row, (await videos.list_page(OWNER, None, 20)).videos))
    return 0


async def _stuck(chosen: Settings) -> int:
    from services.cli.stuck import list_stuck  # it loads all services, which the rest needs not

    async with open_store(chosen) as store:
        say(*(await list_stuck(store) or ["nothing is stuck"]))
    return 0


def _row(video: VideoStatus) -> str:
    when = video.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    prompt = make_one_line(video.request.prompt)[:40]
    return f"{video.id}  {when}  {video.status:<10} {format_progress(video)}  {prompt}"


def replay(given: argparse.Namespace) -> int:
    """Every fact of a video again, to all services."""
    chosen = _existing(settings(given))
    log_to_file(chosen)
    return asyncio.run(_replay(chosen, given.video))


async def _replay(chosen: Settings, video: str) -> int:
    async with stoppable(), open_app(chosen, [load(name) for name in NAMES]) as app:
        api = build_gateway(app)
        known = await api.videos.read_status(video, OWNER)
        facts = await sent_again(app.ports.store, video)
        screen = Screen()
        screen.say(f"{facts} facts are told again")
        return await _follow(api, known, screen)


async def _follow(api: Gateway, known: VideoStatus, screen: Screen) -> int:
    async for _, message in api.watch.follow(known.id, OWNER):
        screen.show(await api.videos.read_status(known.id, OWNER), message)
    now = await api.videos.read_status(known.id, OWNER)
    screen.say(f"the video is {now.status}")
    return 0 if now.status == "completed" else 1


def verify(given: argparse.Namespace) -> int:
    """A file against what a finished video should be."""
    from shared.media.verify import report

    if not given.file.is_file():
        raise BadInput(f"there is no file {given.file}", "file")
    found = report(given.file)
    say(*found.lines())
    return 0 if found.ok else 1
