"""A store's clock that a test can move: what is due in an hour is due now, and nobody sleeps."""

from shared.store.clock import LocalClock


class Clock:
    """The real time, and what a test has added to it."""

    def __init__(self) -> None:
        self._real = LocalClock()
        self._ahead = 0

    def __call__(self) -> int:
        return self._real() + self._ahead

    def move(self, milliseconds: int) -> None:
        """Let so much time have passed."""
        self._ahead += milliseconds
