"""Engines that cost money: built only where the settings say that they may work."""

from collections.abc import Callable, Mapping

from shared.engines.replicate.client import Provider
from shared.engines.replicate.engine import Polling, ReplicateEngine
from shared.engines.replicate.hooks import hook_base
from shared.engines.replicate.transport import Transport
from shared.jobs.rates import Limits
from shared.runtime.settings import Settings
from shared.story.kinds import (
    CARD,
    CLIP,
    IMAGE,
    MUSIC,
    PLAN,
    REFERENCE,
    VOICE,
    WORDS,
    AnyKind,
)

PAID = (PLAN, REFERENCE, IMAGE, CARD, VOICE, WORDS, MUSIC, CLIP)
"""The kinds for which the catalog has models. All others are made here."""


def build_paid_engines(
    settings: Settings, now: Callable[[], int]
) -> Mapping[AnyKind, ReplicateEngine]:
    """Return who does work for money, kind by kind. Nothing is asked of anybody yet.

    Where the provider calls us once a run has ended, there is less need to ask.
    """
    hooks = hook_base(settings.public_url, settings.replicate_webhook_secret)
    polling = Polling(share=0.1, least=5.0) if hooks else Polling()
    limits = Limits(settings.creates_a_minute or None, settings.runs_at_once or None)
    provider = Provider(Transport(now))
    engine = ReplicateEngine(provider, now, limits=limits, hooks=hooks, polling=polling)
    # a chat server that is named was chosen to plan
    return {kind: engine for kind in PAID if kind is not PLAN or not settings.llm_url}
