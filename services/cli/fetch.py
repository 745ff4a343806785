"""`storywave download` and `open`: a film as a file, a video's page in the browser."""

import argparse
import webbrowser
from urllib.parse import quote

from services.cli.beside import name_beside, read_beside
from services.cli.environment import check_writable, name_file
from services.cli.outcome import say, tell
from services.cli.where import ask, say_json
from shared.client import Client
from shared.story.errors import BadInput


def download(given: argparse.Namespace) -> int:
    """Write a film to a file, and what is asked for beside it."""
    beside = read_beside(given.beside)
    output = given.output and check_writable(given.output)

    async def fetch(client: Client) -> int:
        video = await client.show(given.video)
        film = output or check_writable(name_file(video.title or video.request.prompt))
        written = {"media": await client.download(given.video, film)}
        for part, end in beside.items():
            written[part] = await client.download(given.video, name_beside(film, end), part)
        if given.json:
            say_json({part: str(path) for part, path in written.items()})
        else:
            say(*map(str, written.values()))
        return 0

    return ask(given, fetch)


def open_page(given: argparse.Namespace) -> int:
    """Show a video's page in the browser, and say its address."""

    async def show(client: Client) -> int:
        address = str(client.wire.http.base_url)
        if address.rstrip("/") == "http://localhost":
            raise BadInput(
                "no server runs here that could show its page: start `storywave up`", "server"
            )
        video = await client.show(given.video)  # who mistypes an id is told so here
        page = f"{address.rstrip('/')}/#/videos/{quote(video.id, '')}"
        if given.json:
            say_json({"url": page})
        else:
            say(page)
        if not webbrowser.open(page):
            tell("there is no browser here: open this address elsewhere")
        return 0

    return ask(given, show)
