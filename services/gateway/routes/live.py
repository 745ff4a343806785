"""Following videos: over server-sent events, or over a WebSocket with the same messages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response, WebSocket, WebSocketDisconnect
from fastapi.sse import KEEPALIVE_COMMENT
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.gateway.description import Answers, refusals
from services.gateway.errors.handlers import answer
from services.gateway.errors.problems import StreamOver, explain_error
from services.gateway.keys.streams import Streams
from services.gateway.read.live import Live
from services.gateway.read.places import Place, read_place
from services.gateway.read.watch import Groups, has_heard_all
from services.gateway.read.watcher import RETRY_MS, Said
from services.gateway.routes.inputs import At, Known, Owner

router = APIRouter()

SILENT_SECONDS = 15.0
"""After such a silence a stream says that it is still there: proxies end those that are silent."""

FIRST_OF_ALL = f": all videos\nretry: {RETRY_MS}\n\n".encode()

STREAM: Answers = {
    200: {
        "model": Live,
        "description": "The stream. Each message has an `id`; who comes again with the last one "
        "as `Last-Event-ID` is told what it has missed.",
    },
}
OVER: Answers = {204: {"description": "You have been told the end already: do not come again."}}

LastId = Annotated[
    str,
    Header(alias="Last-Event-ID", description="The `id` of the last message that was read."),
]


async def find_place(known: Known, last_event_id: LastId = "") -> Place | None:
    """Return how far a watcher had been told; refuse one that had been told the end."""
    place = read_place(last_event_id)
    if has_heard_all(known, place):
        raise StreamOver
    return place


class EventStream(StreamingResponse):
    """Sends events as they are written already: the framework would write each for each reader."""

    media_type = "text/event-stream"

    def __init__(
        self, groups: Groups, streams: Streams, first: bytes = b"", status_code: int = 200
    ) -> None:
        self._groups, self._first, self._streams = groups, first, streams
        # no proxy may keep back what is meant to be seen at once
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(self._write_frames(), status_code, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends, or its reader has gone; then it is watched no more."""
        async with aclosing(self._groups):
            # refused here and not before: whatever breaks off, no place stays taken
            with self._streams.take_place():
                await super().__call__(scope, receive, send)

    async def _write_frames(self) -> AsyncIterator[bytes]:
        """Yield the frames of all that is told; after a silence, a comment: we are still here."""
        if self._first:
            yield self._first
        async for group in self._groups:
            yield b"".join(said.frame for said in group) or KEEPALIVE_COMMENT


@router.get(
    "/v1/videos/{video_id}/events",
    response_class=EventStream,
    responses=STREAM | OVER | refusals(404),
)
async def follow_video(
    known: Known, owner: Owner, at: At, place: Annotated[Place | None, Depends(find_place)]
) -> Response:
    """Follow a video: a `snapshot`, then `progress`, and how it ended: `completed`, `failed` or
    `cancelled`.
    """
    # The video is looked up before the stream begins: once it has, no error could be answered.
    return EventStream(at.watch.read(known.video_id, owner, place, SILENT_SECONDS), at.streams)


@router.get("/v1/events", response_class=EventStream, responses=STREAM)
async def follow_all_videos(owner: Owner, at: At, last_event_id: LastId = "") -> Response:
    """Follow all your videos: a `snapshot` of each that has not ended, and of each new one, then
    what a video's own stream tells. It has no end.
    """
    groups = at.watch.read_all(owner, read_place(last_event_id), SILENT_SECONDS)
    return EventStream(groups, at.streams, FIRST_OF_ALL)  # also where there is no video yet


@router.websocket("/ws/videos/{video_id}")
async def follow_video_by_socket(
    socket: WebSocket,
    video_id: str,
    owner: Owner,
    at: At,
    last_event_id: Annotated[str, Query(max_length=100)] = "",
) -> None:
    """Follow a video as its server-sent events do, each message as `{event, id, data}`."""
    place = read_place(last_event_id)
    with ExitStack() as taken:
        try:
            known = await at.videos.find(video_id, owner)
            taken.enter_context(at.streams.take_place())
        except Exception as error:
            problem = explain_error(error, socket.scope["path"])
            await socket.send_denial_response(answer(socket.scope, problem))
            return
        await socket.accept()
        if not has_heard_all(known, place):
            await _send_all(socket, at.watch.follow(video_id, owner, place))
        await socket.close()


async def _send_all(socket: WebSocket, stream: AsyncIterator[Said]) -> None:
    """Send messages until the stream ends, or the client has gone."""
    gone = asyncio.create_task(_wait_until_gone(socket))
    sending = asyncio.create_task(_send_each(socket, stream))
    try:
        await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (gone, sending):
            task.cancel()
        await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_each(socket: WebSocket, stream: AsyncIterator[Said]) -> None:
    async for said in stream:
        data = said.live.model_dump(mode="json")
        await socket.send_json({"event": said.sort, "id": said.place, "data": data})


async def _wait_until_gone(socket: WebSocket) -> None:
    """Wait for the client to close; what it says is not heard."""
    try:
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, KeyError):
        return
