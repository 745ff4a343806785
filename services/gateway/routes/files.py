"""The files of a video: the film, what is beside it, and its clips."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from services.gateway import media
from services.gateway.description import file_answers, refusals
from services.gateway.errors.problems import NoSuchPart, NotNow
from services.gateway.filetypes import TYPES
from services.gateway.keys.caller import CALLER
from services.gateway.parts import Gateway
from services.gateway.read.actions import Action
from services.gateway.read.files import VideoFile, find_animatic, find_card, find_clips, find_file
from services.gateway.read.status import read_status
from services.gateway.routes.inputs import At, Known
from shared.story.view import View

router = APIRouter()

Route = TypeVar("Route", bound=Callable[..., Any])
Rev = Annotated[int | None, Query(ge=1, description="A finished revision; else the latest.")]
Small = Annotated[bool, Query(description="A picture of at most 480 pixels a side.")]
HLS_MEDIA = "hls_media.m4s"
PathRev = Annotated[int, Path(ge=1, description="A finished revision.")]


def serve_file(router: APIRouter, path: str, name: str) -> Callable[[Route], Route]:
    """Return a decorator that serves one file by GET and by HEAD: each is an operation."""

    def add(route: Route) -> Route:
        for method in ("GET", "HEAD"):
            router.add_api_route(
                path,
                route,
                methods=[method],
                operation_id=f"{method.lower()}_{name}",
                response_class=Response,
                responses=file_answers(name, method) | refusals(422),
            )
        return route

    return add


@serve_file(router, "/v1/videos/{video_id}/media", "media")
async def send_film(known: Known, at: At, request: Request, rev: Rev = None) -> Response:
    """Send the finished film, or a range of it."""
    return await _send(known, at, request, "media", rev)


@serve_file(router, "/v1/videos/{video_id}/poster", "poster")
async def send_poster(
    known: Known, at: At, request: Request, rev: Rev = None, small: Small = False
) -> Response:
    """Send the poster: one still of the film."""
    return await _send(known, at, request, "poster", rev, small=small)


@serve_file(router, "/v1/videos/{video_id}/animatic", "animatic")
async def send_animatic(
    known: Known,
    at: At,
    request: Request,
    rev: Annotated[int | None, Query(ge=1, description="A revision; else the latest.")] = None,
) -> Response:
    """Send the animatic: the storyboard's stills in their time, with a voice that costs nothing."""
    key = find_animatic(known, rev)
    if key is None:
        raise NoSuchPart(
            "The video has no animatic (yet): one is made where the storyboard is reviewed, or is "
            "all that is made."
        )
    return await media.serve(request, at.blobs, key, f"{known.video_id}-animatic")


@serve_file(router, "/v1/videos/{video_id}/card.png", "card")
async def send_card(known: Known, at: At, request: Request) -> Response:
    """Send the finished end card: its last picture."""
    key = find_card(known)
    if key is None:
        raise NoSuchPart("The video has no finished end card (yet), or is made without one.")
    still = await at.renditions.find_still(key)
    return await media.serve(request, at.blobs, still, f"{known.video_id}-card")


@serve_file(router, "/v1/videos/{video_id}/captions.srt", "srt")
async def send_srt(known: Known, at: At, request: Request, rev: Rev = None) -> Response:
    """Send the captions as SubRip."""
    return await _send(known, at, request, "srt", rev)


@serve_file(router, "/v1/videos/{video_id}/captions.vtt", "vtt")
async def send_vtt(known: Known, at: At, request: Request, rev: Rev = None) -> Response:
    """Send the captions as WebVTT."""
    return await _send(known, at, request, "vtt", rev)


@serve_file(router, "/v1/videos/{video_id}/contact.png", "contact")
async def send_contact_sheet(known: Known, at: At, request: Request, rev: Rev = None) -> Response:
    """Send the contact sheet: all beats on one picture."""
    return await _send(known, at, request, "contact", rev)


# The revision is part of these paths: a playlist names its media by a relative address, and must
# never lead into the media of another revision.


@serve_file(router, "/v1/videos/{video_id}/hls/{rev}/playlist.m3u8", "hls")
async def send_playlist(known: Known, at: At, request: Request, rev: PathRev) -> Response:
    """Send the HLS playlist of one revision."""
    if not CALLER.get().link_until:
        return await _send(known, at, request, "hls", rev)
    # a player that has come by a signed link has no key for what the playlist names, either
    text = await at.blobs.get(find_part(known, "hls", rev))
    path = request.url.path.replace("playlist.m3u8", HLS_MEDIA)
    _, _, signed = (await at.door.links.sign_beside(path)).partition("?")
    text = text.replace(HLS_MEDIA.encode(), f"{HLS_MEDIA}?{signed}".encode())
    return Response(text, media_type=TYPES[".m3u8"], headers={"Cache-Control": "no-store"})


@serve_file(router, "/v1/videos/{video_id}/hls/{rev}/hls_media.m4s", "hls_media")
async def send_hls_media(known: Known, at: At, request: Request, rev: PathRev) -> Response:
    """Send the media that the HLS playlist names."""
    return await _send(known, at, request, "hls_media", rev)


@serve_file(router, "/v1/videos/{video_id}/chunks/{chunk}", "chunk")
async def send_clip(
    known: Known, chunk: Annotated[int, Path(ge=0)], at: At, request: Request
) -> Response:
    """Send one clip as its model made it."""
    there = find_clips(known).get(chunk)
    if there is None:
        raise NoSuchPart(f"The video has no clip {chunk} (yet): its `chunks.urls` lists all.")
    return await media.serve(request, at.blobs, there.key, f"{known.video_id}-{chunk}")


async def _send(
    known: View,
    at: Gateway,
    request: Request,
    part: VideoFile,
    rev: int | None,
    *,
    small: bool = False,
) -> Response:
    key = find_part(known, part, rev)
    if small:
        key = await at.thumbnails.find(key)
    return await media.serve(request, at.blobs, key, known.video_id)


def find_part(known: View, part: VideoFile, rev: int | None) -> str:
    """Return the key of a file; refuse one that is not there."""
    key = find_file(known, part, rev)
    if key is None:
        raise _explain_absence(known, part)
    return key


def _explain_absence(known: View, part: VideoFile) -> Exception:
    """Return the refusal of a file that is not there: not yet, or never."""
    now = read_status(known)
    assert now is not None, "a view that was just found has a status"
    if Action.DOWNLOAD in now.actions:
        return NoSuchPart(
            f"The video was made without {part}, or has no such revision: "
            "its `links` and `revisions` list what there is."
        )
    return NotNow(
        f"The video is {now.status} ({now.percent} %). Its files are there once it is completed: "
        f"follow {now.links['events']}."
    )
