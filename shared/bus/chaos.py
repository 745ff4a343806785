"""What a real bus may do to its consumers, on purpose and from a seed: for tests."""

import random
from collections import deque
from dataclasses import dataclass

from shared.ports import Heard
from shared.story.errors import InfrastructureError


@dataclass(frozen=True, slots=True)
class Chaos:
    """Probabilities, each drawn by itself. The same seed draws the same for each service."""

    seed: int
    shuffle: bool = True
    """Events overtake each other within a batch and across batches."""
    double: float = 0.3
    """An event that is delivered comes once more, later."""
    crash: float = 0.0
    """A batch is torn from its handler, before or after it ran, and comes again."""

    def source(self, service: str) -> random.Random:
        """Return where a service's draws come from: no other service has a part in them."""
        return random.Random(f"{self.seed}/{service}")


class ChaosCrash(InfrastructureError):
    """A crash on purpose: the batch comes again."""


def draw_batch(
    queue: deque[Heard], limit: int, chaos: Chaos | None, source: random.Random
) -> list[Heard]:
    """Remove and return the next batch: the head of the queue, or what chaos makes of it."""
    batch = [queue.popleft() for _ in range(min(limit, len(queue)))]
    if chaos is None:
        return batch
    again = [event for event in batch if source.random() < chaos.double]
    if chaos.shuffle:
        source.shuffle(batch)
        delivered = source.randint(1, len(batch))
        # What is left out now comes behind later events: so they overtake each other.
        again += batch[delivered:]
        del batch[delivered:]
        source.shuffle(again)
    queue.extend(again)
    return batch
