"""Making videos, looking at them and changing them."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from services.gateway.budgets import Offer
from services.gateway.description import ACCEPTED, GONE, WRITES, Answers, refusals
from services.gateway.edge.repeats import REPLAYED
from services.gateway.read.actions import Status
from services.gateway.read.status import VideoStatus
from services.gateway.read.videos import Page
from services.gateway.requests import ReframeRequest, VideoRequest
from services.gateway.routes.inputs import At, Id, Owner

router = APIRouter()

TRIED: Answers = {200: {"model": Offer, "description": "With `dry_run`: nothing is asked for."}}


@router.post(
    "/v1/videos",
    status_code=202,
    response_model=VideoStatus,
    responses=TRIED | ACCEPTED | refusals(400, 402, 410, *WRITES),
)
async def make_video(
    asked: VideoRequest,
    owner: Owner,
    at: At,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255, description="The same key and body: the same video."),
    ] = None,
) -> Response | VideoStatus:
    """Make a video. The answer comes at once; follow `Location` or the video's events."""
    if asked.dry_run:
        offer = await at.trial.offer(asked, owner)
        return Response(offer.model_dump_json(), media_type="application/json")
    video_id, is_new = await at.intake.accept_once(asked, owner, idempotency_key)
    if not is_new:
        response.headers[REPLAYED] = "true"
    return await accept(video_id, owner, at, response)


@router.get("/v1/videos", responses=refusals(422))
async def list_videos(
    owner: Owner,
    at: At,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of a page.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    status: Annotated[
        list[Status] | None, Query(max_length=9, description="Only those; several may be named.")
    ] = None,
) -> Page:
    """List your videos, newest first."""
    return await at.videos.list_page(owner, cursor, limit, status or ())


@router.get("/v1/videos/{video_id}", responses=refusals(404))
async def get_video(video_id: Id, owner: Owner, at: At) -> VideoStatus:
    """Show one video: its status, how far each stage is, what it lacks and what it cost."""
    return await at.videos.read_status(video_id, owner)


@router.post(
    "/v1/videos/{video_id}/reframe",
    status_code=202,
    responses=ACCEPTED | refusals(400, 404, 409, *WRITES),
)
async def reframe_video(
    video_id: Id, asked: ReframeRequest, owner: Owner, at: At, response: Response
) -> VideoStatus:
    """Make the same video in another shape from the clips there are: nothing is paid again."""
    await at.revisions.reframe(video_id, owner, asked.aspect)
    return await accept(video_id, owner, at, response)


@router.delete(
    "/v1/videos/{video_id}",
    status_code=202,
    response_model=VideoStatus,
    responses=ACCEPTED | GONE | refusals(404, 409),
)
async def delete_video(
    video_id: Id, owner: Owner, at: At, response: Response
) -> VideoStatus | Response:
    """Delete a video with everything that belongs to it, also where it is being made. What runs at
    a provider is ended and paid first. There is no way back.
    """
    if await at.wishes.delete(video_id, owner):
        return Response(status_code=204)
    return await accept(video_id, owner, at, response)


async def accept(video_id: str, owner: str, at: At, response: Response) -> VideoStatus:
    """Return the video as it is now, and say where it will be seen."""
    response.headers["Location"] = f"/v1/videos/{video_id}"
    response.headers["Retry-After"] = "2"
    return await at.videos.read_status(video_id, owner)
