"""The routes: decode, call one function, encode. No logic lives here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.gateway import media
from services.gateway.errors.edges import (
    ACCEPTED,
    GIVEN,
    PICTURE,
    describe,
    file_answers,
    install,
    refusals,
)
from services.gateway.errors.problems import NoSuchImage, NoSuchPart, NotNow
from services.gateway.images import Image, Images
from services.gateway.intake import Intake
from services.gateway.read.live import Live
from services.gateway.read.videos import Page, Videos
from services.gateway.read.views import ALLOWED, Action, Part, VideoStatus, clips, file_key, status
from services.gateway.read.watch import Watch
from services.gateway.requests import ReframeRequest, VideoRequest
from services.gateway.revisions import Revisions
from shared.ports import Blobs
from shared.story.view import View


@dataclass(frozen=True)
class Gateway:
    """All that the routes call."""

    intake: Intake
    revisions: Revisions
    videos: Videos
    images: Images
    watch: Watch
    blobs: Blobs

    def close(self) -> None:
        """End what watchers follow, and the processes that read pictures."""
        self.watch.close()
        self.images.pool.close()


def create_app(gateway: Gateway) -> FastAPI:
    """The API over a running gateway."""
    api = _described()
    api.state.gateway = gateway
    return api


def openapi() -> dict[str, Any]:
    """The API's own description: docs/openapi.json is this."""
    return _described().openapi()


def _described() -> FastAPI:
    api = FastAPI(
        title="Storywave",
        version="1",
        summary="A prompt becomes a finished short video.",
        redoc_url=None,
    )
    install(api)
    _add_videos(api)
    _add_files(api)
    _add_images(api)
    describe(api)
    return api


# ── what routes are given ───────────────────────────────────────────────────────────────────────


def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


def _owner() -> str:
    """Without keys everything belongs to whoever runs the process: it listens on loopback only."""
    return "local"


At = Annotated[Gateway, Depends(_gateway)]
Owner = Annotated[str, Depends(_owner)]
Id = Annotated[str, Path(description="The id of a video, as POST /v1/videos gave it.")]


async def _known(video_id: Id, owner: Owner, at: At) -> View:
    return await at.videos.view(video_id, owner)


Known = Annotated[View, Depends(_known)]


# ── videos ──────────────────────────────────────────────────────────────────────────────────────


def _add_videos(api: FastAPI) -> None:
    api.post(
        "/v1/videos",
        operation_id="make_video",
        status_code=202,
        responses=ACCEPTED | refusals(400, 413, 422, 503),
    )(make)
    api.get("/v1/videos", operation_id="list_videos", responses=refusals(422, 503))(videos)
    api.get("/v1/videos/{video_id}", operation_id="get_video", responses=refusals(404, 503))(video)
    api.get(
        "/v1/videos/{video_id}/events",
        operation_id="follow_video",
        response_class=EventSourceResponse,
        responses={200: {"model": Live, "description": "The stream."}, **refusals(404, 503)},
    )(events)

    api.post(
        "/v1/videos/{video_id}/reframe",
        operation_id="reframe_video",
        status_code=202,
        responses=ACCEPTED | refusals(400, 404, 409, 413, 422, 503),
    )(reframe)


async def make(
    asked: VideoRequest,
    owner: Owner,
    at: At,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255, description="The same key and body: the same video."),
    ] = None,
) -> VideoStatus:
    """Make a video. The answer comes at once; follow `Location` or the video's events."""
    video_id = await at.intake.accept(asked, owner, idempotency_key)
    response.headers["Location"] = f"/v1/videos/{video_id}"
    response.headers["Retry-After"] = "2"
    return await at.videos.status(video_id, owner)


async def reframe(
    video_id: Id, asked: ReframeRequest, owner: Owner, at: At, response: Response
) -> VideoStatus:
    """The same video in another shape, from the clips there are: nothing is paid again."""
    await at.revisions.reframe(video_id, owner, asked.aspect)
    response.headers["Location"] = f"/v1/videos/{video_id}"
    response.headers["Retry-After"] = "2"
    return await at.videos.status(video_id, owner)


