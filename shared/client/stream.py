"""Follows a video: by its stream, on from where it broke off; where there is none, by asking."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx
from pydantic import ValidationError

from shared.client.errors import NotStorywave, Refused
from shared.client.models import Message, News, Video
from shared.client.wire import Wire

SILENCE = 45.0
"""Seconds: a stream says something every fifteen, if only that it is there."""
BREAKS = 3
"""So often in a row a stream may break off before anything was heard, until it is asked instead."""
ASKED = 15
"""So often it is asked, before a stream is tried again."""
FINAL_REFUSALS = frozenset({401, 403, 404, 410})


async def read_messages(lines: AsyncIterator[str]) -> AsyncIterator[Message]:
    """Yield the messages of a stream of server-sent events; comments and unknown ones are no news.

    It ends where the lines end: a message that is cut off is left out.
    """
    fields = dict[str, str]()
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            joined = f"{fields[name]}\n" if name == "data" and name in fields else ""
            fields[name] = joined + value.removeprefix(" ")
            continue
        if message := _build_message(fields):
            yield message
        fields = {}


def _build_message(fields: dict[str, str]) -> Message | None:
    if "data" not in fields or "event" not in fields:
        return None
    try:
        news = News.model_validate_json(fields["data"])
    except ValidationError:
        return None
    return Message(event=fields["event"], id=fields.get("id", ""), data=news)


@dataclass
class Follower:
    """Follows one video over one wire."""

    wire: Wire
    video_id: str
    show: Callable[[], Awaitable[Video]]
    pause: float = 2.0
    """Seconds between two tries, and between two questions."""
    place: str = ""
    """The `id` of the last message that was heard."""

    async def follow(self) -> AsyncIterator[Message]:
        """Yield what there is to tell until the video has ended, whatever breaks off meanwhile.

        NoServer is raised when nobody has answered for as long as the wire has patience.
        """
        while True:
            async for message in self._listen_again():
                yield message
                if message.is_last:
                    return
            async for message in self._ask_often():
                yield message
                if message.is_last:
                    return

    async def _listen_again(self) -> AsyncIterator[Message]:
        """Yield what streams tell, until too many in a row have told nothing."""
        breaks = 0
        while breaks < BREAKS:
            breaks += 1
            try:
                async for message in self._listen():
                    breaks = 0
                    yield message
            except httpx.TransportError as error:
                if not self.wire.has_answered:
                    raise self.wire.explain(error) from error
            except NotStorywave:  # something on the way lets no streams through
                return
            except Refused as error:
                if error.status in FINAL_REFUSALS:
                    raise
                return
            await asyncio.sleep(self.pause)

    async def _listen(self) -> AsyncIterator[Message]:
        headers = {"Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": self.place} if self.place else {}
        path = f"/v1/videos/{self.video_id}/events"
        async with self.wire.open(path, headers, SILENCE) as answer:
            async for message in read_messages(answer.aiter_lines()):
                self.place = message.id or self.place
                yield message

    async def _ask_often(self) -> AsyncIterator[Message]:
        """Yield a message each time that a question shows something new."""
        before = ""
        for _ in range(ASKED):
            now = await self.show()
            said = f"{now.status}, {now.percent} %"
            if said != before or now.has_ended:
                yield _report(now, said)
            before = said
            await asyncio.sleep(self.pause)


def _report(now: Video, said: str) -> Message:
    """Return the message that a video's status is worth."""
    news = News(
        video_id=now.id,
        rev=now.rev,
        stage=now.stage,
        percent=now.percent,
        message=now.error or said,
        time=now.updated_at,
        cost=now.cost,
    )
    return Message(event=now.status if now.has_ended else "progress", data=news)
