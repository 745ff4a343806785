"""The six services. Each is independent of the others; only this table knows them all."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line must be able to say what it can without loading any of it
    from shared.runtime.service import Service

NAMES = ("gateway", "planner", "storyboard", "soundtrack", "chunker", "stitcher")


def load(name: str) -> "Service":
    """The service of this name, imported when asked for."""
    service: Service = import_module(f"services.{name}").SERVICE
    return service
