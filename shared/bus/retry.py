"""How long a batch waits before it comes again. Pure."""

FIRST_SECONDS = 0.05
LONGEST_SECONDS = 2.0


def wait_seconds(failures: int, chance: float) -> float:
    """Return the seconds to wait: more with every failure in a row, up to the longest.

    `chance`, from 0 to 1, keeps replicas out of step that failed together.
    """
    ceiling = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 16))
    return ceiling * (0.5 + chance / 2)
