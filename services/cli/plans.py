"""`storywave plan`: a plan to be changed by hand. No model is asked, and nothing is spent."""

import argparse
import asyncio
import json
from pathlib import Path

from services import load
from services.cli.environment import read_script, read_settings
from services.cli.inspect import require_data
from services.cli.make import OWNER, build_request
from services.cli.outcome import say, tell
from services.gateway.errors.problems import NoSuchPart
from services.gateway.plans import describe_plan, list_values, write_plan
from services.gateway.read.videos import Videos
from shared.engines.plain import plan_plainly
from shared.engines.planning import story_seconds
from shared.runtime.compose import open_store
from shared.runtime.known import Reader
from shared.runtime.settings import Settings
from shared.story.brief import Brief
from shared.story.errors import BadInput
from shared.story.events import BeatsPlanned
from shared.story.kinds import KINDS, PlanOrder
from shared.story.script.files import ScriptFile


def plan(given: argparse.Namespace) -> int:
    """Write a plan: of a prompt, of a script, or of a video that there is."""
    if given.video is not None:
        chosen = require_data(read_settings(given))
        found = asyncio.run(_find_plan(chosen, given.video))
    else:
        script = read_script(given.script)
        found = make_plan(build_request(given, script).brief(OWNER), script)
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


def make_plan(brief: Brief, script: ScriptFile | None = None) -> BeatsPlanned:
    """Return the plan that our own rules make of a prompt or a script."""
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
