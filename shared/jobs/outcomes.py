"""What an engine can say about one attempt. The ledger draws its conclusions from nothing else.

| said by | outcome                            | its money                            |
|---------|------------------------------------|--------------------------------------|
| submit  | Accepted, Produced, Ended, Refused | held, due, due, free                 |
| submit  | Deferred (where nothing is held)   | free                                 |
| poll    | Pending, Produced, Ended           | held, due, due                       |
| find    | Found, Ended                       | held, due                            |
| any     | an error                           | held: nobody knows what became of it |

An error that a submit raises never means "not accepted": only `Refused` does. So what nobody has
foreseen, in an engine or at a provider, can cost time, but it can't be paid for twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shared.story.fact import Micros

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
"""Why something failed, for programs; the words beside it are for people."""


@dataclass(frozen=True)
class Made:
    """What a working function made: files by the event field that will carry their key, and data.

    `files["key"]` becomes the event's `key`; names with a slash (`outputs/srt`) become entries of
    the event's mapping field `outputs`. `data` holds further fields of the event.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Quote:
    """What one more attempt would be: the model whose turn it is, and the most that it can cost.

    Without a ceiling it is not run at all: no cap could be kept.
    """

    ceiling: Micros | None
    model: str = ""


@dataclass(frozen=True)
class Accepted:
    """The provider works on it under its own id."""

    external_id: str


@dataclass(frozen=True)
class Pending:
    """Not finished: ask again after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Produced:
    """Finished: local files, outputs that still lie at the provider, and the exact cost."""

    made: Made = field(default_factory=Made)
    urls: Mapping[str, str] = field(default_factory=dict)
    cost: Micros = 0


@dataclass(frozen=True)
class Ended:
    """It was accepted and has ended without an output of use: failed, cancelled or aborted."""

    error: str
    code: Code = "internal"
    at_fault: str = ""
    """The input that was refused, as a user knows it: prompt, image, reference."""
    permanent: bool = False
    """No further try can help, at no model: such an input is never sent again unchanged."""
    retired: bool = False
    """This model will never do it; the next one might."""
    retry_after: float = 0.0
    most_tries: int | None = None
    """So often it may be tried with this kind of failure, where that is less than usual."""
    cancelled: bool = False
    cost: Micros = 0
    answer: str = ""
    """What a model answered that was of no use: the next try may have it mended."""


Why = Literal["busy", "account", "input", "model"]


@dataclass(frozen=True)
class Refused:
    """Surely not accepted: nothing runs, and nothing is owed.

    `busy` and `account` say nothing about the job: it keeps its place in the queue, and the
    provider is left alone for `seconds`. `input` and `model` are the job's own failure.
    """

    why: Why
    error: str
    code: Code = "internal"
    at_fault: str = ""
    seconds: float = 5.0
    creates_a_minute: int | None = None
    """The rate that the provider named in its answer, where it did."""


@dataclass(frozen=True)
class Deferred:
    """Not begun, for nobody's fault: take it up again after so long; nothing is counted."""

    seconds: float


@dataclass(frozen=True)
class Found:
    """What the provider runs that may be ours: newest last, of the same model and input.

    `is_complete`: it would be listed here if it had been accepted. Otherwise nobody can be sure.
    """

    ids: tuple[str, ...] = ()
    is_complete: bool = False
