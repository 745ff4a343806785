"""How a video is made: its storyboard, its timeline, and each thing that was made for it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from services.gateway import media
from services.gateway.description import refusals
from services.gateway.errors.problems import NoSuchPart
from services.gateway.filetypes import Format, choose_format
from services.gateway.read.assets import Assets, find_files
from services.gateway.read.storyboard import Storyboard, build_storyboard
from services.gateway.read.timeline import Timeline
from services.gateway.routes.files import Small, serve_file
from services.gateway.routes.inputs import At, Known

router = APIRouter()

TimelineRev = Annotated[int | None, Query(ge=1, description="A revision; else the latest.")]
Number = Annotated[int, Path(ge=0, lt=2**31)]
Name = Annotated[str, Path(max_length=100)]


@router.get("/v1/videos/{video_id}/storyboard", responses=refusals(404))
async def get_storyboard(known: Known) -> Storyboard:
    """Show a video beat by beat: what is said and seen, and what there is of it so far."""
    return build_storyboard(known)


@router.get("/v1/videos/{video_id}/timeline", responses=refusals(404, 422))
async def get_timeline(known: Known, at: At, rev: TimelineRev = None) -> Timeline:
    """Show who ran when, from the first job to the film, and what the film waited for."""
    return await at.making.read_timeline(known, rev)


@router.get("/v1/videos/{video_id}/assets", responses=refusals(404))
async def list_assets(known: Known, at: At) -> Assets:
    """List each file that was made for a video, at every take, with its bytes and its run."""
    return await at.making.list_assets(known)


@serve_file(router, "/v1/videos/{video_id}/assets/{kind}/{beat}/{n}/{take}/{name}", "asset")
async def send_asset(
    known: Known,
    at: At,
    request: Request,
    kind: Name,
    beat: Number,
    n: Number,
    take: Number,
    name: Name,
    small: Small = False,
    format_: Annotated[
        Format | None,
        Query(
            alias="format",
            description="mp3 (44.1 kHz, 128 kbit/s) of a sound, png of a picture; else as it was "
            "made, or as `Accept` wants it.",
        ),
    ] = None,
) -> Response:
    """Send one asset; a picture also small or as PNG, a sound as MP3. `…/assets` lists them."""
    job = await at.making.find_asset(known.video_id, kind, beat, n, take)
    file = find_files(job).get(name)
    if file is None:
        raise NoSuchPart("The video has no such asset (yet): GET …/assets lists all.")
    key = file["key"]
    if small:
        key = await at.thumbnails.find(key)
    elif wanted := choose_format(key, format_, request.headers.get("accept", "")):
        key = await at.renditions.find(key, wanted)
    answer = await media.serve(request, at.blobs, key, f"{known.video_id}-{kind}-{beat}-{n}")
    answer.headers["Vary"] = "Accept"
    return answer
