"""The price that a video would have, said to whoever could pay it and has not said so."""

import os

from services.cli.outcome import tell
from services.gateway.requests import VideoRequest
from shared.runtime.compose import allow, price_engines
from shared.runtime.settings import Settings
from shared.runtime.terms import ask_engines
from shared.story.errors import BadInput
from shared.story.estimate import Ask, price_request
from shared.story.money import say_dollars
from shared.story.shape import expect_plan

TOKEN = "REPLICATE_API_TOKEN"


def say_price(asked: VideoRequest, chosen: Settings) -> None:
    """Say what a video would cost with paid engines, to whoever has a token and no --paid."""
    if chosen.paid or not os.environ.get(TOKEN):
        return
    ask = ask_engines(price_engines(chosen, paid=True))
    if ask is not None:
        offer = _say_offer(asked, chosen, ask)
        tell(f"{offer}; without --paid it is made on this machine, for nothing")


def _say_offer(asked: VideoRequest, chosen: Settings, ask: Ask) -> str:
    try:
        priced = price_request(expect_plan("", asked.brief("", allow(chosen))), ask)
    except BadInput as refusal:
        return f"paid engines could not make this: {refusal}"
    total = say_dollars(priced.total)
    return f"paid engines would make this for up to ${total} (--paid --budget {total})"
