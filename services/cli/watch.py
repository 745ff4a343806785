"""`storywave watch`, and `--wait` of other commands: a video is followed to its end."""

import argparse
import asyncio
from contextlib import aclosing

from services.cli.bars import Shows, choose_screen
from services.cli.outcome import UNFINISHED, say, tell
from services.cli.where import ask, say_json
from shared.client import WAITS_FOR_YOU, Client, Message, Video
from shared.story.errors import BadInput

NEXT = {
    "awaiting_approval": "look at it, then `storywave approve {id}`",
    "budget_exceeded": "let it spend more with `storywave budget {id} DOLLARS`",
    "paused": "let it go on with `storywave resume {id}`",
}
"""A status in which nothing goes on by itself → what to do."""


def watch(given: argparse.Namespace) -> int:
    """Follow a video to its end; as JSON a line a message, and the video at last."""
    screen = Messages() if given.json else choose_screen()
    return ask(given, lambda client: follow(client, given, given.video, screen), works=True)


def waits(given: argparse.Namespace) -> bool:
    """Tell whether a command waits until its video has ended; not every one can."""
    known = vars(given)
    return bool(known.get("wait")) or known.get("timeout") is not None


async def settle(client: Client, given: argparse.Namespace, video: Video) -> int:
    """Show a video that was just asked for or steered; follow it, where that is wanted."""
    if waits(given):
        return await follow(client, given, video.id)
    if given.json:
        say_json(video)
    else:
        say(format_state(video))
    return 0


def format_state(video: Video) -> str:
    """Return a video in one line that begins with its id."""
    return f"{video.id}  {video.status}  {video.percent} %  revision {video.rev}"


async def follow(
    client: Client, given: argparse.Namespace, video_id: str, screen: Shows | None = None
) -> int:
    """Show how a video goes, and return the exit code that its end is worth."""
    if given.timeout is not None and given.timeout < 0:
        raise BadInput("--timeout: give 0 or more seconds", "timeout")
    try:
        async with asyncio.timeout(given.timeout):
            now = await _follow(client, video_id, screen or choose_screen())
    except TimeoutError:
        now = await client.show(video_id)
    if given.json:
        say_json(now, indent=None)
    else:
        _tell_end(now)
    return _judge(now)


async def _follow(client: Client, video_id: str, screen: Shows) -> Video:
    """Return the video once it has ended, or waits for whoever asks."""
    now = await client.show(video_id)
    if now.status in WAITS_FOR_YOU:
        return now
    async with aclosing(client.follow(video_id)) as messages:
        async for message in messages:
            now = await client.show(video_id)
            screen.show(message, now)
            if now.status in WAITS_FOR_YOU or message.is_last:
                return now
    return now


class Messages:
    """Messages as they came, in JSON: one a line."""

    def show(self, message: Message, now: Video) -> None:
        """Write the message."""
        say_json(message, indent=None)


def _judge(now: Video) -> int:
    if not now.has_ended:
        return UNFINISHED
    return 0 if now.status == "completed" else 1


def _tell_end(now: Video) -> None:
    """Say how it ended; the id alone goes to stdout, for a pipe."""
    say(now.id)
    if now.status == "completed":
        tell(f"the video is completed: `storywave download {now.id}`")
    elif now.has_ended:
        where = f" at {now.failed_at.phase}" if now.failed_at else ""
        tell(f"the video {now.status}{where}: {now.error or 'nothing was written'}")
    elif now.status in NEXT:
        tell(f"the video is {now.status}: {NEXT[now.status].format(id=now.id)}")
    else:
        tell(f"the video is {now.status} still ({now.percent} %): `storywave watch {now.id}`")
