"""A client of the Storywave API: typed, asynchronous, and patient where that can do no harm."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack
from urllib.parse import quote, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from shared.client import files, stream
from shared.client.errors import NotStorywave
from shared.client.models import (
    WAITS_FOR_YOU,
    ApiKey,
    Message,
    Offer,
    Page,
    Receipt,
    Timeline,
    Upload,
    Video,
    VideoFields,
)
from shared.client.wire import PATIENCE, SECONDS, Tell, Wire, tell_nobody

T = TypeVar("T")

PARTS: Mapping[str, str] = {
    "media": "media",
    "poster": "poster",
    "srt": "captions.srt",
    "vtt": "captions.vtt",
    "contact": "contact.png",
}
"""A file of a finished video → its path."""


class Client:
    """Asks one server, as the owner whose key it has.

    Every write carries an Idempotency-Key. Requests are sent again, for `patience` seconds at most,
    when the server asks for it (429, 503) or goes away in the middle. Use it as a context:

        async with Client("http://127.0.0.1:8000") as client:
            made = await client.submit(prompt="A lighthouse keeper who paints the sea")
            await client.wait(made.id)
            await client.download(made.id, Path("film.mp4"))
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        patience: float = PATIENCE,
        look_seconds: float = 2.0,
        tell: Tell = tell_nobody,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        http = httpx.AsyncClient(
            base_url=url,
            timeout=SECONDS,
            transport=transport,
            # a proxy would look for this machine's own addresses elsewhere
            trust_env=not _is_here(url),
        )
        self.wire = Wire(http, key, patience, tell)
        self._readers = stream.Readers()
        self.look_seconds = look_seconds
        """Seconds before a stream is opened again, or a video is looked at where there is none."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all that is followed, and all connections."""
        await self._readers.close()
        await self.wire.http.aclose()

    # ── making ──────────────────────────────────────────────────────────────────────────────────

    async def submit(self, *, idempotency_key: str = "", **asked: Unpack[VideoFields]) -> Video:
        """Ask for a video, and return it as it is then: accepted, and durable.

        The same key and the same wishes are the same video, however often they are sent.
        """
        answer = await self.wire.ask("POST", "/v1/videos", json=asked, key=idempotency_key)
        return self._read(Video, answer)

    async def estimate(self, **asked: Unpack[VideoFields]) -> Offer:
        """Return what a video would cost at most; nothing is made."""
        return self._read(Offer, await self.wire.ask("POST", "/v1/estimates", json=asked))

    async def upload(self, path: Path, type_: str = "application/octet-stream") -> Upload:
        """Give the server a file, bit by bit, and return what requests name it by."""
        answer = await self.wire.ask(
            "POST",
            "/v1/uploads",
            content=lambda: _read_file(path),
            headers={"Content-Type": type_},
        )
        return self._read(Upload, answer)

    async def give_image(self, data: bytes, type_: str = "image/png") -> Upload:
        """Give the server a picture of a product, and return what requests name it by."""
        answer = await self.wire.ask(
            "POST", "/v1/images", content=lambda: _give(data), headers={"Content-Type": type_}
        )
        return self._read(Upload, answer)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    async def show(self, video_id: str) -> Video:
        """Return a video as it is now."""
        return self._read(Video, await self.wire.ask("GET", _path(video_id)))

    async def list_page(
        self, cursor: str | None = None, limit: int = 20, status: Sequence[str] = ()
    ) -> Page:
        """Return a page of videos, newest first; `status`: only those in one of these."""
        query: dict[str, str | int | Sequence[str]] = {"limit": limit, "status": status}
        query |= {"cursor": cursor} if cursor else {}
        return self._read(Page, await self.wire.ask("GET", "/v1/videos", query=query))

    async def list_videos(
        self, page: int = 100, status: Sequence[str] = ()
    ) -> AsyncIterator[Video]:
        """Yield all videos, newest first; `page`: so many are asked for at a time."""
        cursor = None
        while True:
            found = await self.list_page(cursor, page, status)
            for video in found.videos:
                yield video
            cursor = found.next
            if cursor is None:
                return

    async def read_receipt(self, video_id: str) -> Receipt:
        """Return what a video has cost, row by row."""
        return self._read(Receipt, await self.wire.ask("GET", _path(video_id, "receipt")))

    async def read_timeline(self, video_id: str, rev: int | None = None) -> Timeline:
        """Return who ran when for a revision; for the latest, where none is named."""
        query: dict[str, str | int] = {} if rev is None else {"rev": rev}
        answer = await self.wire.ask("GET", _path(video_id, "timeline"), query=query)
        return self._read(Timeline, answer)

    def follow(self, video_id: str) -> stream.Reader:
        """Yield what there is to tell of a video, until it has ended; leave it when you like.

        A stream that breaks off goes on where it was; where no stream can be had, it asks.
        """
        return self._readers.open(self._follow(video_id))

    async def _follow(self, video_id: str) -> AsyncGenerator[Message, None]:
        await self._readers.close_left()
        follower = stream.Follower(
            self.wire, quote(video_id, ""), lambda: self.show(video_id), self.look_seconds
        )
        async with aclosing(follower.follow()) as messages:
            async for message in messages:
                yield message

    async def wait(self, video_id: str, *, for_you: bool = True) -> Video:
        """Return the video once it has ended, or nothing goes on by itself any more: it waits for
        an approval, for money, or is paused. `for_you=False` waits for its end alone.
        """
        async with aclosing(self.follow(video_id)) as messages:
            async for _ in messages:
                now = await self.show(video_id)
                if now.has_ended or (for_you and now.status in WAITS_FOR_YOU):
                    return now
        return await self.show(video_id)

    # ── steering ────────────────────────────────────────────────────────────────────────────────

    async def steer(self, video_id: str, action: str, body: Any = None) -> Video:
        """Ask for one thing of a video by the name of its route, as `pause`, and return it."""
        return self._read(Video, await self.wire.ask("POST", _path(video_id, action), json=body))

    async def pause(self, video_id: str) -> Video:
        """Let a video rest."""
        return await self.steer(video_id, "pause")

    async def resume(self, video_id: str) -> Video:
        """Let a paused video go on."""
        return await self.steer(video_id, "resume")

    async def cancel(self, video_id: str) -> Video:
        """Cancel a video; what is finished is kept."""
        return await self.steer(video_id, "cancel")

    async def retry(self, video_id: str) -> Video:
        """Make again what failed or was cancelled, and nothing else."""
        return await self.steer(video_id, "retry")

    async def change_budget(self, video_id: str, dollars: str) -> Video:
        """Let a video spend so much in all."""
        answer = await self.wire.ask("PATCH", _path(video_id), json={"budget": dollars})
        return self._read(Video, answer)

    async def change_beat(
        self, video_id: str, beat: int, change: str, body: Any = None, *, dry_run: bool = False
    ) -> Mapping[str, Any]:
        """Ask for a change of a beat (edit, regenerate, skip, choose), and return the answer.

        `dry_run`: the answer says what would be made again, and its price; nothing is changed.
        """
        method, path = ("PATCH", "") if change == "edit" else ("POST", f"/{change}")
        query: dict[str, str | int] = {"dry_run": "true"} if dry_run else {}
        where = f"{_path(video_id, 'beats')}/{beat}{path}"
        answer = await self.wire.ask(method, where, json=body, query=query)
        return self._read(dict[str, Any], answer)

    async def list_takes(self, video_id: str, beat: int) -> Mapping[str, Any]:
        """Return every image, clip and voice that was made for a beat."""
        answer = await self.wire.ask("GET", f"{_path(video_id, 'beats')}/{beat}/takes")
        return self._read(dict[str, Any], answer)

    async def delete(self, video_id: str) -> bool:
        """Delete a video with everything it owns; return whether it is gone already."""
        return (await self.wire.ask("DELETE", _path(video_id))).status_code == 204

    # ── files ───────────────────────────────────────────────────────────────────────────────────

    async def download(self, video_id: str, target: Path, part: str = "media") -> Path:
        """Write a file of a video, and return where it is: the film, poster, srt, vtt, contact."""
        return await files.download(self.wire, _path(video_id, PARTS[part]), target)

    # ── keys ────────────────────────────────────────────────────────────────────────────────────

    async def make_key(self, owner: str, role: str, **more: Any) -> ApiKey:
        """Make an API key; this answer alone has its token."""
        body = {"owner": owner, "role": role, **more}
        return self._read(ApiKey, await self.wire.ask("POST", "/v1/keys", json=body))

    async def list_keys(self) -> list[ApiKey]:
        """Return all API keys, without their tokens."""
        return self._read(list[ApiKey], await self.wire.ask("GET", "/v1/keys"))

    async def rotate_key(self, key_id: str, grace_hours: float = 0.0) -> ApiKey:
        """Give a key another token; the one before is good for so long."""
        path, body = f"/v1/keys/{quote(key_id, '')}/rotate", {"grace_hours": grace_hours}
        return self._read(ApiKey, await self.wire.ask("POST", path, json=body))

    async def revoke_key(self, key_id: str) -> ApiKey:
        """Let nobody in by a key any more."""
        return self._read(ApiKey, await self.wire.ask("DELETE", f"/v1/keys/{quote(key_id, '')}"))

    def _read(self, type_: type[T], answer: httpx.Response) -> T:
        """Return an answer as what it should be; NotStorywave where it is something else."""
        try:
            return TypeAdapter(type_).validate_json(answer.content)
        except ValidationError as error:
            raise NotStorywave(
                f"what answers at {self.wire.http.base_url} is no Storywave: check the address"
            ) from error


def _path(video_id: str, *parts: str) -> str:
    return "/".join(["/v1/videos", quote(video_id, ""), *parts])


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


async def _give(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _read_file(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:  # short reads of a local file
        while part := file.read(1 << 18):
            yield part
