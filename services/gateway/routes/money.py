"""What videos cost: before, meanwhile and afterwards."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from services.gateway.amounts import JobAnswer, VideoChange
from services.gateway.budgets import Offer
from services.gateway.description import WRITES, refusals
from services.gateway.read.status import VideoStatus
from services.gateway.requests import VideoRequest
from services.gateway.routes.inputs import At, Id, Owner
from shared.jobs.receipt import Receipt
from shared.jobs.unresolved import Unresolved
from shared.story.money import read_amount, read_dollars

router = APIRouter()

EXAMPLE = {"prompt": "A lighthouse keeper who paints the sea", "duration": 30, "budget": "2.50"}


@router.post("/v1/estimates", responses=refusals(400, *WRITES))
async def estimate_video(
    asked: Annotated[VideoRequest, Body(examples=[EXAMPLE])], owner: Owner, at: At
) -> Offer:
    """Tell what a video would cost at most, item by item. Nothing is made, kept or paid."""
    asked = await at.storyboards.take_over(asked, owner, keep=False)
    return at.budgets.estimate(asked, owner)


@router.get("/v1/videos/{video_id}/receipt", responses=refusals(404))
async def get_receipt(video_id: Id, owner: Owner, at: At) -> Receipt:
    """Show what a video has cost, one row for each attempt that money was held for."""
    return await at.budgets.read_receipt(video_id, owner)


@router.patch("/v1/videos/{video_id}", responses=refusals(400, 402, 404, 409, *WRITES))
async def change_video(
    video_id: Id, asked: VideoChange, owner: Owner, at: At, response: Response
) -> VideoStatus:
    """Change what a video may cost in all. One that waits for money goes on by itself."""
    await at.budgets.change_cap(video_id, owner, read_dollars(asked.budget))
    return await at.videos.read_status(video_id, owner)


@router.get("/v1/jobs/unresolved")
async def list_unresolved_jobs(owner: Owner, at: At) -> list[Unresolved]:
    """List the jobs of which nobody knows whether the provider runs them, or ran them."""
    return await at.budgets.list_unresolved(owner)


@router.post("/v1/jobs/unresolved", responses=refusals(400, 409, *WRITES))
async def answer_unresolved_job(asked: JobAnswer, owner: Owner, at: At) -> list[Unresolved]:
    """Say what such a job has cost. `drop` leaves it at that; `retry` makes again what has failed
    of its video, this part included. The answer lists those that are left.
    """
    paid = None if asked.paid is None else read_amount(asked.paid)
    await at.budgets.answer_unresolved(owner, asked.job, paid, again=asked.do == "retry")
    return await at.budgets.list_unresolved(owner)
