"""The ids of videos: nobody can guess one, and a repeated Idempotency-Key gives the same one."""

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from uuid import uuid4

from services.gateway.keys.secret import Secrets
from shared.ports import Store

NAME = "video ids"
"""Of the secret. It is never replaced: a key that was used must go on giving its video."""


@dataclass(frozen=True)
class VideoIds:
    """Makes ids of videos."""

    store: Store
    secrets: Secrets
    kept_in: Sequence[str]
    """The collections that know videos by id from their first moment on."""

    async def make(self, owner: str, key: str | None) -> str:
        """Return the same id for a repetition of the key; a new one without a key."""
        if key is None:
            return uuid4().hex
        before = make_guessable_id(owner, key)
        looks = [self.store.get(collection, [before]) for collection in self.kept_in]
        if any(await asyncio.gather(*looks)):
            return before
        secret = await self.secrets.read(NAME)
        return make_video_id(secret.current, owner, key)


def make_video_id(secret: str, owner: str, key: str) -> str:
    """Return the id that an owner's Idempotency-Key gives."""
    said = f"{owner}\n{key}".encode()
    return hmac.new(bytes.fromhex(secret), said, sha256).hexdigest()[:32]


def make_guessable_id(owner: str, key: str) -> str:
    """Return the id that a key gave before ids were secret: what it names is still there."""
    return blake2b(f"{owner}\n{key}".encode(), digest_size=16).hexdigest()
