"""The routes in OpenAI's shape. What they do is done by the same parts as for our own API."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from services.gateway import media
from services.gateway.description import ALWAYS, WRITES, file_answers, foreign_refusals
from services.gateway.edge.repeats import REPLAYED
from services.gateway.openai.answers import (
    OpenAIDeleted,
    OpenAIPage,
    OpenAIVideo,
    describe_page,
    describe_video,
)
from services.gateway.openai.bodies import FORM, JSON, REFERENCE, keep_reference, read_wanted
from services.gateway.openai.requests import MODEL, VideoCreate, VideoRemix, build_remix
from services.gateway.parts import Gateway
from services.gateway.read.files import VideoFile
from services.gateway.requests import VideoRequest
from services.gateway.routes.files import find_part
from services.gateway.routes.inputs import At, Id, Known, Owner

router = APIRouter(
    prefix="/openai/v1", tags=["OpenAI's shape"], responses=foreign_refusals(*ALWAYS)
)

Key = Annotated[str | None, Header(min_length=1, max_length=255, alias="Idempotency-Key")]

PARTS: dict[str, VideoFile] = {"video": "media", "thumbnail": "poster", "spritesheet": "contact"}


def _describe_body() -> dict[str, Any]:
    """Return the description of a body that is JSON, or a form with a file."""
    plain = VideoCreate.model_json_schema(ref_template="#/components/schemas/{model}")
    by_url = {
        "type": "object",
        "properties": {"image_url": {"type": "string", "description": "https or data URL."}},
        "required": ["image_url"],
    }
    file = {"type": "string", "format": "binary"}
    schemas = {JSON: by_url, FORM: file}
    return {
        "required": True,
        "content": {
            type_: {
                "schema": {**plain, "properties": {**plain["properties"], REFERENCE: reference}}
            }
            for type_, reference in schemas.items()
        },
    }


@router.post(
    "/videos",
    openapi_extra={"requestBody": _describe_body()},
    responses=foreign_refusals(400, 402, *WRITES),
)
async def make_openai_video(
    request: Request, owner: Owner, at: At, response: Response, idempotency_key: Key = None
) -> OpenAIVideo:
    """Make a video. `input_reference` is the picture that it begins with."""
    try:
        wanted = await read_wanted(request)
        image = await keep_reference(wanted.reference, at.uploads, owner)
    finally:
        await request.close()  # what came as a file lies in one of ours until then
    asked = wanted.asked.build(image)
    return await _make(asked, owner, at, response, idempotency_key)


async def _make(
    asked: VideoRequest, owner: str, at: Gateway, response: Response, key: str | None
) -> OpenAIVideo:
    """Accept a video, and tell whether it was accepted before under the same key."""
    video_id, is_new = await at.intake.accept_once(asked, owner, key)
    if not is_new:
        response.headers[REPLAYED] = "true"
    return describe_video(await at.videos.read_status(video_id, owner))


@router.get("/videos", responses=foreign_refusals(404, 422))
async def list_openai_videos(
    owner: Owner,
    at: At,
    after: Annotated[
        str | None, Query(max_length=200, description="The last id of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=0, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> OpenAIPage:
    """List your videos."""
    videos, has_more = await at.videos.list_after(owner, after, limit, oldest_first=order == "asc")
    return describe_page(videos, has_more=has_more)


@router.get("/videos/{video_id}", responses=foreign_refusals(404))
async def get_openai_video(video_id: Id, owner: Owner, at: At) -> OpenAIVideo:
    """Show a video."""
    return describe_video(await at.videos.read_status(video_id, owner))


@router.delete("/videos/{video_id}", responses=foreign_refusals(404, 409))
async def delete_openai_video(video_id: Id, owner: Owner, at: At) -> OpenAIDeleted:
    """Delete a video."""
    await at.wishes.delete(video_id, owner)
    return OpenAIDeleted(id=video_id)


@router.post("/videos/{video_id}/remix", responses=foreign_refusals(400, 402, 404, 409, *WRITES))
async def remix_openai_video(
    video_id: Id,
    asked: VideoRemix,
    owner: Owner,
    at: At,
    response: Response,
    idempotency_key: Key = None,
) -> OpenAIVideo:
    """Make a video of the same wishes with another prompt."""
    source = await at.videos.read_status(video_id, owner)
    model = source.metadata.get(MODEL, "storywave")
    remix = build_remix(source.request, source.id, model, asked.prompt)
    return await _make(remix, owner, at, response, idempotency_key)


@router.get(
    "/videos/{video_id}/content",
    response_class=Response,
    responses=file_answers("file", "GET") | foreign_refusals(404, 409, 410, 422),
)
async def send_openai_content(
    known: Known,
    at: At,
    request: Request,
    variant: Annotated[
        Literal["video", "thumbnail", "spritesheet"], Query(description="Which file.")
    ] = "video",
) -> Response:
    """Send the film, its poster, or its contact sheet."""
    key = find_part(known, PARTS[variant], None)
    return await media.serve(request, at.blobs, key, known.video_id)
