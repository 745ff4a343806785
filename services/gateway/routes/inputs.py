"""What routes are given: the gateway, who asks, and the video that a path names."""

from typing import Annotated

from fastapi import Depends, Path, Request

from services.gateway.parts import Gateway
from shared.story.view import View


async def find_gateway(request: Request) -> Gateway:
    """Return the gateway that this application stands on."""
    # A coroutine, as all here are: for a plain function the framework takes a thread.
    gateway: Gateway = request.app.state.gateway
    return gateway


async def find_owner() -> str:
    """Return who asks: without keys everything belongs to whoever runs the process."""
    return "local"


At = Annotated[Gateway, Depends(find_gateway)]
Owner = Annotated[str, Depends(find_owner)]
Id = Annotated[str, Path(description="The id of a video, as POST /v1/videos gave it.")]


async def find_video(video_id: Id, owner: Owner, at: At) -> View:
    """Return what is known of the video; refuse one that this owner does not have."""
    return await at.videos.view(video_id, owner)


Known = Annotated[View, Depends(find_video)]
