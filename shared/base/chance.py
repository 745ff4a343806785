"""Chance of our own, so that what came together does not come together again.

Apart from the random numbers of Python that all share: whoever seeds those, as tests do to repeat
what they did, would make every process wait alike.
"""

import random

CHANCE = random.Random()


def spread(length: float, share: float = 0.25) -> float:
    """Return somewhat more or less than a length: at most this share of it."""
    return length * CHANCE.uniform(1 - share, 1 + share)
