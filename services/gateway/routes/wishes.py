"""Pausing, resuming, cancelling and retrying videos."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.gateway.description import ACCEPTED, WRITES, refusals
from services.gateway.read.actions import Action
from services.gateway.read.status import VideoStatus
from services.gateway.requests import ApprovalRequest, ContinueRequest
from services.gateway.routes.beats import OFFERED
from services.gateway.routes.inputs import At, Id, Owner
from services.gateway.routes.videos import accept
from services.gateway.skips import StepRequest

router = APIRouter()

ANSWERS = ACCEPTED | refusals(404, 409, 413, 415)


@router.post("/v1/videos/{video_id}/pause", status_code=202, responses=ANSWERS)
async def pause_video(video_id: Id, owner: Owner, at: At, response: Response) -> VideoStatus:
    """Let a video rest: nothing more is begun, and nothing more is spent, until it is resumed."""
    await at.wishes.steer(video_id, owner, Action.PAUSE)
    return await accept(video_id, owner, at, response)


@router.post("/v1/videos/{video_id}/resume", status_code=202, responses=ANSWERS)
async def resume_video(video_id: Id, owner: Owner, at: At, response: Response) -> VideoStatus:
    """Let a paused video go on where it stopped."""
    await at.wishes.steer(video_id, owner, Action.RESUME)
    return await accept(video_id, owner, at, response)


@router.post("/v1/videos/{video_id}/cancel", status_code=202, responses=ANSWERS)
async def cancel_video(video_id: Id, owner: Owner, at: At, response: Response) -> VideoStatus:
    """Cancel a video, also where it is being made. What is finished is kept; `retry` goes on."""
    await at.wishes.steer(video_id, owner, Action.CANCEL)
    return await accept(video_id, owner, at, response)


@router.post("/v1/videos/{video_id}/retry", status_code=202, responses=ANSWERS)
async def retry_video(video_id: Id, owner: Owner, at: At, response: Response) -> VideoStatus:
    """Make again what has failed or was cancelled, and only that, as the next revision."""
    await at.wishes.retry(video_id, owner)
    return await accept(video_id, owner, at, response)


@router.post(
    "/v1/videos/{video_id}/approve",
    status_code=202,
    responses=ACCEPTED | refusals(400, 404, 409, *WRITES),
)
async def approve_video(
    video_id: Id, asked: ApprovalRequest, owner: Owner, at: At, response: Response
) -> VideoStatus:
    """Approve what a video waits for, as it is at one revision: from there on it is made."""
    await at.wishes.approve(video_id, owner, asked.what, asked.rev)
    return await accept(video_id, owner, at, response)


@router.post(
    "/v1/videos/{video_id}/continue",
    status_code=202,
    response_model=VideoStatus,
    responses=OFFERED | ACCEPTED | refusals(400, 404, 409, *WRITES),
)
async def continue_video(
    video_id: Id,
    asked: ContinueRequest,
    owner: Owner,
    at: At,
    response: Response,
    dry_run: Annotated[
        bool, Query(description="Only tell what would be made, and what that costs at most.")
    ] = False,
) -> Response | VideoStatus:
    """Make more of a video that was to end sooner. What there is of it is neither made nor paid
    again.
    """
    if dry_run:
        offer = await at.revisions.offer_more(video_id, owner, asked.workflow)
        return Response(offer.model_dump_json(), media_type="application/json")
    await at.revisions.go_on(video_id, owner, asked.workflow)
    return await accept(video_id, owner, at, response)


@router.post(
    "/v1/videos/{video_id}/skip",
    status_code=202,
    responses=ACCEPTED | refusals(400, 404, 409, *WRITES),
)
async def skip_step(
    video_id: Id, asked: StepRequest, owner: Owner, at: At, response: Response
) -> VideoStatus:
    """Let a video go on without a step that is not made: silent, without music, with a still in
    place of a clip. What is being made of it is stopped, and costs what it has cost by then.
    """
    await at.skips.skip(video_id, owner, asked)
    return await accept(video_id, owner, at, response)
