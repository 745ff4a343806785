"""What routes are given: the gateway, who asks, and the video that a path names."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from services.gateway.keys.caller import CALLER
from services.gateway.parts import Gateway
from shared.story.view import View

# Coroutines, though they wait for nothing: for plain functions the framework takes a thread each.


async def find_gateway(connection: HTTPConnection) -> Gateway:
    """Return the gateway that this application stands on."""
    gateway: Gateway = connection.app.state.gateway
    return gateway


async def find_owner() -> str:
    """Return the owner for whom is asked: edge/guard.py has looked at the key."""
    return CALLER.get().owner


At = Annotated[Gateway, Depends(find_gateway)]
Owner = Annotated[str, Depends(find_owner)]
Id = Annotated[str, Path(description="The id of a video, as POST /v1/videos gave it.")]


async def find_video(video_id: Id, owner: Owner, at: At) -> View:
    """Return what is known of the video; refuse one that this owner does not have."""
    return await at.videos.find(video_id, owner)


Known = Annotated[View, Depends(find_video)]
