"""The provider's errors, and what each means for a job: two tables, without I/O.

A refusal says that a run was surely not created. The error of a run says why it ended. The
provider's own words are for the log: users are told in ours, with the provider's code.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.jobs.outcomes import Ended, Refused
from shared.story.errors import cause

ACCOUNT_SECONDS = 60.0
"""How long the provider is left alone that refuses the whole account: a person must mend it."""
TOLD = 200
"""Letters of a provider's own words that a user is told."""

_RATE = re.compile(r"(\d+) requests? per minute", re.IGNORECASE)
_UNSURE = frozenset({408, 499})
"""Below 500, and yet said where somebody lost patience with somebody else."""


@dataclass(frozen=True)
class Asked:
    """What was asked for: what an error names must be told in a user's words."""

    model: str
    names: Mapping[str, str]
    """Field of the model → the input as a user knows it: prompt, image, reference."""

    def name(self, field: str) -> str:
        """Return what a user calls a field, as `input.prompt`; empty where it is none of his."""
        return self.names.get(field.removeprefix("input.").split(".")[0], "")


# ── refusals ────────────────────────────────────────────────────────────────────────────────────


def judge_refusal(
    status: int, body: Mapping[str, Any], retry_after: float | None, asked: Asked
) -> Refused | None:
    """Return what a status from 400 on means for a create; None where it may run all the same."""
    if status >= 500 or status in _UNSURE:
        return None
    text = f"{body.get('title') or ''} {body.get('detail') or ''}"
    if status == 429:
        return _refuse_rate(text, retry_after)
    if status in (401, 403):
        return Refused(
            "account",
            "Replicate refuses the token: set REPLICATE_API_TOKEN to one that is valid "
            "(https://replicate.com/account/api-tokens). Work goes on by itself then.",
            code="auth",
            seconds=retry_after or ACCOUNT_SECONDS,
        )
    if status == 402:
        return Refused(
            "account",
            "There is no credit left at Replicate: add some "
            "(https://replicate.com/account/billing). Work goes on by itself some minutes later.",
            code="quota",
            seconds=retry_after or ACCOUNT_SECONDS,
        )
    if flagged := _judge_flagged(text, asked):
        return Refused("input", flagged.error, code="flagged", at_fault=flagged.at_fault)
    if status == 422:
        return _refuse_input(body, asked)
    if status == 413:
        return Refused("input", f"its inputs are too large for {asked.model}", code="bad_input")
    return Refused("model", f"{asked.model} is gone at Replicate, or can't be asked like this")


def _refuse_rate(text: str, retry_after: float | None) -> Refused:
    rate = _RATE.search(text)
    return Refused(
        "busy",
        "Replicate takes no more for now",
        code="rate_limited",
        seconds=5.0 if retry_after is None else retry_after,
        creates_a_minute=int(rate[1]) if rate else None,
    )


def _refuse_input(body: Mapping[str, Any], asked: Asked) -> Refused:
    """Return whose fault a refused input is: the user's, or that of our catalog."""
    wrong = _list_fields(body)
    if any(field.startswith("webhook") for field, _ in wrong):
        return Refused(
            "account",
            "Replicate refuses the address for its webhooks: correct STORYWAVE_PUBLIC_URL",
            code="bad_input",
            seconds=ACCOUNT_SECONDS,
        )
    users = [(asked.name(field), said) for field, said in wrong if asked.name(field)]
    if users and len(users) == len(wrong):
        said = "; ".join(f"its {name}: {_trim(words)}" for name, words in users)
        return Refused("input", f"{asked.model} refuses {said}", "bad_input", users[0][0])
    # what we chose ourselves is wrong: the next model may know it otherwise
    named = ", ".join(field.removeprefix("input.") for field, _ in wrong)
    about = f" ({named})" if named else ""
    return Refused("model", f"{asked.model} is not what our catalog says{about}", "bad_input")


