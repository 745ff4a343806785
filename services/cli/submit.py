"""`storywave submit` and `estimate`: a video is asked for, or its price."""

import argparse
from typing import Any
from uuid import uuid4

from services.cli.ads import show_picture
from services.cli.environment import check_all
from services.cli.inputs import read_plan_file, read_product, read_script
from services.cli.make import build_request
from services.cli.outcome import say
from services.cli.watch import settle, waits
from services.cli.where import ask, say_json
from services.gateway.requests import VideoRequest
from shared.client import Client
from shared.story.images import Picture


def submit(given: argparse.Namespace) -> int:
    """Ask for a video."""
    wish = read_wish(given)
    key = given.idempotency_key or uuid4().hex

    async def send(client: Client) -> int:
        asked = await wish.give_files(client)
        return await settle(client, given, await client.submit(idempotency_key=key, **asked))

    stopped = "it may have been accepted: `storywave list` tells"
    return ask(given, send, works=waits(given), makes=True, stopped=stopped)


def estimate(given: argparse.Namespace) -> int:
    """Tell what a video would cost."""
    wish = read_wish(given)

    async def send(client: Client) -> int:
        offer = await client.estimate(**await wish.give_files(client))
        if given.json:
            say_json(offer)
        else:
            say(f"up to ${offer.total}", *offer.notes)
        return 0

    return ask(given, send, makes=True)


class Wish:
    """A video as the options ask for it, with the files that are to be given first."""

    def __init__(
        self, given: argparse.Namespace, asked: VideoRequest, product: Picture | None
    ) -> None:
        self._given = given
        self._asked = asked
        self._product = product

    async def give_files(self, client: Client) -> Any:
        """Give the server all files, and return what it is to be asked for."""
        asked = self._asked
        if self._given.script is not None:
            kept = await client.upload(self._given.script)
            asked = asked.model_copy(update={"script": kept.id})
        if self._product is not None:
            image = await client.give_image(self._given.product.read_bytes())
            asked = show_picture(asked, image.id)
        return asked.model_dump(mode="json", exclude_unset=True)


def read_wish(given: argparse.Namespace) -> Wish:
    """Return what the options ask for, all of it checked before anything is sent."""
    script, product, plan = check_all(
        lambda: read_script(given.script),
        lambda: read_product(given.product),
        lambda: read_plan_file(given.plan),
    )
    return Wish(given, build_request(given, script, plan), product)
