"""`storywave plan`: a plan to be changed by hand. Nothing is spent, unless a model is asked for."""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from services import load
from services.cli.environment import read_settings, read_usual
from services.cli.inputs import read_script
from services.cli.inspect import require_data
from services.cli.make import OWNER, build_request, stop_on_signals
from services.cli.outcome import say, tell
from services.gateway.errors.problems import NoSuchPart
from services.gateway.parts import Gateway, build_gateway
from services.gateway.plans import describe_plan, list_values, write_plan
from services.gateway.read.videos import Videos
from services.gateway.requests import VideoRequest
from shared.engines.plain import plan_plainly
from shared.engines.planning import story_seconds
from shared.runtime.allowances import Allowances
from shared.runtime.compose import open_app, open_store
from shared.runtime.known import Reader
from shared.runtime.settings import Settings
from shared.story.brief import Brief
from shared.story.budget import explain_excess, find_block
from shared.story.errors import BadInput, PermanentError
from shared.story.events import BeatsPlanned
from shared.story.kinds import KINDS, PLANNING, PlanOrder
from shared.story.script.files import ScriptFile

LOOK_SECONDS = 0.1


def plan(given: argparse.Namespace) -> int:
    """Write a plan: of a prompt, of a script, or of a video that there is."""
    if given.video is not None:
        chosen = require_data(read_settings(given))
        found = asyncio.run(_find_plan(chosen, given.video))
    else:
        script = read_script(given.script)
        asked = build_request(given, script)
        found = ask_model(given, asked, script) if given.ask else make_plan(asked, script)
    view = describe_plan(found)
    if given.json:
        text = json.dumps(list_values(view), ensure_ascii=False, indent=2) + "\n"
    else:
        text = write_plan(view)
    if given.output is None:
        say(*text.splitlines())
    else:
        _write(given.output, text)
        tell(f"{given.output} is written: change it, then `storywave make --plan {given.output}`")
    return 0


def ask_model(
    given: argparse.Namespace, asked: VideoRequest, script: ScriptFile | None
) -> BeatsPlanned:
    """Return the plan that the language model makes which the settings name.

    Gateway and planner run in a folder of their own, which is removed: nobody is there to make more
    than the plan.
    """

    async def run(folder: Path) -> BeatsPlanned:
        chosen = read_settings(given, mode="embedded", data=folder)
        services = [load(name) for name in ("gateway", "planner")]
        async with stop_on_signals(), open_app(chosen, services) as app:
            gateway = build_gateway(app)
            try:
                if script is not None:
                    await gateway.scripts.keep(script, OWNER)
                video = await gateway.intake.accept(asked, OWNER)
                return await _wait_for_plan(gateway, video)
            finally:
                gateway.close()

    with tempfile.TemporaryDirectory(prefix="storywave-") as folder:
        return asyncio.run(run(Path(folder)))


async def _wait_for_plan(gateway: Gateway, video: str) -> BeatsPlanned:
    while True:
        view = await gateway.videos.find(video, OWNER)
        if found := view.latest(BeatsPlanned):
            return found
        if failed := next((each for kind in PLANNING for each in view.all(kind.failed)), None):
            raise PermanentError(f"there is no plan: {failed.error}")
        if found_block := find_block(view):
            raise PermanentError(explain_excess(found_block))
        await asyncio.sleep(LOOK_SECONDS)


def make_plan(asked: VideoRequest, script: ScriptFile | None = None) -> BeatsPlanned:
    """Return the plan that our own rules make of a prompt or a script."""
    brief = asked.brief(OWNER, Allowances(defaults=read_usual()))
    order = PlanOrder(video_id="", brief=brief)
    if script is not None:
        order = _select(brief.model_copy(update={"prompt": script.title}), script)
    made = plan_plainly(order)
    return BeatsPlanned.model_validate({**made.data, "video_id": "", "rev": 1, "truncation": None})


def _select(brief: Brief, file: ScriptFile) -> PlanOrder:
    """Return the order for a trailer: the script is read, and its moments are selected."""
    from shared.story.script.cast import find_characters
    from shared.story.script.reading import read_script
    from shared.story.script.selection import select

    script = read_script(file.text)
    picks = select(script, find_characters(script), story_seconds(brief))
    return PlanOrder(video_id="", brief=brief, title=script.title, picks=tuple(picks))


async def _find_plan(chosen: Settings, video: str) -> BeatsPlanned:
    """Return the plan of a video, from the store alone: no service runs."""
    async with open_store(chosen) as store:
        reader = Reader(KINDS, lambda video, at, error: None)
        videos = Videos(store, load("gateway").views, lambda doc: reader.read(doc).view)
        found = (await videos.find(video, OWNER)).latest(BeatsPlanned)
        if found is None:
            raise NoSuchPart(f"The video {video} has no plan yet.")
        return found


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        said = f"nothing can be written to {path} ({error.strerror}): choose another with -o"
        raise BadInput(said, "output") from error
