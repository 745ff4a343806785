"""Where a command acts: at the server that is named, else on the data folder here.

On a folder it is the same API, served to this process alone, over a socket that nobody else can
reach. So every command has one way to do its work, and the folder is opened as it is by any other
process: if a server runs on it, that one is asked in its place.
"""

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from services import NAMES, load
from services.cli.address import find_server, read_address
from services.cli.environment import log_to_file, read_settings
from services.cli.inspect import require_data
from services.cli.make import DRAIN_SECONDS, RESUME, stop_on_signals
from services.cli.outcome import say, tell
from shared.client import Client
from shared.runtime.settings import Settings
from shared.story.errors import BadInput
from shared.story.texts import escape_controls

PATIENCE = 60.0
LONG_PAUSE = 2.0
"""Seconds: whoever waits longer than this is told why."""

Use = Callable[[Client], Awaitable[int]]


def ask(
    given: argparse.Namespace,
    use: Use,
    *,
    works: bool = False,
    makes: bool = False,
    stopped: str = "",
) -> int:
    """Use a client of wherever the command acts; return the exit code.

    `works`: on a folder, all services work meanwhile; `makes`: the folder need not be there yet;
    `stopped`: what whoever stops it should know.
    """
    chosen = read_settings(given)
    is_here = not name_server(given, chosen) and not read_address(chosen.data)
    advice = RESUME if works and is_here else stopped

    async def run() -> int:
        async with stop_on_signals(advice), reach(given, works=works, makes=makes) as client:
            return await use(client)

    return asyncio.run(run())


def ask_or_do(given: argparse.Namespace, use: Use, do: Callable[[], int]) -> int:
    """Use the server that is named, or that runs on the folder; else do it on the folder here."""
    chosen = read_settings(given)
    if name_server(given, chosen) or chosen.mode == "cluster":
        return ask(given, use)
    require_data(chosen)
    try:
        return do()
    except BadInput as error:
        if error.field != "data" or not read_address(chosen.data):
            raise
    return ask(given, use)  # a folder has one process: it is asked


@asynccontextmanager
async def reach(
    given: argparse.Namespace, *, works: bool = False, makes: bool = False
) -> AsyncIterator[Client]:
    """Give a client of wherever the command acts."""
    chosen = read_settings(given)
    async with AsyncExitStack() as opened:
        if server := name_server(given, chosen):
            client = _connect(server, chosen)
        else:
            client = await _open_folder(chosen, opened, works=works, makes=makes)
        yield await opened.enter_async_context(client)


def name_server(given: argparse.Namespace, chosen: Settings) -> str:
    """Return the address of the server that is named; nothing where none is."""
    if given.server is None and (given.port is not None or given.host is not None):
        return find_server(chosen)
    return chosen.url


def _connect(server: str, chosen: Settings) -> Client:
    return Client(server, chosen.api_key or chosen.key, patience=PATIENCE, tell=_tell_wait)


def _tell_wait(seconds: float, why: str) -> None:
    if seconds > LONG_PAUSE:
        tell(f"{why} Trying again in {seconds:.0f} s.")


async def _open_folder(
    chosen: Settings, opened: AsyncExitStack, *, works: bool, makes: bool
) -> Client:
    """Return a client of the folder; of the server that runs on it, where one does."""
    if chosen.mode != "embedded":
        raise BadInput(
            "in a cluster its gateway is asked: name it with --server or STORYWAVE_URL", "server"
        )
    if not makes:
        require_data(chosen)
    if works:
        log_to_file(chosen)
    try:
        return await opened.enter_async_context(_serve_folder(chosen, works=works))
    except BadInput as error:
        server = read_address(chosen.data) if error.field == "data" else ""
        if not server:
            raise
        return _connect(server, chosen)


@asynccontextmanager
async def _serve_folder(chosen: Settings, *, works: bool) -> AsyncIterator[Client]:
    """Give a client of a folder, over an API that this process serves to itself alone."""
    from services.gateway.app import create_app  # a web framework that other commands do not need
    from services.gateway.parts import build_gateway
    from shared.runtime.compose import open_app
    from shared.runtime.http import Server

    fitting = chosen.model_copy(update={"drain_seconds": DRAIN_SECONDS})
    services = [load(name) for name in (NAMES if works else ("gateway",))]
    async with open_app(fitting, services, at_rest=not works) as app:
        gateway = build_gateway(app, loopback=chosen.fetch_loopback)
        server = Server(create_app(gateway))
        with TemporaryDirectory(prefix="storywave-") as folder:
            path = Path(folder) / "api"
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(str(path))
                serving = asyncio.create_task(server.serve(sockets=[sock]))
                try:
                    while not (server.started or serving.done()):
                        await asyncio.sleep(0.005)
                    yield Client(
                        "http://localhost", transport=httpx.AsyncHTTPTransport(uds=str(path))
                    )
                finally:
                    gateway.close()  # streams would hold up the stop
                    server.should_exit = True
                    await serving


def say_json(answer: Any, indent: int | None = 2) -> None:
    """Write an answer as JSON, with all that the server has said."""
    from pydantic_core import to_json

    text = to_json(answer, indent=indent).decode()
    say(*map(escape_controls, text.split("\n")))
