"""What providers call once a run has ended."""

from fastapi import APIRouter, Request

from services.gateway.routes.inputs import At
from shared.engines.replicate.hooks import PATH

router = APIRouter()


@router.post(PATH, status_code=204)
async def hear_replicate(at: At, request: Request) -> None:
    """Hear that a run has ended: its job is looked at now, and not only when its turn comes."""
    # the bytes as they came: they are what is signed
    await at.hooks.hear(request.url.query, request.headers, await request.body())
