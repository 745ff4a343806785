"""Which local function makes what. Filled in below as the pictures and sounds are made."""

from shared.engines.base import Work
from shared.events import Kind

WORK: dict[Kind, Work] = {}
