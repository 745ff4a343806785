"""How much of everything, and how long."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Course:
    """One run: of how many videos, and what happens meanwhile."""

    name: str
    videos: int
    real: int
    """Videos that are conformed and cut in earnest."""
    kills: int
    stops: int
    restarts: int
    seconds: float
    """In which all of that happens."""
    asking: float
    """In which the videos are asked for."""
    limit: float
    """Then everything must have ended."""
    cuts: int = 0
    """How often the network between services and servers fails."""
    clocks: float = 0.0
    """By so many seconds the clocks of half of the processes are ahead, and the others behind."""
    pace: float = 20.0
    """The stand-in works so many times faster than the provider."""

    def slowed(self, times: float) -> "Course":
        """Return the same course with so many times as much time."""
        seconds, asking = self.seconds * times, self.asking * times
        return replace(self, seconds=seconds, asking=asking, limit=self.limit * times)


LONG = Course("chaos", 40, 2, kills=100, stops=25, restarts=9, seconds=420, asking=150, limit=870)
LONG = replace(LONG, cuts=20, clocks=60)
SHORT = Course("chaos-short", 6, 1, kills=12, stops=4, restarts=2, seconds=40, asking=20, limit=100)
SHORT = replace(SHORT, cuts=4, clocks=60)
EMBEDDED = Course(
    "chaos-embedded", 40, 2, kills=50, stops=6, restarts=0, seconds=190, asking=100, limit=290
)
EMBEDDED_SHORT = Course(
    "chaos-embedded-short", 6, 0, kills=8, stops=2, restarts=0, seconds=35, asking=15, limit=90
)
