"""`storywave make`, `reframe` and `resume`: all in one process, until the files are written.

A *promise* is a row that names the file which a video is to be written to. It is stored before the
video is asked for, and deleted once the file is there: so `resume` can keep what a run that was
stopped has promised.
"""

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from services import NAMES, load
from services.cli.ads import name_ad_option, read_ad, show_picture
from services.cli.beside import name_beside, read_beside
from services.cli.environment import (
    check_all,
    check_writable,
    log_to_file,
    name_file,
    read_settings,
)
from services.cli.inputs import read_plan_file, read_product, read_script
from services.cli.outcome import UNFINISHED, Stopped
from services.cli.partway import (
    describe_part,
    explain_review,
    has_film,
    is_ready_to_look_at,
)
from services.cli.price import say_price
from services.cli.receipt import format_receipt
from services.cli.screen import Screen
from services.gateway.errors.problems import NoSuchVideo, Refusal, explain_input
from services.gateway.intake import OUTPUTS
from services.gateway.keys.caller import LOCAL
from services.gateway.parts import Gateway, build_gateway
from services.gateway.plans import PlanFields
from services.gateway.read.actions import FINAL, Status
from services.gateway.read.files import find_animatic, find_file
from services.gateway.read.status import VideoStatus
from services.gateway.requests import ReframeRequest, VideoRequest
from shared.blobs.files import sweep
from shared.ports import Doc, Store
from shared.runtime.compose import open_app
from shared.runtime.settings import Settings
from shared.story.errors import BadInput, StorywaveError
from shared.story.formats import Aspect
from shared.story.images import Picture
from shared.story.script.files import ScriptFile
from shared.story.view import View

OWNER = LOCAL.owner
RESUME = "go on with `storywave resume`"
"""The advice to whoever stops what is made on a folder."""
DRAIN_SECONDS = 2.0
"""A stopped command should stop soon: the work in hand is done again by the next run."""


def make(given: argparse.Namespace) -> int:
    """Make one video from a prompt, a script, a product or a plan, and write its file."""
    beside = read_beside(given.beside)
    script, picture, plan, chosen, asked = check_all(
        lambda: read_script(given.script),
        lambda: read_product(given.product),
        lambda: read_plan_file(given.plan),
        lambda: read_settings(given),
        # one with a file names what is in it, which only a file that can be read has
        lambda: None if given.script or given.plan else build_request(given),
    )
    asked = asked or build_request(given, script, plan)
    title = script.title if script else plan.read().title if plan else asked.prompt
    path = check_writable(given.output or name_file(asked.product.name if asked.product else title))
    say_price(asked, chosen)
    return run_here(given, lambda maker: maker.make(asked, path, picture, script, beside))


def read_aspect(given: argparse.Namespace) -> Aspect:
    """Return the shape that a video is to have."""
    try:
        return ReframeRequest.model_validate({"aspect": given.aspect}).aspect
    except ValidationError as error:
        raise explain_input(error, ReframeRequest.model_fields, name_option) from error


def reframe(given: argparse.Namespace) -> int:
    """Make a finished video in another shape, and write a file of its own."""
    aspect = read_aspect(given)
    path = check_writable(given.output or Path(f"{given.video[:8]}-{aspect.replace(':', 'x')}.mp4"))
    return run_here(given, lambda maker: maker.reframe(given.video, aspect, path))


def resume(given: argparse.Namespace) -> int:
    """Finish all that earlier runs left unfinished."""
    return run_here(given, lambda maker: maker.resume())


def build_request(
    given: argparse.Namespace, script: ScriptFile | None = None, plan: PlanFields | None = None
) -> VideoRequest:
    """Return the request that the options ask for; all others keep their defaults."""
    # files here, which are stored before the request
    names = VideoRequest.model_fields.keys() - {"script", "plan", "product"}
    options = {name: value for name in names if (value := getattr(given, name, None)) is not None}
    options |= {"script": script.id} if script else {}
    options |= {"plan": plan.model_dump()} if plan else {}
    card = {
        "headline": "headline",
        "call_to_action": "call_to_action",
        "style": "card_style",
        "colour": "card_colour",
    }
    if (product := read_ad(given)) is not None:
        options["product"] = product
    texts = {
        name: value
        for name, option in card.items()
        if (value := getattr(given, option, None)) is not None
    }
    if getattr(given, "model", None):
        options["models"] = dict(map(_read_model, given.model))
    try:
        return VideoRequest.model_validate({**options, **({"end_card": texts} if texts else {})})
    except ValidationError as error:
        raise explain_input(error, VideoRequest.model_fields, name_option) from error


