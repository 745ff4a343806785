"""The base of every value that travels in an event or is stored in a row."""

from pydantic import BaseModel, ConfigDict

Micros = int
"""Micro-dollars: money is always an exact integer."""


class Fact(BaseModel):
    """A frozen value. Fields that this version does not know are kept as they came.

    A newer version of a service may write them, and an older one that reads, changes and writes
    the value again must not lose them.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
