"""Why something failed, for programs: one word each. The words beside it are for people. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

Code = Literal[
    "rate_limited",
    "quota",
    "timeout",
    "network",
    "auth",
    "bad_input",
    "flagged",
    "budget",
    "storage",
    "encode",
    "unresolved",
    "internal",
]

CODES: Mapping[Code, str] = {
    "rate_limited": "The provider took no more work at that rate, until all tries were used up.",
    "quota": "The provider's account may do no more: its money or its limit is used up.",
    "timeout": "It took longer than it may.",
    "network": "A server could not be reached, or its answer broke off.",
    "auth": "The provider refused the token of whoever runs this.",
    "bad_input": "What it was made from can't be used: the message says what to change.",
    "flagged": "The provider refused the words or the picture as sensitive: change them.",
    "budget": "There was not enough money left under the cap.",
    "storage": "What was made could not be stored, or was gone before it was.",
    "encode": "A clip, a segment or the film could not be written.",
    "unresolved": "Nobody knows whether the provider ran it: a person has to look.",
    "internal": "Anything else: the message, and the log of whoever runs this, say more.",
}
"""The one table of codes. The API, the webhooks and the docs read it."""

assert tuple(CODES) == get_args(Code), "the table has every code, in order"


def read_code(said: str, otherwise: Code = "internal") -> Code:
    """Return a code as it was said; another one where none was, or none that says anything."""
    known: dict[str, Code] = {code: code for code in CODES if code != "internal"}
    return known.get(said, otherwise)


def choose_code(said: Iterable[str]) -> Code:
    """Return the most frequent of several codes, of two that are equally frequent the first."""
    known = Counter[Code](read_code(code) for code in said if code)
    return max(known, key=lambda code: known[code]) if known else "internal"
