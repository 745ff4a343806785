"""The Bus: events to services, at least once, in any order, in batches."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.story.events import Event


@dataclass(frozen=True, slots=True)
class Unread:
    """A fact that this version can't read: a newer version wrote it.

    Its event type is unknown here, or one of its values is. It is not an error: keep `body` as it
    is, under `name` and `slot`, where facts of this type are kept. A newer process reads it there.
    """

    video_id: str
    name: str
    """The type of the event."""
    slot: str
    """Which of this type's facts it is, within its video."""
    body: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return the id of the event, as the version that can read it spells it."""
        return f"{self.video_id}/{self.name}/{self.slot}"


Heard = Event | Unread
"""What a service hears."""

Handler = Callable[[Sequence[Heard]], Awaitable[None]]
"""Takes one batch. Returning commits it; raising brings the whole batch again."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a consumer is alive: what it is assigned, and how long since its loop last turned."""

    assigned: int
    progress_age: float
    has_joined: bool
    """It was given its share of the partitions, be it none: of more replicas than partitions, some
    have nothing to read, and work on jobs all the same.
    """


class Bus(Protocol):
    """Carries events to every service that reads their type."""

    def subscribe(
        self,
        service: str,
        types: Sequence[type[Event]],
        handle: Handler,
        *,
        is_patient: bool = False,
    ) -> None:
        """Give a service one consumer over all its event types. Call it before `start`.

        A patient one may be given its events up to half a second later where many come, so that it
        handles more of them at once.
        """
        ...

    async def start(self) -> None:
        """Begin to deliver."""
        ...

    async def stop(self) -> None:
        """Begin no new batch; finish and commit the one that runs."""
        ...

    async def publish(self, events: Sequence[Event]) -> None:
        """Return when every event is acknowledged.

        Raises Unpublishable, once all others are acknowledged, when the bus can never carry some
        of them; it names these. Raises BusUnavailable when the server does not acknowledge: then
        any of them may have been published, and all may be published again.
        """
        ...

    def health(self, service: str) -> Health:
        """Return how the consumer of this service does."""
        ...

    async def measure_lag(self, service: str) -> int:
        """Return how many events wait for this service in this process.

        Raises BusUnavailable where nobody knows.
        """
        ...
