"""Videos as OpenAI's clients read them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Field

from services.gateway.openai.requests import MODEL, REMIXED
from services.gateway.read.actions import Status
from services.gateway.read.status import VideoStatus
from shared.story.formats import canvas

Lifecycle = Literal["queued", "in_progress", "completed", "failed"]

LIFECYCLE: Mapping[Status, Lifecycle] = {
    Status.QUEUED: "queued",
    Status.RUNNING: "in_progress",
    Status.AWAITING_APPROVAL: "in_progress",
    Status.PAUSED: "in_progress",
    Status.BUDGET_EXCEEDED: "failed",  # else a client that asks would ask for ever
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
    Status.DELETING: "failed",
}
"""Our status → theirs."""


class VideoError(BaseModel):
    """Why a video has failed."""

    code: str
    message: str


class OpenAIVideo(BaseModel):
    """A video in their shape."""

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Lifecycle
    progress: int = Field(ge=0, le=100)
    created_at: int = Field(description="Seconds since 1970.")
    completed_at: int | None = None
    expires_at: int | None = None
    seconds: str
    size: str
    prompt: str | None = None
    remixed_from_video_id: str | None = None
    error: VideoError | None = None


class OpenAIPage(BaseModel):
    """A page of videos in their shape."""

    object: Literal["list"] = "list"
    data: list[OpenAIVideo]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False


class OpenAIDeleted(BaseModel):
    """That a video is deleted."""

    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: Literal[True] = True


def describe_video(now: VideoStatus) -> OpenAIVideo:
    """Return a video in their shape."""
    size = canvas(now.aspect, now.request.quality)
    return OpenAIVideo(
        id=now.id,
        model=now.metadata.get(MODEL, "storywave"),
        status=LIFECYCLE[now.status],
        progress=now.percent,
        created_at=int(now.created_at.timestamp()),
        completed_at=int(now.completed_at.timestamp()) if now.completed_at else None,
        seconds=f"{now.request.duration:g}",
        size=f"{size.width}x{size.height}",
        prompt=now.request.prompt,
        remixed_from_video_id=now.metadata.get(REMIXED),
        error=_find_error(now),
    )


def _find_error(now: VideoStatus) -> VideoError | None:
    if LIFECYCLE[now.status] != "failed":
        return None
    if now.status is Status.CANCELLED:
        return VideoError(code="cancelled", message="The video was cancelled.")
    if now.status is Status.DELETING:
        return VideoError(code="deleted", message="The video is being deleted.")
    if now.exceeded is not None:
        return VideoError(code="budget_exceeded", message=now.exceeded.message)
    return VideoError(code="generation_failed", message=now.error or "It could not be made.")


def describe_page(videos: Sequence[VideoStatus], *, has_more: bool) -> OpenAIPage:
    """Return a page of videos in their shape."""
    data = [describe_video(video) for video in videos]
    ends = {"first_id": data[0].id, "last_id": data[-1].id} if data else {}
    return OpenAIPage(data=data, has_more=has_more, **ends)
