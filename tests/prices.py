"""A price list for tests: whole cents, so that sums are easily seen to be right."""

from shared.jobs.outcomes import Quote
from shared.runtime.terms import Terms
from shared.story.view import JobSpec

CENT = 10_000

PRICES = {"plan": 2, "reference": 4, "image": 4, "card": 4, "voice": 1, "music": 5, "clip": 25}
"""Kind → cents of one attempt."""
AT_DRAFT = {**PRICES, "clip": 5}


def ask(spec: JobSpec) -> Quote:
    """What one attempt costs at most: clips are cheaper at the tier `draft`."""
    prices = AT_DRAFT if spec.models == ("draft",) else PRICES
    return Quote(prices[spec.kind] * CENT, f"maker/{spec.kind}")


TERMS = Terms(ask)
