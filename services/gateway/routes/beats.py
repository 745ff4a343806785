"""The plan of a video, and changes of its beats."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.gateway import media
from services.gateway.changes import (
    BeatChange,
    Change,
    ChooseRequest,
    RegenerateRequest,
    SkipRequest,
)
from services.gateway.description import ACCEPTED, WRITES, Answers, refusals
from services.gateway.errors.problems import NoSuchPart
from services.gateway.plans import PlanView, describe_plan, write_plan
from services.gateway.read.stale import RevisionOffer
from services.gateway.read.status import VideoStatus
from services.gateway.read.takes import BeatTakes, find_file_of_take, list_takes
from services.gateway.revisions import tag_revision
from services.gateway.routes.files import serve_file
from services.gateway.routes.inputs import At, Id, Known, Owner
from services.gateway.routes.videos import accept
from shared.story.events import BeatsPlanned
from shared.story.kinds import KINDS

router = APIRouter()

BeatNumber = Annotated[int, Path(ge=0, description="The number of a beat; the first one is 0.")]
IfMatch = Annotated[
    str | None,
    Header(max_length=200, description="An ETag of the plan: refused if it has changed since."),
]
DryRun = Annotated[
    bool, Query(description="Only tell what would be made again, and what that costs at most.")
]
OFFERED: Answers = {
    200: {"model": RevisionOffer, "description": "With `dry_run`: nothing is asked for."}
}
CHANGES = OFFERED | ACCEPTED | refusals(400, 404, 409, 412, *WRITES)


@router.patch(
    "/v1/videos/{video_id}/beats/{beat}",
    status_code=202,
    response_model=VideoStatus,
    responses=CHANGES,
)
async def change_beat(
    video_id: Id,
    beat: BeatNumber,
    asked: BeatChange,
    owner: Owner,
    at: At,
    response: Response,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response | VideoStatus:
    """Change what a beat shows, what is said in it, or how long it lasts."""
    return await _change(video_id, beat, asked, owner, at, response, if_match, dry_run)


@router.post(
    "/v1/videos/{video_id}/beats/{beat}/regenerate",
    status_code=202,
    response_model=VideoStatus,
    responses=CHANGES,
)
async def regenerate_beat(
    video_id: Id,
    beat: BeatNumber,
    asked: RegenerateRequest,
    owner: Owner,
    at: At,
    response: Response,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response | VideoStatus:
    """Make another take of a beat's image, clips or voice. The takes that there are stay."""
    return await _change(video_id, beat, asked, owner, at, response, if_match, dry_run)


@router.post(
    "/v1/videos/{video_id}/beats/{beat}/skip",
    status_code=202,
    response_model=VideoStatus,
    responses=CHANGES,
)
async def skip_beat(
    video_id: Id,
    beat: BeatNumber,
    owner: Owner,
    at: At,
    response: Response,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response | VideoStatus:
    """Leave a beat out. `PATCH` it with `skipped: false`, and it is back at no cost."""
    return await _change(video_id, beat, SkipRequest(), owner, at, response, if_match, dry_run)


@router.post(
    "/v1/videos/{video_id}/beats/{beat}/choose",
    status_code=202,
    response_model=VideoStatus,
    responses=CHANGES,
)
async def choose_take(
    video_id: Id,
    beat: BeatNumber,
    asked: ChooseRequest,
    owner: Owner,
    at: At,
    response: Response,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response | VideoStatus:
    """Go back to a take that a beat had before, and to the words that it was made for."""
    return await _change(video_id, beat, asked, owner, at, response, if_match, dry_run)


async def _change(
    video_id: str,
    beat: int,
    asked: Change,
    owner: str,
    at: At,
    response: Response,
    if_match: str | None,
    dry_run: bool,
) -> Response | VideoStatus:
    tags = split_tags(if_match)
    if dry_run:
        offer = await at.revisions.offer(video_id, owner, beat, asked, tags)
        return Response(offer.model_dump_json(), media_type="application/json")
    await at.revisions.change(video_id, owner, beat, asked, tags)
    now = await accept(video_id, owner, at, response)
    response.headers["ETag"] = tag_revision(now.rev)
    return now


def split_tags(header: str | None) -> set[str]:
    """Return the ETags of a header."""
    return {tag.strip().removeprefix("W/") for tag in (header or "").split(",") if tag.strip()}


@router.get(
    "/v1/videos/{video_id}/plan",
    response_model=PlanView,
    response_model_exclude_none=True,
    responses={
        200: {"content": {"application/yaml": {"schema": {"type": "string"}}}},
        **refusals(404, 422),
    },
)
async def get_plan(
    known: Known,
    response: Response,
    form: Annotated[
        Literal["json", "yaml"], Query(alias="format", description="yaml: the plan alone.")
    ] = "json",
) -> Response | PlanView:
    """Show the plan of a video, in the form that `plan` of a new video takes."""
    plan = known.latest(BeatsPlanned)
    if plan is None:
        raise NoSuchPart("The video has no plan yet: follow its events.")
    view, tag = describe_plan(plan), {"ETag": tag_revision(plan.rev)}
    if form == "yaml":
        return Response(write_plan(view), media_type="application/yaml", headers=tag)
    response.headers.update(tag)
    return view


@router.get("/v1/videos/{video_id}/beats/{beat}/takes", responses=refusals(404, 422))
async def get_takes(known: Known, beat: BeatNumber, at: At, response: Response) -> BeatTakes:
    """List every image, clip and voice that was made for a beat."""
    found = list_takes(known, beat)
    response.headers["ETag"] = tag_revision(found.rev)
    signed = [
        take.model_copy(update={"urls": await at.videos.sign_urls(take.urls)})
        for take in found.takes
    ]
    return found.model_copy(update={"takes": tuple(signed)})


@serve_file(router, "/v1/videos/{video_id}/beats/{beat}/takes/{kind}/{take}", "take")
async def send_take(
    known: Known,
    beat: BeatNumber,
    kind: Literal["image", "clip", "voice"],
    take: Annotated[int, Path(ge=0)],
    at: At,
    request: Request,
    part: Annotated[int, Query(ge=0, le=1000, description="Which of its files.")] = 0,
) -> Response:
    """Send one file of a take."""
    key = find_file_of_take(known, KINDS[kind], beat, take, part)
    if key is None:
        raise NoSuchPart(f"Beat {beat} has no such file: its `takes` list all.")
    name = f"{known.video_id}-{beat}-{kind}-{take}-{part}"
    return await media.serve(request, at.blobs, key, name)
