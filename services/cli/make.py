"""`storywave make`, `reframe` and `resume`: all in one process, until the files are written."""

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from services import NAMES, load
from services.cli.environment import (
    agreed,
    log_to_file,
    named_after,
    product,
    settings,
    writable,
)
from services.cli.outcome import Stopped
from services.cli.receipt import receipt
from services.cli.screen import Screen
from services.gateway.errors.problems import NoSuchVideo, Refusal, explain_input
from services.gateway.intake import OUTPUTS, make_video_id
from services.gateway.parts import Gateway, build_gateway
from services.gateway.read.status import FINAL, Status, VideoStatus, find_file
from services.gateway.requests import EndCardRequest, ReframeRequest, VideoRequest
from shared.blobs.files import sweep
from shared.ports import Doc, Store
from shared.runtime.compose import open_app
from shared.runtime.settings import Settings
from shared.story.errors import StorywaveError
from shared.story.formats import Aspect
from shared.story.images import Picture

OWNER = "local"
DRAIN_SECONDS = 2.0
"""A stopped command should stop: what is in hand is made again by the next run."""


def make(given: argparse.Namespace) -> int:
    """One video from a prompt to a file."""
    asked, picture, _ = agreed(
        lambda: request(given), lambda: product(given.product), lambda: settings(given)
    )
    path = writable(given.output or named_after(asked.prompt))
    return _run(given, lambda kitchen: kitchen.make(asked, path, picture))


def reframe(given: argparse.Namespace) -> int:
    """A finished video in another shape, to a file of its own."""
    try:
        asked = ReframeRequest.model_validate({"aspect": given.aspect})
    except ValidationError as error:
        raise explain_input(error, ReframeRequest.model_fields, option) from error
    shape = asked.aspect.replace(":", "x")
    path = writable(given.output or Path(f"{given.video[:8]}-{shape}.mp4"))
    return _run(given, lambda kitchen: kitchen.reframe(given.video, asked.aspect, path))


def resume(given: argparse.Namespace) -> int:
    """All that earlier runs left unfinished."""
    return _run(given, lambda kitchen: kitchen.resume())


def request(given: argparse.Namespace) -> VideoRequest:
    """The request that the options ask for; what they do not name keeps its default."""
    names = VideoRequest.model_fields
    said = {name: value for name in names if (value := getattr(given, name, None)) is not None}
    card = {
        "headline": given.headline,
        "call_to_action": given.call_to_action,
        "style": given.card_style,
        "colour": given.card_colour,
    }
    worn = {name: value for name, value in card.items() if value is not None}
    try:
        return VideoRequest.model_validate({**said, **({"end_card": worn} if worn else {})})
    except ValidationError as error:
        raise explain_input(error, VideoRequest.model_fields, option) from error


def option(field: str) -> str:
    """What a field of a request is called on the command line."""
    return _OPTIONS.get(field) or f"--{field.replace('_', '-')}"


_OPTIONS = {
    "prompt": "PROMPT",
    "end_card.headline": "--headline",
    "end_card.call_to_action": "--call-to-action",
    "end_card.style": "--card-style",
    "end_card.colour": "--card-colour",
}
"""Field → how it is given, where that is not an option of its own name."""


