"""How long things are kept that nobody needs for their own sake."""

from dataclasses import dataclass

DAY_MS = 24 * 60 * 60_000


@dataclass(frozen=True)
class Keeping:
    """Milliseconds for each sort of thing."""

    videos_ms: int = 0
    """Videos, from the last thing that happened to them; 0 is for ever."""
    uploads_ms: int = 7 * DAY_MS
    """Files that users gave, once no video uses them any more."""
    deliveries_ms: int = 30 * DAY_MS
    audit_ms: int = 365 * DAY_MS
    tombstones_ms: int = 90 * DAY_MS
