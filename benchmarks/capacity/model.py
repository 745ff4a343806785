"""Which part of an installation is full first, by how much comes in: a model of queues. Pure.

Every video needs some time of each station. A station has places that serve side by side; what
comes while all are busy waits. Comings are random, so the wait is that of M/M/c (Erlang's C).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

DAY = 86_400
FULL = 0.7
"""A station is given so many places that they are busy for no more than this share."""


@dataclass(frozen=True)
class Inputs:
    """What was measured, of the video of benchmarks/flow.py, in which no model takes any time."""

    cores: int
    """Processors of the machine."""
    pace: float
    """Videos a second, when they came at a steady pace."""
    paced_cpu_ms: Mapping[str, float]
    """Process → milliseconds of a processor for a video at that pace: whoever has time to spare
    takes what comes at once, and so little at a time, which costs more."""
    peak: float
    """Videos a second, when all were asked for at once."""
    cpu_ms: Mapping[str, float]
    """Process → milliseconds of a processor for a video then: that is what a full process does."""
    half_peak: float
    """Videos a second, when all were asked for at once and half of the processors had to do."""
    jobs: float
    rows: Mapping[str, float]
    """Collection → its rows for a video."""
    bytes: Mapping[str, int]
    """Collection → the bytes of these, with their indexes."""
    events: float
    kafka_bytes: int
    row_writes: float
    """How often a second one and the same row was written, by replicas that all wanted to."""


@dataclass(frozen=True)
class Station:
    """One thing that every video needs for a while."""

    name: str
    seconds: float
    """For one video."""
    most: float = inf
    """So many places it can have at most, as it is built now."""
    remedy: str = ""
    """What to do once that is reached."""

    def count_places(self, rate: float) -> int:
        """Return how many places this many videos a second need."""
        return max(1, ceil(rate * self.seconds / FULL))

    @property
    def ceiling(self) -> float:
        """Return the videos a second beyond which it can't keep up."""
        return self.most / self.seconds if self.seconds else inf

    def find_wait(self, rate: float, places: int) -> float:
        """Return how many seconds something waits here on average, for each second of service."""
        load = rate * self.seconds
        if load >= places:
            return inf
        return _erlang_c(load, places) / (places - load)


def _erlang_c(load: float, places: int) -> float:
    """Return the chance that all places are busy."""
    blocked = 1.0
    for place in range(1, places + 1):
        blocked = load * blocked / (place + load * blocked)
    return blocked / (1 - load / places * (1 - blocked))


@dataclass(frozen=True)
class World:
    """What is so outside of what was measured."""

    partitions: int = 12
    """Of each topic: as many replicas of a service share its events."""
    mongo_cores: float = 16.0
    """Of a primary, which takes all writes of its shard."""
    kafka_cores: float = 16.0
    creates_a_minute: float = 600.0
    """That a provider's account allows."""
    creates: float = 26.0
    """Of a video: its images, clips, voices and music."""
    encode_seconds: float = 30.0
    """Of a processor, for all that the stitcher encodes of a video."""
    shards: int = 1
    accounts: int = 1
    """At the provider."""
    turns: int = 3
    """Writes of the one row that says whose turn it is, for a video."""


def list_stations(known: Inputs, world: World) -> list[Station]:
    """Return all that a video needs, as an installation is built now."""
    stations = [
        Station(
            name,
            ms / 1000,
            inf if name == "gateway" else world.partitions,
            "more partitions: a topic's number can be raised while all runs",
        )
        for name, ms in known.cpu_ms.items()
        if name not in ("kafka", "mongodb")
    ]
    mongo, kafka = known.cpu_ms["mongodb"] / 1000, known.cpu_ms["kafka"] / 1000
    return [
        *stations,
        Station("MongoDB", mongo, world.mongo_cores * world.shards, "shard by video_id"),
        Station("Kafka", kafka, world.kafka_cores, "more brokers"),
        Station("encoding", world.encode_seconds, inf, "more stitchers"),
        Station(
            "the provider's rate",
            60 * world.creates / world.creates_a_minute,
            world.accounts,
            "more accounts or providers, each with a row of its own",
        ),
        Station(
            "the row of the rate",
            world.creates / known.row_writes,
            world.accounts,
            "the same: each account has its own row",
        ),
        Station(
            "the row of the turns",
            world.turns / known.row_writes,
            1,
            "a row for each group of owners",
        ),
    ]


def find_limit(stations: Sequence[Station]) -> Station:
    """Return the station that is full first."""
    return min(stations, key=lambda station: station.ceiling)


def predict_peak(known: Inputs, cores: float) -> float:
    """Return the videos a second that a machine can do where everything shares its processors."""
    return cores / (sum(known.cpu_ms.values()) / 1000)
