"""API keys, for admins; and who did what."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.gateway.description import WRITES, refusals
from services.gateway.keys.apikeys import ApiKey, NewApiKey
from services.gateway.keys.audit import AuditPage
from services.gateway.keys.caller import CALLER, Role
from services.gateway.keys.requests import KeyRequest, RotateRequest
from services.gateway.routes.inputs import At

router = APIRouter()

KeyId = Annotated[str, Path(description="The id of a key: what stands between the underscores.")]


@router.post("/v1/keys", status_code=201, responses=refusals(400, *WRITES))
async def make_key(asked: KeyRequest, at: At, response: Response) -> NewApiKey:
    """Make an API key. Its token is in this answer, and nowhere else ever after."""
    made = await at.keys.make(asked.owner, Role(asked.role), asked.name, asked.limits)
    await at.audit.note_key(made.owner, "KeyMade", made.id, made.role)
    response.headers["Location"] = f"/v1/keys/{made.id}"
    response.headers["Cache-Control"] = "no-store"
    return made


@router.get("/v1/keys")
async def list_keys(at: At) -> list[ApiKey]:
    """List all API keys, without their secrets; also those that were revoked."""
    return await at.keys.list_all()


@router.get("/v1/self")
async def get_own_key(at: At) -> ApiKey:
    """Show the key that you ask with: whose it is, and what it may."""
    caller = CALLER.get()
    if caller.key:
        return await at.keys.read(caller.key)
    return ApiKey(id="", owner=caller.owner, role=caller.role, created_at=0)


@router.get("/v1/keys/{key_id}", responses=refusals(404))
async def get_key(key_id: KeyId, at: At) -> ApiKey:
    """Show one API key."""
    return await at.keys.read(key_id)


@router.post("/v1/keys/{key_id}/rotate", responses=refusals(400, 404, *WRITES))
async def rotate_key(key_id: KeyId, asked: RotateRequest, at: At, response: Response) -> NewApiKey:
    """Give a key another token; the one before is good for as long as you say."""
    made = await at.keys.replace(key_id, round(asked.grace_hours * 3_600_000))
    await at.audit.note_key(made.owner, "KeyRotated", made.id)
    response.headers["Cache-Control"] = "no-store"
    return made


@router.delete("/v1/keys/{key_id}", responses=refusals(404))
async def revoke_key(key_id: KeyId, at: At) -> ApiKey:
    """Revoke a key: within seconds it lets nobody in any more. Its videos stay, and go on."""
    gone = await at.keys.revoke(key_id)
    await at.audit.note_key(gone.owner, "KeyRevoked", gone.id)
    return gone


@router.get("/v1/audit", responses=refusals(422))
async def list_deeds(
    at: At,
    cursor: Annotated[str | None, Query(max_length=60, description="`next` of a page.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditPage:
    """List who did what to your videos and when, newest first; to an admin, to anybody's."""
    return await at.audit.list_page(cursor, limit)
