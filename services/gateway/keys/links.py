"""Signed links: a browser's player, which sends no key, gets one file until the link ends."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode

from services.gateway.errors.callers import LinkRefused
from services.gateway.keys.caller import CALLER, OWNER, Caller, Role
from services.gateway.keys.secret import Secrets

NAME = "links"
"""Of the secret that links are signed with."""

LINK_SECONDS = 3600
ROUND_SECONDS = 300
"""Links end at full five minutes: so an answer stays the same for as long."""


@dataclass(frozen=True)
class Links:
    """Signs links, and reads them."""

    secrets: Secrets
    seconds: int = LINK_SECONDS

    async def sign_all(self, paths: Mapping[str, str]) -> dict[str, str]:
        """Return these links, signed where whoever asks has a key; else as they are."""
        caller = CALLER.get()
        if not caller.key:
            return dict(paths)
        secret, until = (await self.secrets.read(NAME)).current, self._find_end(caller)
        return {
            name: sign(secret, path, caller.owner, until, caller.key)
            for name, path in paths.items()
        }

    async def read(self, path: str, query: Mapping[str, str]) -> Caller:
        """Return who may follow a link; refuse one that we have not signed, or that has ended."""
        owner, until, key, given = (query.get(name, "") for name in SIGNED)
        if not re.fullmatch(OWNER, owner) or not re.fullmatch(r"[0-9]{1,12}", until):
            raise LinkRefused(ended=False)
        secret = await self.secrets.read(NAME)
        if not any(_is_signed(each, path, owner, int(until), key, given) for each in secret.all):
            raise LinkRefused(ended=False)
        if self._now() >= int(until) * 1000:
            raise LinkRefused(ended=True)
        return Caller(owner, Role.VIEWER, link_until=int(until), link_key=key)

    async def sign_beside(self, path: str) -> str:
        """Return a link for who came by one: it ends with the one that led here."""
        caller = CALLER.get()
        secret = (await self.secrets.read(NAME)).current
        return sign(secret, path, caller.owner, caller.link_until, caller.link_key)

    def _now(self) -> int:
        # the store's clock: all replicas agree when a link ends
        return self.secrets.store.now()

    def _find_end(self, caller: Caller) -> int:
        end = self._now() // 1000 + self.seconds + ROUND_SECONDS
        return end // ROUND_SECONDS * ROUND_SECONDS


SIGNED = ("owner", "expires", "key", "sig")
"""What a signed link has in its query, beside what its path takes."""


def sign(secret: str, path: str, owner: str, until: int, key: str = "") -> str:
    """Return the path with what lets whoever has it in until then, or until the key is revoked."""
    plain, _, query = path.partition("?")
    signed = {"owner": owner, "expires": until, **({"key": key} if key else {})}
    signed["sig"] = _make_signature(secret, plain, owner, until, key)
    return f"{plain}?{query}{'&' if query else ''}{urlencode(signed)}"


def _make_signature(secret: str, path: str, owner: str, until: int, key: str) -> str:
    # links of before have no key, and end by themselves
    said = "\n".join((path, owner, str(until), *([key] if key else ()))).encode()
    return hmac.new(bytes.fromhex(secret), said, sha256).hexdigest()


def _is_signed(secret: str, path: str, owner: str, until: int, key: str, given: str) -> bool:
    expected = _make_signature(secret, path, owner, until, key)
    # as bytes: compare_digest refuses texts that are not ASCII
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