def _list_fields(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    fields = body.get("invalid_fields")
    known = [each for each in fields if isinstance(each, dict)] if isinstance(fields, list) else []
    return [(str(each.get("field", "")), str(each.get("description", ""))) for each in known]


# ── ends of runs ────────────────────────────────────────────────────────────────────────────────


def judge_failure(error: object, asked: Asked) -> Ended:
    """Return what the error of a failed run means for its job."""
    text = str(error or "")
    if flagged := _judge_flagged(text, asked):
        return flagged
    for known in _RUNS:
        if known.is_meant(text):
            said = f"{asked.model} {known.said}{_code(text)}"
            return replace(known.end, error=said)
    words = f": {_trim(text)}" if text.strip() else ""
    return Ended(f"{asked.model} failed{words}")


_AGAIN = Ended("")
"""Nothing is wrong with the work: another try may go well."""


@dataclass(frozen=True)
class _Known:
    """One line of the table: what it is known by, what is said of it, and what follows."""

    marks: tuple[str, ...]
    said: str
    end: Ended = _AGAIN

    def is_meant(self, text: str) -> bool:
        return any(_has_mark(text, mark) for mark in self.marks)


_RUNS = (
    _Known(("(code: PA)", "Prediction interrupted"), "was interrupted"),
    _Known(
        ("E1001", "CUDA out of memory"),
        "has not enough memory for this input",
        Ended("", retired=True),
    ),
    _Known(
        ("E4875",),
        "got no address for its webhook: correct STORYWAVE_PUBLIC_URL",
        Ended("", code="bad_input", permanent=True),
    ),
    _Known(
        ("E001", "E002"),
        "can't be used at Replicate now: its own provider refuses it",
        Ended("", code="quota", retired=True),
    ),
    _Known(("E003", "E004"), "is overloaded at its own provider", Ended("", code="rate_limited")),
    _Known(("E9243",), "could not start with this input", Ended("", most_tries=2)),
    _Known(("E9825",), "could not hand over its output", Ended("", most_tries=2)),
    _Known(("E6716",), "did not start in time", Ended("", code="timeout")),
    _Known(("E8367", "E8765"), "was stopped at Replicate"),
    _Known(("E1000", "Director: unexpected error"), "failed at Replicate"),
)
"""Read from the top: `Director: …` only wraps a code, which decides where it is known."""

_FLAGGED = ("flagged as sensitive", "Failure to pass the risk control system", "E005")
_NSFW = "NSFW content detected"


def _judge_flagged(text: str, asked: Asked) -> Ended | None:
    """Return the end of a run whose input was refused for what it shows; None if it was not."""
    at_fault = _find_fault(text, asked)
    if _NSFW.lower() in text.lower():  # what was drawn, not what was asked: another seed may do
        said = f"{asked.model} drew what its safety check refuses: change the {at_fault}"
        return Ended(said, code="flagged", at_fault=at_fault, most_tries=2)
    if not any(_has_mark(text, mark) for mark in _FLAGGED):
        return None
    said = f"{asked.model} refuses the {at_fault} as sensitive: change it{_code(text)}"
    return Ended(said, code="flagged", at_fault=at_fault, permanent=True)


def _find_fault(text: str, asked: Asked) -> str:
    """Return the input at fault: the one that is named, else the words, which most often are it."""
    names: Iterable[str] = dict.fromkeys(asked.names.values())
    named = [name for name in names if re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)]
    return next(iter(named), "prompt" if "prompt" in names else next(iter(names), "prompt"))


def _has_mark(text: str, mark: str) -> bool:
    if re.fullmatch(r"E\d+", mark):
        return re.search(rf"\b{mark}\b", text) is not None
    return mark.lower() in text.lower()


def _code(text: str) -> str:
    code = re.search(r"\b(E\d{3,4}|PA)\b", text)
    return f" ({code[1]})" if code else ""


def _trim(text: str) -> str:
    """Return a provider's own words as far as a user is told them: one line, and no address."""
    plain = re.sub(r"\b\w+://\S+", "…", cause(Exception(text)))
    line = " ".join(plain.split())
    return line if len(line) <= TOLD else f"{line[: TOLD - 1]}…"
