"""Files that users give: images, clips, sounds and scripts, as bytes or by URL."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.gateway import media
from services.gateway.description import GIVEN, MATERIAL, WRITES, refusals
from services.gateway.edge.bodies import BODY_LIMIT
from services.gateway.errors.problems import NoSuchUpload, WrongType, explain_input
from services.gateway.routes.files import serve_file
from services.gateway.routes.inputs import At, Owner
from services.gateway.uploads import Upload
from shared.story.errors import BadInput
from shared.story.material import read_id

router = APIRouter()

JSON = "application/json"
BYTES = (
    *("image/", "video/", "audio/", "application/octet-stream"),
    *("application/pdf", "application/xml", "text/markdown", "text/x-fountain"),
)
"""How the type of a file begins: no plain request of a page has one, so a browser asks before."""

UploadId = Annotated[str, Path(description="The id of an upload, as POST /v1/uploads gave it.")]


class Link(BaseModel):
    """Where a file is to be fetched from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(max_length=2_000)


@router.post(
    "/v1/uploads",
    status_code=201,
    openapi_extra={"requestBody": MATERIAL},
    responses=GIVEN | refusals(*WRITES),
)
async def give_file(owner: Owner, at: At, request: Request, response: Response) -> Upload:
    """Keep a file: its id is what the fields of `beats` of a video take."""
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ == JSON:
        upload = await at.uploads.fetch(await _read_link(request), owner)
    elif type_.startswith(BYTES):
        upload = await at.uploads.take(request.stream(), owner)
    else:
        raise WrongType(JSON, "image/…", "video/…", "audio/…", *BYTES[3:])
    response.headers["Location"] = f"/v1/uploads/{upload.id}"
    return upload


@router.delete("/v1/uploads/{upload_id}", status_code=204, responses=refusals(404, 409))
async def delete_upload(upload_id: UploadId, owner: Owner, at: At) -> None:
    """Delete a file that you gave and that no video uses."""
    if not await at.given.delete(upload_id, owner):
        raise NoSuchUpload(upload_id)


async def _read_link(request: Request) -> str:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise BadInput('send {"url": …} alone, or the file with the type that it has')
    try:
        return Link.model_validate_json(bytes(body)).url
    except ValidationError as error:
        raise explain_input(error, Link.model_fields) from None


@serve_file(router, "/v1/uploads/{upload_id}", "upload")
async def send_upload(upload_id: UploadId, owner: Owner, at: At, request: Request) -> Response:
    """Send a file that you gave. One that no video uses is removed after a day."""
    is_script = read_id(upload_id).what == "script"
    key = await (at.scripts if is_script else at.images).find(upload_id, owner)
    if key is None:
        raise NoSuchUpload(upload_id)
    return await media.serve(request, at.blobs, key, upload_id.partition(".")[0])
