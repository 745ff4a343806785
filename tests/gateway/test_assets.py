"""What is listed of the files of a video, from the rows of its jobs."""

from services.gateway.read.assets import list_assets
from shared.jobs.job import Job, State
from shared.story.kinds import KINDS
from shared.story.view import JobSpec
from tests.histories import VIDEO, full_plan

PLAN = full_plan()


def test_automatic_tries_are_counted_for_each_asset_and_in_all() -> None:
    spec = JobSpec(kind="voice", video_id=VIDEO, beat=0)
    tried = Job(spec=spec, state=State.FAILED, tries=3, error="no answer", code="network")
    other = Job(spec=spec.model_copy(update={"beat": 1}), state=State.NEW, tries=1)
    listed = list_assets(VIDEO, [tried, other], PLAN, KINDS)
    assert listed.tries == 4
    assert [(each.tries, each.error_code) for each in listed.assets] == [(3, "network"), (1, None)]
