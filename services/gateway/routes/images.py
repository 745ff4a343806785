"""Pictures that users give."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.gateway import media
from services.gateway.description import GIVEN, PICTURE, WRITES, refusals
from services.gateway.errors.problems import NoSuchImage, WrongType
from services.gateway.images import Image
from services.gateway.routes.files import serve_file
from services.gateway.routes.inputs import At, Owner

router = APIRouter()

TYPES = tuple(PICTURE["content"])

ImageId = Annotated[str, Path(description="The id of an image, as POST /v1/images gave it.")]


@router.post(
    "/v1/images",
    status_code=201,
    openapi_extra={"requestBody": PICTURE},
    responses=GIVEN | refusals(*WRITES),
)
async def give_image(owner: Owner, at: At, request: Request, response: Response) -> Image:
    """Keep a picture: its id is what `end_card.product_image` of a video takes."""
    # Of a type that no form and no plain request of a page can have: so a browser asks before.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in TYPES:
        raise WrongType(*TYPES)
    image = await at.images.take(await request.body(), owner)
    response.headers["Location"] = f"/v1/images/{image.id}"
    return image


@router.delete("/v1/images/{image_id}", status_code=204, responses=refusals(404, 409))
async def delete_image(image_id: ImageId, owner: Owner, at: At) -> None:
    """Delete a picture that you gave and that no video uses."""
    if not await at.given.delete(image_id, owner):
        raise NoSuchImage(image_id)


@serve_file(router, "/v1/images/{image_id}", "image")
async def send_image(image_id: ImageId, owner: Owner, at: At, request: Request) -> Response:
    """Send a picture that you gave, as WebP. One that no video uses is removed after a day."""
    key = await at.images.find(image_id, owner)
    if key is None:
        raise NoSuchImage(image_id)
    return await media.serve(request, at.blobs, key, image_id)
