"""Pictures that users give, kept by content: the same one given again is the same image."""

import asyncio
from dataclasses import dataclass, field

from pydantic import BaseModel

from shared.base.pool import Pool
from shared.media.uploads import prepared
from shared.ports import Blobs
from shared.story.errors import BlobMissing
from shared.story.images import Picture, image_key


class Image(BaseModel):
    """A picture that is kept: upright, at most 2048 pixels on its long side."""

    id: str
    width: int
    height: int


@dataclass(frozen=True)
class Images:
    """Takes pictures in, and finds them again for their owner."""

    blobs: Blobs
    pool: Pool
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A picture of 40 megapixels can take 700 MiB to decode: one at a time."""

    async def take(self, data: bytes, owner: str) -> Image:
        """The picture in these bytes, whatever they are said to be; BadInput when there is none."""
        async with self.turn:
            picture = await self.pool.run(prepared, data)
        return await self.keep(picture, owner)

    async def keep(self, picture: Picture, owner: str) -> Image:
        """When this returns, the picture is durable."""
        await self.blobs.put(image_key(owner, picture.id), picture.png)
        return Image(id=picture.id, width=picture.width, height=picture.height)

    async def find(self, image_id: str, owner: str) -> str | None:
        """Its key; None where this owner has given no such picture."""
        key = image_key(owner, image_id)
        try:
            return (await self.blobs.stat(key)).key
        except BlobMissing:
            return None
