"""Refusals of requests that come again under one Idempotency-Key.

Refusal
├── UnderWay              409, the first one has not been answered yet
├── NotKept               409, it was done, and its answer held a secret
└── TooManyKept           429
"""

from services.gateway.errors.problems import Refusal


class UnderWay(Refusal):
    """A request with this Idempotency-Key is being served just now."""

    kind = "request-under-way"

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is being served just now.",
            "Ask again in a moment, with the same key: you then get its answer.",
            {"Retry-After": "1"},
        )


class NotKept(Refusal):
    """The first request was served, and what it was answered may not be kept."""

    kind = "answer-not-kept"

    def __init__(self) -> None:
        super().__init__(
            "The first request with this Idempotency-Key was served, and nothing was done again. "
            "Its answer is not kept: it held a secret, which is shown once, or was very long.",
            "Look at what is there now. A secret that was lost can be replaced.",
        )


class TooManyKept(Refusal):
    """As many answers are kept for this owner as there may be."""

    kind = "too-many-idempotency-keys"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most:,} answers are kept for your Idempotency-Keys of the last two days, "
            "and there is no room for another. Nothing was done.",
            "Ask without the header, or again in an hour.",
            {"Retry-After": "3600"},
        )
