"""Ports whose caller may die at any call, before or after the call takes effect."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass
class Death:
    """The step at which this life ends; None lives for ever."""

    step: int | None
    after: bool
    taken: int = 0

    @property
    def dead(self) -> bool:
        return self.step is not None and self.taken > self.step


class Mortal:
    """A port whose caller may die at any call."""

    def __init__(self, port: Any, death: Death, calls: frozenset[str], gone: asyncio.Event) -> None:
        self._port, self._death, self._calls, self._gone = port, death, calls, gone

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._port, name)
        return self._step(inner) if name in self._calls else inner

    def _step(self, inner: Any) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            death = self._death
            if death.dead:
                raise asyncio.CancelledError
            last = death.step is not None and death.taken == death.step
            death.taken += 1
            if not last:
                return await inner(*args, **kwargs)
            if death.after:
                with suppress(Exception):  # whatever it says, nobody is there to hear it
                    await inner(*args, **kwargs)
            self._gone.set()
            raise asyncio.CancelledError

        return call