async def videos(
    owner: Owner,
    at: At,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of a page.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Page:
    """Your videos, newest first."""
    return await at.videos.page(owner, cursor, limit)


async def video(known: Known) -> VideoStatus:
    """One video: its status, how far each stage is, what it lacks and what it cost."""
    return _status(known)


async def events(known: Known, owner: Owner, at: At) -> AsyncIterator[ServerSentEvent]:
    """Live: a `snapshot`, then `progress`, ending with `completed`, `failed` or `cancelled`."""
    async for sort, message in at.watch.follow(known.video_id, owner):
        yield ServerSentEvent(event=sort, data=message)


# ── files ───────────────────────────────────────────────────────────────────────────────────────

_PARTS: tuple[tuple[str, Part], ...] = (
    ("media", "media"),
    ("poster", "poster"),
    ("captions.srt", "srt"),
    ("captions.vtt", "vtt"),
    ("contact.png", "contact"),
)
_STREAMED: tuple[tuple[str, Part], ...] = (
    ("playlist.m3u8", "hls"),
    ("hls_media.m4s", "hls_media"),  # as the playlist names it
)


def _add_files(api: FastAPI) -> None:
    for path, part in _PARTS:
        _add_file(api, f"/v1/videos/{{video_id}}/{path}", _download(part), part)
    for path, part in _STREAMED:  # a playlist must never lead into another revision's media
        _add_file(api, f"/v1/videos/{{video_id}}/hls/{{rev}}/{path}", _stream(part), part)
    _add_file(api, "/v1/videos/{video_id}/chunks/{chunk}", chunk_media, "chunk")


def _add_file(api: FastAPI, path: str, serve: Any, name: str) -> None:
    whose = "" if name == "image" else " of a video"
    for method in ("GET", "HEAD"):
        api.add_api_route(
            path,
            serve,
            methods=[method],
            operation_id=f"{method.lower()}_{name}",
            response_class=Response,
            summary=f"The {name}{whose}; ranges are served.",
            responses=file_answers(name, method) | refusals(422),
        )


Rev = Annotated[int | None, Query(ge=1, description="A finished revision; else the latest.")]
PathRev = Annotated[int, Path(ge=1, description="A finished revision.")]


def _download(part: Part) -> Any:
    async def download(known: Known, at: At, request: Request, rev: Rev = None) -> Response:
        return await _serve(known, at, request, part, rev)

    return download


def _stream(part: Part) -> Any:
    async def stream(known: Known, at: At, request: Request, rev: PathRev) -> Response:
        return await _serve(known, at, request, part, rev)

    return stream


async def _serve(
    known: View, at: Gateway, request: Request, part: Part, rev: int | None
) -> Response:
    key = file_key(known, part, rev)
    if key is None:
        raise _absent(known, part)
    return await media.serve(request, at.blobs, key, known.video_id)


async def chunk_media(
    known: Known, chunk: Annotated[int, Path(ge=0)], at: At, request: Request
) -> Response:
    """One clip as its model made it."""
    clip = clips(known).get(chunk)
    if clip is None:
        raise NoSuchPart(f"The video has no clip {chunk} (yet): its `chunks.urls` lists all.")
    return await media.serve(request, at.blobs, clip.key, f"{known.video_id}-{chunk}")


def _absent(known: View, part: Part) -> Exception:
    now = _status(known)
    if Action.DOWNLOAD in ALLOWED[now.status]:
        return NoSuchPart(
            f"The video was made without {part}, or has no such revision: "
            "its `links` and `revisions` list what there is."
        )
    return NotNow(
        f"The video is {now.status} ({now.percent} %). Its files are there once it is completed: "
        f"follow {now.links['events']}."
    )


def _status(known: View) -> VideoStatus:
    now = status(known)
    assert now is not None, "a view that was just found has a status"
    return now


# ── images ──────────────────────────────────────────────────────────────────────────────────────


def _add_images(api: FastAPI) -> None:
    api.post(
        "/v1/images",
        operation_id="give_image",
        status_code=201,
        openapi_extra={"requestBody": PICTURE},
        responses=GIVEN | refusals(413, 422, 503),
    )(give_image)
    _add_file(api, "/v1/images/{image_id}", image_file, "image")


async def give_image(owner: Owner, at: At, request: Request, response: Response) -> Image:
    """Keep a picture: its id is what `end_card.product_image` of a video takes."""
    image = await at.images.take(await request.body(), owner)
    response.headers["Location"] = f"/v1/images/{image.id}"
    return image


async def image_file(
    image_id: Annotated[str, Path(description="The id of an image, as POST /v1/images gave it.")],
    owner: Owner,
    at: At,
    request: Request,
) -> Response:
    """A picture that you have given, as WebP. One that no video uses is removed after a day."""
    key = await at.images.find(image_id, owner)
    if key is None:
        raise NoSuchImage(image_id)
    return await media.serve(request, at.blobs, key, image_id)
