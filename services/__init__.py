"""The six services. Each is independent of the others; only this list knows them all."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `storywave --help` must not have to load any of them
    from shared.runtime.service import Service

NAMES = ("gateway", "planner", "storyboard", "soundtrack", "chunker", "stitcher")


def load(name: str) -> "Service":
    """Return the service of this name; it is imported now, and not before."""
    service: Service = import_module(f"services.{name}").SERVICE
    return service
