"""What can be set on the stand-in: at the start, and at any time over /_standin/settings."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["clip", "image", "voice", "music", "words", "text"]

LATENCY: dict[Kind, tuple[float, float]] = {
    "clip": (2.0, 40.0),
    "image": (0.5, 3.0),
    "voice": (0.5, 3.0),
    "music": (1.0, 20.0),
    "words": (0.5, 4.0),
    "text": (0.3, 6.0),
}
"""Seconds in the provider's queue, and seconds of work."""


class Settings(BaseModel):
    """Everything that is not a fault."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    token: str = "r8_standin"
    secret: str = "whsec_c3RhbmQtaW4tc2VjcmV0LW9mLTMyLWJ5dGVzIQ=="
    """With which webhooks are signed."""
    seed: int = 0
    pace: float = 1.0
    """So many times faster than the real provider works; its rates and deadlines stay."""
    latency: dict[Kind, tuple[float, float]] = {}
    """In place of what `LATENCY` says; not divided by the pace."""
    jitter: float = 0.2
    shrink: int = 1
    """Pictures and clips have their sides divided by this: a cheap storm."""
    refuse: Literal["401", "402"] | None = None
    """All creates are refused like this, until it is mended."""
    creates_a_minute: float = 600.0
    create_burst: int = 60
    reads_a_minute: float = 3000.0
    read_burst: int = 300
    """Real limits, held by token buckets; 0 a minute is none."""
    list_lag: float = 0.0
    """A run shows up in the list only after so many seconds."""
    flagged_word: str = "flagthis"
    """An input with this word fails as sensitive (E005)."""
    keep_seconds: float = 3600.0
    """After this, inputs, outputs and logs are forgotten, and URLs of outputs are dead."""
    file_seconds: float = 86_400.0
    run_seconds: float = 1800.0
    """No run works longer."""
    retired: list[str] = ["openai/sora-2"]
    versions: dict[str, str] = {}
    """Further pinned versions: hash to owner/name."""
    hook_retries: list[float] = [5.0, 20.0, 60.0]
    """Seconds after a run's end at which a webhook that was not taken comes again."""
