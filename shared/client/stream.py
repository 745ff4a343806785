"""Follows a video: by its stream, on from where it broke off; where there is none, by asking."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from weakref import ref

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


class Reader(AsyncIterator[Message]):
    """Reads messages as they come. Whoever leaves early closes it, or leaves that to the client."""

    def __init__(self, told: AsyncGenerator[Message, None]) -> None:
        self._told = told

    async def __anext__(self) -> Message:
        return await anext(self._told)

    async def aclose(self) -> None:
        """Read no more."""
        await self._told.aclose()


class Readers:
    """All readers of one client.

    What a reader leaves is kept here until it is closed. Python would close it too, but from a task
    of its own: where the loop ends meanwhile, it says on stderr that this has failed.
    """

    def __init__(self) -> None:
        self._all = list[tuple[ref[Reader], AsyncGenerator[Message, None]]]()

    def open(self, told: AsyncGenerator[Message, None]) -> Reader:
        """Return a new reader."""
        reader = Reader(told)
        self._all.append((ref(reader), told))
        return reader

    async def close_left(self) -> None:
        """Close what nobody reads any more."""
        left = [each for each in self._all if each[0]() is None]
        self._all = [each for each in self._all if each not in left]
        await _close(told for _, told in left)

    async def close(self) -> None:
        """Close everything."""
        left, self._all = self._all, []
        await _close(told for _, told in left)


async def _close(several: Iterable[AsyncGenerator[Message, None]]) -> None:
    for told in several:
        with suppress(RuntimeError):  # a task waits in it, and hears of it by the connection's end
            await told.aclose()


async def read_messages(lines: AsyncIterator[str]) -> AsyncGenerator[Message, None]:
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

    async def follow(self) -> AsyncGenerator[Message, None]:
        """Yield what there is to tell until the video has ended, whatever breaks off meanwhile.

        NoServer is raised when nobody has answered for as long as the wire has patience.
        """
        while True:
            for way in (self._listen_again, self._ask_often):
                async with aclosing(way()) as messages:
                    async for message in messages:
                        yield message
                        if message.is_last:
                            return

    async def _listen_again(self) -> AsyncGenerator[Message, None]:
        """Yield what streams tell, until too many in a row have told nothing."""
        breaks = 0
        while breaks < BREAKS:
            breaks += 1
            try:
                async with aclosing(self._listen()) as messages:
                    async for message in messages:
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

    async def _listen(self) -> AsyncGenerator[Message, None]:
        headers = {"Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": self.place} if self.place else {}
        path = f"/v1/videos/{self.video_id}/events"
        async with (
            self.wire.open(path, headers, SILENCE) as answer,
            aclosing(read_messages(answer.aiter_lines())) as messages,
        ):
            async for message in messages:
                self.place = message.id or self.place
                yield message

    async def _ask_often(self) -> AsyncGenerator[Message, None]:
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