def _read_model(text: str) -> tuple[str, str]:
    """Return the kind and the model that a --model names."""
    kind, sign, model = text.partition("=")
    if not sign:
        raise BadInput("--model: write KIND=NAME, as clip=google/veo-3.1", "models")
    return kind, model


def name_option(field: str) -> str:
    """Return the name of a request's field on the command line."""
    if field.startswith("product."):
        return name_ad_option(field)
    if field.startswith("models."):
        return f"--model {field.removeprefix('models.')}"
    return _OPTIONS.get(field) or f"--{field.replace('_', '-')}"


_OPTIONS = {
    "prompt": "PROMPT",
    "end_card.headline": "--headline",
    "end_card.call_to_action": "--call-to-action",
    "end_card.style": "--card-style",
    "end_card.colour": "--card-colour",
}
"""Field → its name on the command line, where that is not an option of the same name."""


def _read_promise(asked: Mapping[str, Any]) -> VideoRequest:
    """Return the request that a promise holds; those of before knew no budget by this name."""
    fields = VideoRequest.model_fields
    return VideoRequest.model_validate({n: value for n, value in asked.items() if n in fields})


@dataclass(frozen=True)
class Maker:
    """Makes videos with the services of this process."""

    gateway: Gateway
    store: Store
    settings: Settings

    async def make(
        self,
        asked: VideoRequest,
        path: Path,
        product: Picture | None,
        script: ScriptFile | None = None,
        beside: Mapping[str, str] | None = None,
    ) -> int:
        """Ask for a video, and write its file; return the exit code.

        `beside`: the files that are wanted beside it, with the ends of their names.
        """
        if script is not None:
            await self.gateway.scripts.keep(script, OWNER)
        if product is not None:  # stored first, as a request names it by its id
            image = await self.gateway.images.keep(product, OWNER)
            asked = show_picture(asked, image.id)
        # The promise comes before the request: whatever dies from here on, `resume` knows what was
        # wanted. Its key makes the same request the same video.
        key = uuid4().hex
        id_ = await self.gateway.intake.ids.make(OWNER, key)
        promise = {
            "key": key,
            "path": str(path),
            "asked": asked.model_dump(mode="json", exclude_unset=True),
            "beside": dict(beside or {}),
        }
        await self.store.insert(OUTPUTS, [{"_id": id_, **promise}])
        try:
            await self.gateway.intake.accept(asked, OWNER, key)
        except BadInput:  # what is refused once must not be asked for again by each `resume`
            await self.store.delete(OUTPUTS, [id_])
            raise
        return await self.finish(id_, Screen())

    async def reframe(self, video: str, aspect: Aspect, path: Path) -> int:
        """Ask for a video in another shape, and write its file; return the exit code."""
        await self.gateway.videos.read_status(video, OWNER)  # raises where there is no such video
        # A video has one promise at a time: an earlier one is kept before another is made.
        for row in (await self.store.get(OUTPUTS, [video])).values():
            await self._ask_again(row)
            await self.finish(video, Screen())
        await self.store.insert(OUTPUTS, [{"_id": video, "path": str(path), "aspect": aspect}])
        try:
            await self.gateway.revisions.reframe(video, OWNER, aspect)
        except Refusal:  # what was never asked for must not be looked for by `resume`
            await self.store.delete(OUTPUTS, [video])
            raise
        return await self.finish(video, Screen())

    async def resume(self) -> int:
        """Keep every promise, and finish every video that was asked for over the API."""
        promises = {row["_id"]: row for row in await self.store.find(OUTPUTS, {})}
        left = sorted(promises.keys() | await self._find_running())
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

    async def _ask_again(self, row: Doc) -> None:
        """Ask once more for the video of a promise: the run may have died before it asked."""
        if "asked" in row:
            asked = _read_promise(row["asked"])
            await self.gateway.intake.accept(asked, OWNER, row["key"])
        elif (await self.gateway.videos.read_status(row["_id"], OWNER)).status is Status.COMPLETED:
            await self.gateway.revisions.reframe(row["_id"], OWNER, row["aspect"])

    async def _find_running(self) -> set[str]:
        """Return the ids of all videos that have not ended."""
        videos, cursor = set[str](), None
        while True:
            page = await self.gateway.videos.list_page(OWNER, cursor, 100)
            videos |= {v.id for v in page.videos if v.status in {Status.QUEUED, Status.RUNNING}}
            cursor = page.next
            if cursor is None:
                return videos

    async def _finish_alone(self, video: str, promise: Doc | None, screen: Screen) -> int:
        """Finish one video of several; what goes wrong with its file must not stop the others."""
        try:
            if promise is not None:
                await self._ask_again(promise)
            return await self.finish(video, screen)
        except NoSuchVideo:
            return await self._drop(video, screen)
        except (StorywaveError, OSError) as error:
            screen.say(f"no file: {error}")
            return 3

    async def _drop(self, video: str, screen: Screen) -> int:
        """Delete a promise that can never be kept: it must not come up each time."""
        await self.store.delete(OUTPUTS, [video])
        screen.say(
            f"no file: there is no video {video!r} (`storywave status` lists all): "
            "what was promised of it is dropped"
        )
        return 1

    async def finish(self, video: str, screen: Screen) -> int:
        """Follow a video to its end, and write its file if one was promised."""
        owner = await self.gateway.videos.find_owner(video)
        async for said in self.gateway.watch.follow(video, owner):
            now = await self.gateway.videos.read_status(video, owner)
            if now.exceeded is not None:  # it would wait for as long as this command runs
                screen.say(f"stopped: {now.exceeded.message}, with `storywave budget {video}`")
                return 1
            view = await self.gateway.videos.find(video, owner)
            if now.awaiting is not None and is_ready_to_look_at(view):
                for line in explain_review(now):
                    screen.say(line)
                return UNFINISHED
            if said.sort not in FINAL:
                screen.show(now, said.live)
        now = await self.gateway.videos.read_status(video, owner)
        if now.status is Status.COMPLETED:
            await self._deliver(now, screen)
            return 0
        await self.store.delete(OUTPUTS, [now.id])
        where = f" at {now.failed_at.phase}" if now.failed_at else ""
        screen.say(f"the video {now.status}{where}: {now.error or 'nothing was written'}")
        return 1

    async def _deliver_part(self, now: VideoStatus, screen: Screen) -> None:
        """Write the animatic of a video that was to have no film, and say how it goes on."""
        promise = (await self.store.get(OUTPUTS, [now.id])).get(now.id)
        key = find_animatic(await self.gateway.videos.find(now.id, now.request.owner))
        path = promise["path"] if promise and key else None
        if path and key:
            await self.gateway.blobs.fetch(key, Path(path))
            sweep(Path(path).parent)
        await self.store.delete(OUTPUTS, [now.id])
        for line in describe_part(now, path):
            screen.say(line)

    async def _deliver(self, now: VideoStatus, screen: Screen) -> None:
        """Write the promised file, if there is a promise, and show the receipt."""
        if not has_film(now):
            await self._deliver_part(now, screen)
            return
        promise = (await self.store.get(OUTPUTS, [now.id])).get(now.id)
        view = await self.gateway.videos.find(now.id, now.request.owner)
        key = find_file(view, "media")
        path, written = Path(promise["path"]) if promise else None, dict[str, Path]()
        if path and key:
            await self.gateway.blobs.fetch(key, path)  # the file gets its name once it is whole
            written = await self._write_beside(view, path, (promise or {}).get("beside") or {})
            sweep(path.parent)  # of what a run that died had begun to write there
            await self.store.delete(OUTPUTS, [now.id])
        for line in format_receipt(now, view, path, self.settings.data, written):
            screen.say(line)

    async def _write_beside(
        self, view: View, film: Path, wanted: Mapping[str, str]
    ) -> dict[str, Path]:
        """Write what is wanted beside a film, and return it; some videos have no captions."""
        written = dict[str, Path]()
        for name, end in wanted.items():
            if key := find_file(view, name):  # type: ignore[arg-type]
                written[name] = name_beside(film, end)
                await self.gateway.blobs.fetch(key, written[name])
        return written


def run_here(given: argparse.Namespace, use: Callable[[Maker], Awaitable[int]]) -> int:
    """Start all services in this process, use them, stop them; return the exit code."""
    # always embedded, whatever the environment says: the file is written here and now
    chosen = read_settings(given, mode="embedded", drain_seconds=DRAIN_SECONDS)
    log_to_file(chosen)

    async def run() -> int:
        services = [load(name) for name in NAMES]
        async with stop_on_signals(RESUME), open_app(chosen, services) as app:
            gateway = build_gateway(app)
            try:
                return await use(Maker(gateway, app.ports.store, chosen))
            finally:
                gateway.close()

    return asyncio.run(run())


@asynccontextmanager
async def stop_on_signals(advice: str = "") -> Any:
    """End the block in good order on Ctrl-C and SIGTERM, with the error Stopped and its advice."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    came: list[int] = []

    def stop(number: int) -> None:
        """Note the signal, and cancel what runs."""
        came.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    except asyncio.CancelledError:
        if came:  # any other cancellation is not ours to explain
            raise Stopped(came[0], advice) from None
        raise
