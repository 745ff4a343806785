"""Refusals that are about who asks.

Refusal
├── NoKey              401, no key came with it, or one that lets nobody in
├── NoSuchKey          404
├── NotAllowed         403, from the table of which role may do what
├── LinkRefused        403, a signed link that is none, or has ended
├── SpentForToday      402, the key may promise no more money today
├── TooManyRequests    429, and when to come again
├── TooManyVideos      429
└── TooManyStreams     429
"""

from collections.abc import Mapping

from services.gateway.errors.problems import Refusal
from services.gateway.errors.wording import say_count, trim_text
from shared.story.fact import Micros
from shared.story.money import say_dollars


class NoKey(Refusal):
    """A key is needed, and none came, or one that lets nobody in."""

    def __init__(self, *, given: bool) -> None:
        self.kind = "key-not-valid" if given else "key-missing"
        said = "This API key is not valid: it was revoked or replaced, or there never was one."
        super().__init__(
            said if given else "This needs an API key.",
            "Send `Authorization: Bearer sw_…`. An admin makes keys by POST /v1/keys, and whoever "
            "runs this by `storywave keys create`.",
            {"WWW-Authenticate": "Bearer"},
        )


class NoSuchKey(Refusal):
    """There is no API key of this id, or not any more."""

    kind = "no-such-key"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"There is no API key {trim_text(key_id)!r}, or it was revoked. Check the id.",
            "GET /v1/keys lists all.",
        )


class NotAllowed(Refusal):
    """The caller's role does not allow it."""

    kind = "role-too-low"

    def __init__(self, role: str, needed: str, why: str = "") -> None:
        super().__init__(
            f"{why or 'This key may not do that'}: its role is {role}, and this needs {needed}.",
            f"Ask an admin for a key with the role {needed}.",
        )


class LinkRefused(Refusal):
    """A link that was not signed here, or that has ended."""

    def __init__(self, *, ended: bool) -> None:
        self.kind = "link-ended" if ended else "link-not-valid"
        super().__init__(
            "This link has ended." if ended else "This link is not valid here.",
            "Get a new one: the `links` of a video are signed each time it is read.",
        )


class TooManyRequests(Refusal):
    """The requests of this minute are used up."""

    kind = "too-many-requests"

    def __init__(self, limit: int, seconds: int, headers: Mapping[str, str]) -> None:
        super().__init__(
            f"This key may ask {limit} times a minute, and has.",
            f"Ask again in {seconds} s.",
            {"Retry-After": str(seconds), **headers},
        )


class TooManyVideos(Refusal):
    """As many videos are under way as the key may have."""

    kind = "too-many-active-videos"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"This key may have {say_count(limit, 'video')} under way, and has. "
            "Nothing was made or paid.",
            "Ask again when one has ended, or cancel one.",
            {"Retry-After": "30"},
        )


class TooManyStreams(Refusal):
    """As many streams are open as the key may have."""

    kind = "too-many-streams"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"This key may have {say_count(limit, 'stream')} open here, and has.",
            "Close one first. `/v1/events` is one stream over all of your videos.",
            {"Retry-After": "5"},
        )


class SpentForToday(Refusal):
    """The key may promise no more money today."""

    kind = "spend-limit"

    def __init__(self, limit: Micros, counted: Micros, more: Micros, seconds: int) -> None:
        super().__init__(
            f"This key may spend ${say_dollars(limit)} a day, its videos of today may spend "
            f"${say_dollars(counted)} already, and this one asks for ${say_dollars(more)} more. "
            "Nothing was made or paid.",
            "Give it a lower budget, or ask again tomorrow (UTC).",
            {"Retry-After": str(seconds)},
        )