@dataclass(frozen=True)
class Kitchen:
    """Makes videos with the services of this process."""

    gateway: Gateway
    store: Store
    settings: Settings

    async def make(self, asked: VideoRequest, path: Path, product: Picture | None) -> int:
        """The promise first: whatever dies from here on, `resume` knows what was wanted."""
        if product is not None:
            asked = await self._with(product, asked)
        key = uuid4().hex
        promise = {"key": key, "path": str(path), "asked": asked.model_dump(mode="json")}
        await self.store.insert(OUTPUTS, [{"_id": make_video_id(OWNER, key), **promise}])
        await self.gateway.intake.accept(asked, OWNER, key)
        return await self.finish(make_video_id(OWNER, key), Screen())

    async def _with(self, product: Picture, asked: VideoRequest) -> VideoRequest:
        """The same request with a picture on its end card; kept first, as a request names it."""
        image = await self.gateway.images.keep(product, OWNER)
        card = asked.end_card or EndCardRequest()
        card = card.model_copy(update={"product_image": image.id})
        return asked.model_copy(update={"end_card": card})

    async def reframe(self, video: str, aspect: Aspect, path: Path) -> int:
        """The promise first here too; what was promised of this video before comes before it."""
        await self.gateway.videos.read_status(
            video, OWNER
        )  # nothing is promised of one that is none
        for row in (await self.store.get(OUTPUTS, [video])).values():
            await self._again(row)
            await self.finish(video, Screen())
        await self.store.insert(OUTPUTS, [{"_id": video, "path": str(path), "aspect": aspect}])
        try:
            await self.gateway.revisions.reframe(video, OWNER, aspect)
        except Refusal:
            await self.store.delete(OUTPUTS, [video])
            raise
        return await self.finish(video, Screen())

    async def resume(self) -> int:
        """Every promised file, and every video that someone asked for over the API."""
        promises = {row["_id"]: row for row in await self.store.find(OUTPUTS, {})}
        left = sorted(promises.keys() | await self._unfinished())
        if not left:
            Screen().say("nothing was left unfinished")
        alone = len(left) == 1
        ends = await asyncio.gather(
            *(
                self._finish_alone(id_, promises.get(id_), Screen(name="" if alone else id_[:8]))
                for id_ in left
            )
        )
        return max(ends, default=0)

    async def _again(self, row: Doc) -> None:
        """Ask once more for what a file was promised of: the same request is the same work."""
        if "asked" in row:
            asked = VideoRequest.model_validate(row["asked"])
            await self.gateway.intake.accept(asked, OWNER, row["key"])
        elif (await self.gateway.videos.read_status(row["_id"], OWNER)).status is Status.COMPLETED:
            await self.gateway.revisions.reframe(row["_id"], OWNER, row["aspect"])

    async def _unfinished(self) -> set[str]:
        videos, cursor = set[str](), None
        while True:
            page = await self.gateway.videos.list_page(OWNER, cursor, 100)
            videos |= {v.id for v in page.videos if v.status in {Status.QUEUED, Status.RUNNING}}
            cursor = page.next
            if cursor is None:
                return videos

    async def _finish_alone(self, video: str, promise: Doc | None, screen: Screen) -> int:
        """One file that can't be written, or is gone, must not take the others with it."""
        try:
            if promise is not None:
                await self._again(promise)
            return await self.finish(video, screen)
        except NoSuchVideo:
            return await self._drop(video, screen)
        except (StorywaveError, OSError) as error:
            screen.say(f"no file: {error}")
            return 3

    async def _drop(self, video: str, screen: Screen) -> int:
        """A promise of a video that is none can never be kept: it must not come up for ever."""
        await self.store.delete(OUTPUTS, [video])
        screen.say(
            f"no file: there is no video {video!r} (`storywave status` lists all): "
            "what was promised of it is dropped"
        )
        return 1

    async def finish(self, video: str, screen: Screen) -> int:
        """Follow a video to its end, and write its file if one was promised."""
        await self._show(video, screen)
        now = await self.gateway.videos.read_status(video, OWNER)
        if now.status is not Status.COMPLETED:
            return await self._give_up(now, screen)
        await self._deliver(now, screen)
        return 0

    async def _show(self, video: str, screen: Screen) -> None:
        async for sort, message in self.gateway.watch.follow(video, OWNER):
            now = await self.gateway.videos.read_status(video, OWNER)
            if sort not in FINAL:
                screen.show(now, message)

    async def _give_up(self, now: VideoStatus, screen: Screen) -> int:
        await self.store.delete(OUTPUTS, [now.id])
        where = f" at {now.failed_at.phase}" if now.failed_at else ""
        screen.say(f"the video {now.status}{where}: {now.error or 'nothing was written'}")
        return 1

    async def _deliver(self, now: VideoStatus, screen: Screen) -> None:
        """Write the promised file, which gets its name only when it is whole."""
        rows = await self.store.get(OUTPUTS, [now.id])
        view = await self.gateway.videos.find(now.id, OWNER)
        key = find_file(view, "media")
        path = _path(rows.get(now.id))
        if path and key:
            await self.gateway.blobs.fetch(key, path)
            sweep(path.parent)
            await self.store.delete(OUTPUTS, [now.id])
        for said in receipt(now, view, path, self.settings.data):
            screen.say(said)


def _path(row: Doc | None) -> Path | None:
    return Path(row["path"]) if row else None


def _run(given: argparse.Namespace, cook: Callable[[Kitchen], Awaitable[int]]) -> int:
    chosen = settings(given, mode="embedded", drain_seconds=DRAIN_SECONDS)
    log_to_file(chosen)
    return asyncio.run(_cooked(chosen, cook))


async def _cooked(chosen: Settings, cook: Callable[[Kitchen], Awaitable[int]]) -> int:
    async with stoppable(), open_app(chosen, [load(name) for name in NAMES]) as app:
        api = build_gateway(app)
        try:
            return await cook(Kitchen(api, app.ports.store, chosen))
        finally:
            api.close()


@asynccontextmanager
async def stoppable() -> Any:
    """Ctrl-C and SIGTERM end what is inside in order, as Stopped."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    came: list[int] = []

    def stop(number: int) -> None:
        came.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    except asyncio.CancelledError:
        if came:
            raise Stopped(came[0]) from None
        raise
