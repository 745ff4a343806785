"""The catalog against what the provider publishes now. It only reads: nothing is run, or paid."""

import asyncio
from collections.abc import Iterable

from shared.engines.replicate.client import Provider
from shared.engines.replicate.compare import compare
from shared.engines.replicate.models import Model
from shared.engines.replicate.transport import Answered

AT_ONCE = 8


async def find_differences(provider: Provider, models: Iterable[Model]) -> dict[str, list[str]]:
    """Return model → what differs, in words, for those of which anything does.

    Raises what the provider raises where it can't be asked.
    """
    listed, room = list(models), asyncio.Semaphore(AT_ONCE)

    async def look(model: Model) -> list[str]:
        async with room:
            return await _look(provider, model)

    found = await asyncio.gather(*map(look, listed))
    return {model.name: words for model, words in zip(listed, found, strict=True) if words}


async def _look(provider: Provider, model: Model) -> list[str]:
    try:
        published = await provider.get_model(model.name)
    except Answered as answer:
        if answer.status != 404:
            raise
        return ["is not there any more"]
    newest = published.get("latest_version") or {}
    if model.is_official and published.get("is_official") is False:
        return ["is no official model any more: it is run at a version only"]
    if not model.is_official and newest.get("id") != model.version:
        return []  # of the version that is pinned here nothing changes, whatever comes after it
    return compare(model, newest.get("openapi_schema") or {})
