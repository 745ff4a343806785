"""Who gets in: every request for users' data is of a caller, with a role that is high enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors.callers import NoKey, NotAllowed
from services.gateway.errors.handlers import answer
from services.gateway.errors.problems import Refusal, explain_error
from services.gateway.keys.apikeys import ApiKeys
from services.gateway.keys.caller import CALLER, LOCAL, Caller, Role
from services.gateway.keys.limits import Usage
from services.gateway.keys.links import Links
from services.gateway.keys.roles import READS, find_role, find_spending, is_guarded
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
    """Where only this machine itself can ask, whoever asks is who runs the process."""

    async def find_caller(self, scope: Scope) -> Caller:
        """Return who asks; refuse who has no key, or one that lets nobody in."""
        query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
        if "sig" in query and scope.get("method", "GET") in READS:
            return await self.links.read(scope["path"], query)
        token = _read_token(Headers(scope=scope))
        if token is None:
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


class Guard:
    """Lets callers in, and tells them how much they may still ask."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        asks = None
        try:
            caller = await self._door.find_caller(scope)
            asks = CALLER.set(caller)
            send = await self._tell_standing(send)
            await self._door.check_role(caller, scope.get("method", "GET"), scope["path"])
            await self._app(scope, receive, send)
        except Refusal as refusal:  # those of the routes are answered before they come here
            await _refuse(scope, receive, send, refusal)
        finally:
            if asks:
                CALLER.reset(asks)

    async def _tell_standing(self, send: Send) -> Send:
        """Return what sends an answer, which tells how much the key has left, if it has limits."""
        standing = await self._door.usage.count_request()
        return _add(standing.headers, send) if standing else send


def _read_token(headers: Headers) -> str | None:
    """Return the token that a request came with; None where it came with none.

    What a proxy adds for itself (`Basic …`) is not for us.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    is_ours = scheme.lower() == "bearer" or token.startswith(PREFIX)
    return token if is_ours else None


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.kind})
        return
    problem = explain_error(refusal, scope["path"])
    await answer(scope, problem, refusal.headers)(scope, receive, send)


def _add(told: Mapping[str, str], send: Send) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(told)
        await send(message)

    return send_with
