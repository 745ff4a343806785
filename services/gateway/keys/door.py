"""Who gets in, and to what: the decision on one request, before any route hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway.errors.callers import LinkRefused, NoKey, NotAllowed
from services.gateway.errors.foreign import PREFIX as FOREIGN
from services.gateway.keys.apikeys import ApiKeys
from services.gateway.keys.caller import LOCAL, Caller, Role
from services.gateway.keys.limits import Usage
from services.gateway.keys.links import Links
from services.gateway.keys.roles import READS, find_role, find_spending
from services.gateway.keys.tokens import PREFIX
from shared.jobs.gate import Gate


@dataclass(frozen=True)
class Door:
    """What is needed to tell who asks, and what they may."""

    keys: ApiKeys
    links: Links
    usage: Usage
    gate: Gate
    needs_key: bool = False
    """Without, whoever asks is who runs the process: only this machine can."""

    async def find_caller(
        self, method: str, path: str, query: Mapping[str, str], authorization: str
    ) -> Caller:
        """Return who asks; refuse who has no key, or one that lets nobody in."""
        if "sig" in query and method in READS:
            reader = await self.links.read(path, query)
            if reader.link_key and not await self.keys.is_good(reader.link_key):
                raise LinkRefused(ended=True)  # with the key that it was signed for
            return reader
        token = _read_token(authorization)
        is_filler = path.startswith(FOREIGN) and not (token or "").startswith(PREFIX)
        if token is None or (is_filler and not self.needs_key):  # their clients can't send none
            if self.needs_key:
                raise NoKey(given=False)
            return LOCAL
        caller = await self.keys.find(token)
        if caller is None:
            raise NoKey(given=True)
        return caller

    async def check_role(self, caller: Caller, method: str, path: str) -> None:
        """Refuse what the caller's role does not allow."""
        needed = find_role(method, path)
        if not caller.role.includes(needed):
            raise NotAllowed(caller.role, needed)
        video = find_spending(method, path)
        if video is None or caller.role.includes(Role.PAYER):
            return
        money = await self.gate.read(video)
        # of another's video not even this is told
        if money and money.get("cap") and money["owner"] == caller.owner:
            raise NotAllowed(caller.role, Role.PAYER, "The video has a budget that this may spend")


def _read_token(authorization: str) -> str | None:
    """Return the token that a request came with; None where it came with none.

    What a proxy wants for itself (`Basic …`) is not for us.
    """
    scheme, _, token = authorization.partition(" ")
    is_ours = scheme.lower() == "bearer" or scheme.startswith(PREFIX)
    return (token.strip() or scheme) if is_ours else None
