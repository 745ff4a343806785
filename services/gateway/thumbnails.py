"""Small forms of pictures, for pages that show many: made when first asked for, and kept."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from shared.base.pool import Pool
from shared.media.thumbnails import shrink
from shared.ports import Blobs
from shared.story.errors import BlobMissing, InfrastructureError

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
SECONDS = 20


@dataclass(frozen=True)
class Thumbnails:
    """Finds the small form of a stored picture, or makes it."""

    blobs: Blobs
    pool: Pool

    async def find(self, key: str) -> str:
        """Return the key of the small form; of what has none, its own key."""
        if PurePosixPath(key).suffix not in PICTURES:
            return key
        small = f"{key}.small.webp"  # beside it: so it goes when its video goes
        with suppress(BlobMissing):
            return (await self.blobs.stat(small)).key
        data = await self.blobs.get(key)
        try:
            made = await self.pool.run(shrink, data, seconds=SECONDS)
        except InfrastructureError:
            raise
        except Exception:  # a picture that can't be made small is shown as it is
            return key
        await self.blobs.put(small, made)
        return small
