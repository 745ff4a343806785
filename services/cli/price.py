"""The price that a video would have, said to whoever could pay it and has not said so."""

import os

from services.cli.outcome import tell
from services.gateway.requests import VideoRequest
from shared.runtime.compose import price_engines
from shared.runtime.settings import Settings
from shared.runtime.terms import ask_engines
from shared.story.estimate import estimate_video
from shared.story.money import say_dollars
from shared.story.shape import expect_plan

TOKEN = "REPLICATE_API_TOKEN"


def say_price(asked: VideoRequest, chosen: Settings) -> None:
    """Say what a video would cost with paid engines, to whoever has a token and no --paid."""
    if chosen.paid or not os.environ.get(TOKEN):
        return
    ask = ask_engines(price_engines(chosen, paid=True))
    if ask is None:
        return
    total = say_dollars(estimate_video(expect_plan("", asked.brief("")), ask).total)
    tell(
        f"paid engines would make this for up to ${total} (--paid --budget {total}); "
        "without --paid it is made on this machine, for nothing"
    )
