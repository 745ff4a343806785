"""The story of the benches makes as many jobs as their table says."""

from benchmarks.flow import KINDS, STORY
from shared.engines.local.plan import plan
from shared.engines.planning import fit, story_seconds
from shared.story.brief import Brief, EndCard
from shared.story.kinds.plans import PlanOrder


def test_the_story_has_the_images_and_clips_that_both_sides_are_measured_with() -> None:
    brief = Brief.model_validate({**STORY, "end_card": EndCard()})
    story = plan(brief.prompt, brief.style, story_seconds(brief), seed=0)
    made = fit(PlanOrder(video_id="v", rev=1, brief=brief), story).data
    assert (len(made["beats"]), len(made["chunks"])) == (KINDS["image"], KINDS["clip"])
    assert not made["bible"]["entries"], "a recurring place or person is one image more"
    assert KINDS["conform"] == KINDS["clip"] + KINDS["card"], "the end card is a segment too"
