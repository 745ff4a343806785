"""Scripts that users give."""

from fastapi import APIRouter, Request

from services.gateway.description import SCRIPT, WRITES, refusals
from services.gateway.errors.problems import WrongType
from services.gateway.routes.inputs import At, Owner
from services.gateway.scripts import Script

router = APIRouter()

TYPES = tuple(SCRIPT["content"])


@router.post(
    "/v1/scripts",
    status_code=201,
    openapi_extra={"requestBody": SCRIPT},
    responses=refusals(*WRITES),
)
async def give_script(owner: Owner, at: At, request: Request) -> Script:
    """Keep a script: its id is what `script` of a video takes. Unused, it is removed in a day."""
    # Of a type that no form and no plain request of a page can have: so a browser asks before.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in TYPES:
        raise WrongType(*TYPES)
    return await at.scripts.take(await request.body(), owner)
