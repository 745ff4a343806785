"""The phases of a video that `VideoFailed` names: where it failed."""

from collections.abc import Mapping

from shared.story.kinds import OF_SCRIPTS, Stage

PHASES: Mapping[str, Stage] = {
    **{stage.value: stage for stage in OF_SCRIPTS},
    "product": Stage.PLAN,
    "plan": Stage.PLAN,
    "images": Stage.IMAGES,
    "clips": Stage.CLIPS,
    "conform": Stage.CUT,
    "cut": Stage.CUT,
    "planner": Stage.PLAN,
    "storyboard": Stage.IMAGES,
    "soundtrack": Stage.SOUNDTRACK,
    "chunker": Stage.CLIPS,
    "stitcher": Stage.CUT,
}
"""The phase that VideoFailed names → the stage in which the video failed."""

NO_STAGE = ("deadline", "budget")
"""Phases that are none of its own: the video failed in whichever stage it was in."""
