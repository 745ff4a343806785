"""One POST to a URL of a user's: to a public address only, within bounds, and never further on."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from services.gateway.addresses import choose_address, read_url
from services.gateway.download import Resolve, resolve
from shared.base.trust import trusted
from shared.story.errors import BadInput, TransientError

SECONDS = 10.0
"""From the look-up of the name to the head of the answer. Its body is not read at all."""
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Answer:
    """The head of an answer."""

    status: int
    retry_after: float | None = None


@dataclass(frozen=True)
class Poster:
    """Posts to URLs of users."""

    loopback: bool = False
    """Also to this machine itself."""
    resolve: Resolve = resolve
    seconds: float = SECONDS

    async def check(self, url: str, field: str) -> None:
        """Refuse a URL that would never be posted to. A name that nobody knows yet may come."""
        try:
            target = read_url(url, self.loopback)
            async with asyncio.timeout(LOOK_SECONDS):
                found = await self.resolve(target.host, target.port)
            if found:
                choose_address(found, self.loopback)
        except TimeoutError:
            return
        except BadInput as error:
            raise BadInput(str(error).replace(": upload the file instead", ""), field) from error

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the head of the answer; TransientError where none came, in words for users."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._post(url, headers, body)
        except TimeoutError:
            raise TransientError(f"it did not answer within {self.seconds:g} s") from None
        except BadInput as error:
            raise TransientError("its address is not public, or not known now") from error
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise TransientError("it could not be reached, or broke off") from error

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        target = read_url(url, self.loopback)
        address = choose_address(await self.resolve(target.host, target.port), self.loopback)
        place = f"[{address}]" if ":" in address else address
        # No proxy of the environment's, which would look the name up for itself. Each post has a
        # connection of its own: one that is kept would be known by its address alone.
        async with httpx.AsyncClient(
            verify=trusted(), timeout=self.seconds, follow_redirects=False, trust_env=False
        ) as client:
            request = client.build_request(
                "POST",
                f"{target.scheme}://{place}:{target.port}{target.path}",
                content=body,
                headers={**headers, "Host": target.authority, "Connection": "close"},
                # the certificate must be that of the host that was named
                extensions={"sni_hostname": target.host},
            )
            answer = await client.send(request, stream=True)
            try:
                return Answer(answer.status_code, _read_wait(answer.headers))
            finally:
                await answer.aclose()


def _read_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks us to wait."""
    wait = headers.get("retry-after", "")
    return float(wait[:9]) if wait.isdecimal() else None
