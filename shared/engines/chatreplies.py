"""What a chat server's reply means: refused, an answer, or nothing that one can rely on. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from shared.jobs.outcomes import Refused
from shared.story.fact import Micros
from shared.story.texts import make_one_line

_WORDS = 300  # letters of a server's own words that are passed on
_LONGEST_WAIT = 600.0  # seconds
_BUSY_SECONDS, _ACCOUNT_SECONDS = 10.0, 60.0
_MOST_TOKENS = 10**9

_FLAGGED = re.compile(r"content.?(filter|policy)|moderation|flagged|safety system", re.I)
_QUOTA = re.compile(r"insufficient.?(quota|credit)|billing", re.I)
_FORM = re.compile(r"response.?format|json.?(schema|object)|structured|grammar|guided", re.I)

FORMS = ("json_schema", "json_object", "text")
"""The forms of answer to ask for, from the strictest on: not every server takes each of them."""
LATER_LIMIT = "max_completion_tokens"


@dataclass(frozen=True)
class Reply:
    """What came back from a POST; `is_whole` unless it was longer than any answer may be."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True

    @property
    def is_answer(self) -> bool:
        """Tell whether the server accepted and answered."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """Return the body as text, whatever bytes it is made of."""
        return self.body.decode(errors="replace")


@dataclass(frozen=True)
class Answer:
    """What the model said."""

    text: str = ""
    refusal: str = ""
    """Why it refuses, where it says so apart from its text."""
    is_cut: bool = False
    """It had more to say than it was allowed."""
    usage: tuple[int, int] | None = None
    """The tokens of the question and of the answer, where the server counts them."""


@dataclass(frozen=True)
class Habits:
    """How a server wants to be asked: servers differ, and say so only when they refuse."""

    form: str = FORMS[0]
    limit: str = "max_tokens"
    """The name of the field that bounds the answer."""


@dataclass(frozen=True)
class Prices:
    """Dollars a million tokens, which is micro-dollars a token, in and out."""

    tokens_in: Decimal = Decimal(0)
    tokens_out: Decimal = Decimal(0)

    @property
    def is_free(self) -> bool:
        """Tell whether nothing is ever owed."""
        return not (self.tokens_in or self.tokens_out)

    def cost(self, tokens_in: int, tokens_out: int) -> Micros:
        """Return the price of so many tokens, rounded up."""
        exact = self.tokens_in * tokens_in + self.tokens_out * tokens_out
        return int(exact.to_integral_value(ROUND_CEILING))


FREE = Prices()


def read_refusal(reply: Reply, model: str) -> Refused | None:
    """Return why the server surely did not accept; None where it did, or nobody knows."""
    status = reply.status
    if reply.is_answer or status >= 500 or status in (408, 425):
        return None
    if status in (400, 403, 422) and _FLAGGED.search(reply.text):
        error = "the language model's server refuses this prompt: word it otherwise"
        return Refused("input", error, "flagged", at_fault="prompt")
    if status == 402 or (status == 429 and _QUOTA.search(reply.text)):
        error = "the account at the language model's server has no credit left: top it up"
        return Refused("account", error, "quota", seconds=_ACCOUNT_SECONDS)
    if status == 429:
        seconds = read_retry_after(reply)
        return Refused("busy", "the language model is busy", "rate_limited", seconds=seconds)
    if status in (401, 403):
        error = "the language model's server refuses the key: check STORYWAVE_LLM_KEY"
        return Refused("account", error, "auth", seconds=_ACCOUNT_SECONDS)
    if status < 400 or status in (404, 405):
        return Refused("model", _name_settings(model))
    error = f"the language model's server refuses the request: {read_words(reply)}"
    return Refused("input", error, "bad_input", at_fault="prompt")


def learn(reply: Reply, habits: Habits) -> Habits | None:
    """Return how to ask instead, where a server refuses the way it was asked; else None."""
    if reply.status not in (400, 422) or _FLAGGED.search(reply.text):
        return None
    if LATER_LIMIT in reply.text and habits.limit != LATER_LIMIT:
        return replace(habits, limit=LATER_LIMIT)
    if _FORM.search(reply.text) and habits.form != FORMS[-1]:
        return replace(habits, form=FORMS[FORMS.index(habits.form) + 1])
    return None


def read_answer(reply: Reply) -> Answer | None:
    """Return what the model said; None where the reply is no answer of a chat."""
    told = _parse(reply)
    choices = told.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return None
    refusal = message.get("refusal")
    ending = choice.get("finish_reason")
    if ending == "content_filter" and not refusal:
        refusal = "it was stopped by a filter"
    return Answer(
        _join_content(message.get("content")),
        make_one_line(refusal[:_WORDS]) if isinstance(refusal, str) else "",
        ending == "length",
        _read_usage(told.get("usage")),
    )


def read_retry_after(reply: Reply) -> float:
    """Return the seconds that a busy server asks for, within reason."""
    # the other form, a date, is of the server's clock: not worth the risk of believing it
    try:
        seconds = float(reply.headers.get("retry-after", ""))
    except ValueError:
        return _BUSY_SECONDS
    return min(seconds, _LONGEST_WAIT) if seconds > 0 else _BUSY_SECONDS


def read_words(reply: Reply) -> str:
    """Return what a server says about a failure, in one line."""
    told = _parse(reply)
    error = told.get("error", told)
    words = error
    if isinstance(error, dict):
        named = (error.get(name) for name in ("message", "detail", "error"))
        words = next((each for each in named if isinstance(each, str)), "")
    line = make_one_line(words[:_WORDS]) if isinstance(words, str) else ""
    return line or f"it answers {reply.status} and does not say why"


def explain_useless(reply: Reply) -> str:
    """Return what to say of a reply that was to be an answer, and is none."""
    if "error" in _parse(reply):  # accepted, and then it broke somewhere behind the server
        return f"the language model failed: {read_words(reply)}"
    return "what came back is no answer of a language model: check STORYWAVE_LLM_URL"


def _name_settings(model: str) -> str:
    return (
        f"the language model's server does not know “{model}”, or this address of it: check "
        "STORYWAVE_LLM_MODEL and STORYWAVE_LLM_URL, which often ends in /v1"
    )


def _parse(reply: Reply) -> Mapping[str, Any]:
    """Return the body's object; an empty one where there is none."""
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _join_content(content: object) -> str:
    """Return the text of a message, which may come in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _read_usage(usage: object) -> tuple[int, int] | None:
    """Return the counted tokens, in and out, where both are numbers that can be."""
    if not isinstance(usage, dict):
        return None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    known = [n for n in counts if type(n) is int and 0 <= n <= _MOST_TOKENS]
    return (known[0], known[1]) if len(known) == 2 else None
