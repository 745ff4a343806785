"""The plan job where no language model is asked, and the steps before it.

What reads scripts and pictures is imported where it is used: the process that only hands out work
needs none.
"""

from collections.abc import Mapping

from shared.engines.local.ads import advertise
from shared.engines.local.plan import plan
from shared.engines.planning import fit, story_seconds
from shared.engines.scenes import tell
from shared.jobs.engine import Work, Workspace
from shared.jobs.outcomes import Made
from shared.story.kinds import (
    CHARACTERS,
    PLAN,
    PRODUCT,
    SCRIPT,
    SELECTION,
    SETTINGS,
    AnyKind,
    PlanOrder,
    ProductOrder,
    ScriptOrder,
    SelectionOrder,
)
from shared.story.script.parts import Script


def read_scenes(order: ScriptOrder, space: Workspace) -> Made:
    """Take a script apart, and keep its scenes for the steps that follow."""
    from shared.story.script.reading import read_script

    script = read_script(space.files["script"].read_text(encoding="utf-8"))
    out = space.folder / "scenes.json"
    out.write_text(script.model_dump_json(), encoding="utf-8")
    return Made({"key": out}, {"title": script.title, "scenes": len(script.scenes)})


def find_characters(order: ScriptOrder, space: Workspace) -> Made:
    """Find everybody who speaks."""
    from shared.story.script.cast import find_characters

    found = find_characters(_load(space))
    return Made(data={"characters": [each.model_dump(mode="json") for each in found]})


def find_settings(order: ScriptOrder, space: Workspace) -> Made:
    """Find all places."""
    from shared.story.script.cast import find_settings

    found = find_settings(_load(space))
    return Made(data={"settings": [each.model_dump(mode="json") for each in found]})


def select_moments(order: SelectionOrder, space: Workspace) -> Made:
    """Select the moments that make a trailer of the length that was asked for."""
    from shared.story.script.selection import select

    script = _load(space)
    picks = select(script, order.characters, story_seconds(order.brief))
    told = [pick.model_dump(mode="json") for pick in picks]
    return Made(data={"title": script.title, "picks": told})


def _load(space: Workspace) -> Script:
    return Script.model_validate_json(space.files["scenes"].read_bytes())


def see_product(order: ProductOrder, space: Workspace) -> Made:
    """Cut the product out of its picture, and read its colours."""
    from shared.media.cutout import cut_out

    out = space.folder / "cutout.png"
    seen = cut_out(space.files["picture"], out)
    return Made({"key": out}, {"palette": seen.palette, "box": seen.box, "method": seen.method})


def make_plan(order: PlanOrder, space: Workspace) -> Made:
    """Return all that BeatsPlanned carries, from the user's brief."""
    brief = order.brief
    if order.picks:
        return fit(order, tell(order.title, order.picks))
    if brief.product:
        return fit(order, advertise(brief, story_seconds(brief), order.look))
    return fit(order, plan(brief.prompt, brief.style, story_seconds(brief), brief.seed))


WORK: Mapping[AnyKind, Work] = {
    SCRIPT: read_scenes,
    CHARACTERS: find_characters,
    SETTINGS: find_settings,
    SELECTION: select_moments,
    PRODUCT: see_product,
    PLAN: make_plan,
}
