"""Fetches what a URL of a user's leads to: once, within bounds, and from a public address only."""

import asyncio
import socket
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from services.gateway.addresses import FIELD, Target, choose_address, read_url
from shared.base.trust import trusted
from shared.story.errors import BadInput
from shared.story.material import MAX_BYTES, new_hash

SECONDS = 120.0
"""In all. A host that sends slowly is not waited for, however steadily it sends."""
_TIMES = httpx.Timeout(10, connect=5)
_BLOCK = 1 << 20

_LOOKERS = ThreadPoolExecutor(16, "names")
"""Threads that look names up. A name server of whoever names a URL may say nothing for half a
minute, and no look-up can be ended: in the threads for all else it would hold up every file.
"""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return all addresses of a host; none where there is no such host."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_LOOKERS, look_up)
    except (OSError, UnicodeError):
        return []
    return [str(place[0]) for *_, place in found]


@dataclass(frozen=True)
class Downloads:
    """Fetches files."""

    loopback: bool = False
    """Also from this machine itself: for tests."""
    resolve: Resolve = resolve
    seconds: float = SECONDS

    async def save(self, url: str, path: Path) -> str:
        """Write what a URL leads to into a file; return the hash of its bytes.

        BadInput where it leads nowhere we would go, or not in time.
        """
        target = read_url(url, self.loopback)
        try:
            async with asyncio.timeout(self.seconds):
                found = await self.resolve(target.host, target.port)
                async with _ask(target, choose_address(found, self.loopback)) as answer:
                    _refuse_answer(answer)
                    return await save_parts(answer.aiter_raw(), path)
        except TimeoutError:
            late = f"the file did not come within {self.seconds:g} s: upload it instead"
            raise BadInput(late, FIELD) from None
        except httpx.HTTPError as error:
            away = "the file could not be fetched from there: upload it instead"
            raise BadInput(away, FIELD) from error


async def save_parts(parts: AsyncIterable[bytes], path: Path) -> str:
    """Write parts into a file as they come; return the hash of their bytes."""
    digest, held, size = new_hash(), bytearray(), 0
    with path.open("wb") as file:
        async for part in parts:
            size += len(part)
            if size > MAX_BYTES:
                raise BadInput(f"the file is larger than {MAX_BYTES >> 20} MiB: make it smaller")
            digest.update(part)
            held += part
            if len(held) >= _BLOCK:
                await asyncio.to_thread(file.write, held)
                held = bytearray()
        await asyncio.to_thread(file.write, held)
    return digest.hexdigest()


@asynccontextmanager
async def _ask(target: Target, address: str) -> AsyncIterator[httpx.Response]:
    """Ask the host at this address and at no other: its name is not looked up again."""
    place = f"[{address}]" if ":" in address else address
    # no proxy of the environment's, which would look the name up for itself
    async with httpx.AsyncClient(
        verify=trusted(), timeout=_TIMES, follow_redirects=False, trust_env=False
    ) as client:
        request = client.build_request(
            "GET",
            f"{target.scheme}://{place}:{target.port}{target.path}",
            headers={"Host": target.authority, "Accept-Encoding": "identity"},
            # the certificate must be that of the host that was named
            extensions={"sni_hostname": target.host},
        )
        answer = await client.send(request, stream=True)
        try:
            yield answer
        finally:
            await answer.aclose()


def _refuse_answer(answer: httpx.Response) -> None:
    if answer.is_redirect:
        raise BadInput("the URL leads on to another one: give that one", FIELD)
    if answer.status_code != 200:
        raise BadInput(f"the host answers {answer.status_code}: check the URL", FIELD)
    length = answer.headers.get("content-length", "")
    if length.isdecimal() and int(length[:18]) > MAX_BYTES:
        raise BadInput(f"the file is larger than {MAX_BYTES >> 20} MiB: make it smaller", FIELD)
