"""Errors as RFC 9457 problem documents: every one says what to do.

A class has a code (`kind`); the status of each code stands in table.py, and here only to be read.

PermanentError
└── Refusal                   a request that cannot be served, with its HTTP status
    ├── NoSuchVideo           404
    ├── VideoGone             410, a video that was deleted
    ├── NoSuchImage           404
    ├── NoSuchUpload          404
    ├── NoSuchWebhook         404
    ├── NoSuchDelivery        404
    ├── NoSuchPart            404
    ├── Unreadable            503, a video that another version wrote, or a damaged one
    ├── NotNow                409, from the table of what a status allows
    ├── InUse                 409, a file that a video uses
    ├── Changed               412, the video has changed since its ETag was given
    ├── KeyReused             422, an Idempotency-Key with another request
    ├── TooManyUploads        503
    ├── WrongType             415
    ├── WrongHost             421
    ├── NotSigned             401, a webhook that its sender did not sign
    ├── CrossSite             403, a write that a page of another site has sent
    └── …                     and those about who asks in callers.py, and again in repeated.py
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from services.gateway.errors.table import PROBLEMS, make_type
from services.gateway.errors.wording import KEY, Fields, advise, trim_text
from shared.story.errors import (
    BadInput,
    BlobMissing,
    InfrastructureError,
    PermanentError,
    machine_trouble,
)
from shared.story.fact import Micros
from shared.story.money import say_dollars

MEDIA_TYPE = "application/problem+json"

MOST_ERRORS = 20
"""One answer names at most so many: whoever makes more mistakes finds the rest the next time."""
PATH_LENGTH = 200


class BadQuery(BadInput):
    """What is off stands in the query of a request, and not in its body."""


class BadFields(BadInput):
    """Several fields are off; the text names each, and `errors` has them one by one."""

    def __init__(self, message: str, errors: Sequence["FieldError"]) -> None:
        super().__init__(message, errors[0].field)
        self.errors = errors


class FieldError(BaseModel):
    """One thing that is wrong with the input."""

    field: str = Field(description="The path of the field, as in end_card.headline.")
    pointer: str = Field(
        "",
        description="Where it is in the body, as a JSON Pointer: /end_card/headline. Empty where "
        "that can't be said, or it is not in the body.",
    )
    message: str = Field(description="What is wrong, and what is accepted.")


class Problem(BaseModel):
    """RFC 9457: an error for programs and people."""

    type: str = Field(description="The page about this sort of problem, on this server.")
    code: str = Field(
        "", description="The end of `type`: a word for programs, which stays the same."
    )
    title: str
    status: int
    detail: str = Field(description="What happened here, and what to do about it.")
    hint: str = Field(
        "", description="What to do about this sort of problem; `detail` has what to do about this."
    )
    instance: str = Field("", description="The path of the request.")
    errors: list[FieldError] = Field(default_factory=list, max_length=MOST_ERRORS)
    request_id: str = Field("", description="Name it to whoever runs this: the log has it too.")


class Refusal(PermanentError):
    """A request that cannot be served."""

    kind: str
    """Its code: a row of the one table of problems."""

    def __init__(
        self, message: str, over_http: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.over_http = over_http
        """What to do about it, for those who ask over HTTP: others have other means."""
        self.headers = headers or {}

    @property
    def status(self) -> int:
        """Return the HTTP status, as the table has it for this code."""
        return PROBLEMS[self.kind].status


class NoSuchVideo(Refusal):
    """There is no video of this id, or not for this owner."""

    kind = "no-such-video"

    def __init__(self, video_id: str) -> None:
        super().__init__(
            f"There is no video {trim_text(video_id)!r}. Check the id.",
            "GET /v1/videos lists your videos.",
        )


class VideoGone(Refusal):
    """The video was deleted, with everything that it owned."""

    kind = "video-deleted"

    def __init__(self, video_id: str, cost: Micros = 0) -> None:
        super().__init__(
            f"The video {trim_text(video_id)!r} was deleted; it had cost ${say_dollars(cost)}. "
            "To make one like it, ask for a new video (under an Idempotency-Key of its own)."
        )


class NoSuchImage(Refusal):
    """There is no picture of this id, or not for this owner."""

    kind = "no-such-image"

    def __init__(self, image_id: str) -> None:
        super().__init__(
            f"There is no image {trim_text(image_id)!r}. Check the id; POST /v1/images gives one."
        )


class NoSuchUpload(Refusal):
    """There is no file of this id, or not for this owner."""

    kind = "no-such-upload"

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            f"There is no upload {trim_text(upload_id)!r}. Check the id; POST /v1/uploads gives "
            "one, and one that no video uses is kept for a day."
        )


class TooManyUploads(Refusal):
    """As many files are being taken in as this process has room for."""

    kind = "too-many-uploads"

    def __init__(self) -> None:
        super().__init__("Too many files are being uploaded here at once. Try again in a moment.")


class NoSuchWebhook(Refusal):
    """There is no webhook of this id, or not for this owner."""

    kind = "no-such-webhook"

    def __init__(self, webhook_id: str) -> None:
        super().__init__(
            f"There is no webhook {trim_text(webhook_id)!r}. Check the id.",
            "GET /v1/webhooks lists your webhooks.",
        )


class NoSuchDelivery(Refusal):
    """The webhook was never to be told this."""

    kind = "no-such-delivery"

    def __init__(self, delivery_id: str) -> None:
        super().__init__(
            f"The webhook has no delivery {trim_text(delivery_id)!r}. Check the id.",
            "GET /v1/webhooks/{id}/deliveries lists them.",
        )


class StreamOver(Exception):
    """Whoever asks for this stream has read it to its end: a 204 makes it stop asking."""


class Unreadable(Refusal):
    """The stored facts of the video can't be read here."""

    kind = "unreadable-video"

    def __init__(self, video_id: str) -> None:
        super().__init__(
            f"The video {trim_text(video_id)!r} can't be shown now: a newer version of Storywave "
            "has written what is stored of it, or it is damaged. Nothing is lost: ask again later.",
            "Whoever runs this sees more with `storywave status --stuck`.",
        )


class NoSuchPart(Refusal):
    """The video is there, but it has no such part."""

    kind = "no-such-part"


class NotNow(Refusal):
    """The video's status does not allow it."""

    kind = "not-in-this-status"


class InUse(Refusal):
    """Videos use this file."""

    kind = "file-in-use"

    def __init__(self, videos: Sequence[str]) -> None:
        super().__init__(
            f"{len(videos)} of your videos are made from this file ({', '.join(videos[:3])}). "
            "Delete them first, or keep it."
        )


class Changed(Refusal):
    """The plan is another one than the If-Match header names."""

    kind = "changed-since"

    def __init__(self, rev: int) -> None:
        super().__init__(
            f"The video has changed meanwhile: it is at revision {rev}. "
            "Look at it as it is now, and ask again with the ETag of its plan (GET …/plan)."
        )


class KeyReused(Refusal):
    """An Idempotency-Key came again with another request."""

    kind = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used with another request. "
            "Send the same one to get its answer again, or use a new key for a new one."
        )


class WrongType(Refusal):
    """The body is of another type than this path takes."""

    kind = "wrong-content-type"

    def __init__(self, *types: str) -> None:
        super().__init__(f"Send the body with Content-Type: {' or '.join(types)}.")


class WrongHost(Refusal):
    """The request was meant for another host, or reached us under a name that is not ours."""

    kind = "unknown-host"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"Nothing is served here under the host {trim_text(host)!r}. Ask by localhost or by "
            "this machine's address, or name the host in STORYWAVE_HOSTS."
        )


class NotSigned(Refusal):
    """A webhook that did not come from the provider whose it says it is, or not lately."""

    kind = "webhook-not-signed"


class CrossSite(Refusal):
    """A browser sent this write for a page of another site."""

    kind = "cross-site"

    def __init__(self) -> None:
        super().__init__(
            "A page of another site asked for this, and only pages of this host may change things "
            "here. If it is yours, serve it under STORYWAVE_PUBLIC_URL, or let its server ask."
        )


_ADVICE: Mapping[int, tuple[str, str]] = {
    400: ("unreadable-body", "The body can't be read: send JSON in UTF-8, and not deeply nested."),
    404: ("no-such-path", "There is nothing at this path. GET /openapi.json describes all paths."),
    405: ("method-not-allowed", "This path takes other methods: see the Allow header."),
    413: ("body-too-large", "The body is larger than {detail}. Make it smaller and send it again."),
    503: ("too-many-bodies", "Too much is being sent here at once. Send it again in a moment."),
}


def explain_http_error(status: int, detail: str, path: str) -> Problem:
    """Return the problem for an error of the framework's own."""
    kind, advice = _ADVICE.get(status, ("http-error", "The request can't be served. Check it."))
    return _problem(status, kind, advice.format(detail=detail), path)


def explain_error(error: Exception, path: str) -> Problem:
    """Return the problem for one of our errors; anything unknown is our fault, and says so."""
    match error:
        case Refusal():
            said = f"{error} {error.over_http}".rstrip()
            return _problem(error.status, error.kind, said, path, hint=error.over_http)
        case BadFields():
            named, more = error.errors[:MOST_ERRORS], len(error.errors) - MOST_ERRORS
            return explain_fields(named, path, max(0, more))
        case BadInput():
            return explain_fields([_explain_field_of_ours(error)], path)
        case BlobMissing():
            gone = (
                "This file was made, and its bytes are missing. Make the video again. "
                "(A rehearsal, STORYWAVE_ENGINE=rehearsal, makes no files at all.)"
            )
            return _problem(410, "file-gone", gone, path)
        case _ if isinstance(error, InfrastructureError) or machine_trouble(error):
            # Only the log names the server: whoever asks could do nothing with it, or too much.
            wait = "Something that Storywave needs is away. Nothing is lost: try again soon."
            return _problem(503, "unavailable", wait, path)
        case _:
            broken = "Something broke inside; the log has the cause. Try again, then report it."
            return _problem(500, "internal", broken, path)


def _explain_field_of_ours(error: BadInput) -> FieldError:
    name = error.field or ""
    # our own fields have no dots in their names
    pointer = _point_to(name.split(".")) if name and not isinstance(error, BadQuery) else ""
    return FieldError(field=name, pointer=pointer, message=str(error))


def explain_fields(errors: Sequence[FieldError], path: str, more: int = 0) -> Problem:
    """Return the problem for an input: each field that is wrong, and how many more there are."""
    # in `detail` too: a client that shows only that must show what to do
    said = "; ".join(f"{e.field}: {e.message}" if e.field else e.message for e in errors)
    rest = f"; and {more:,} more" if more else ""
    return _problem(422, "bad-input", f"Correct the input: {said}{rest}.", path, errors)


def explain_field(
    error: Mapping[str, Any], loc: Sequence[Any], fields: Fields, *, in_body: bool = False
) -> FieldError:
    """Return one error of pydantic's about these fields in words that say what to do."""
    parts = [trim_text(str(part)) for part in loc if part != KEY]
    return FieldError(
        field=".".join(parts),
        pointer=_point_to(parts) if in_body else "",
        message=advise(error, loc, fields),
    )


def _point_to(parts: Sequence[str]) -> str:
    """Return the JSON Pointer of a place (RFC 6901)."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


def explain_input(
    error: ValidationError, fields: Fields, named: Callable[[str], str] = str
) -> BadFields:
    """Return one error that names all that is wrong, each field by the name that the user knows."""
    found = error.errors(include_url=False)  # the library's own pages are no help to a user
    wrong = [explain_field(each, each["loc"], fields, in_body=True) for each in found]
    said = (f"{named(e.field)}: {e.message}" if e.field else e.message for e in wrong)
    return BadFields("; ".join(said), wrong)


def _problem(
    status: int,
    kind: str,
    detail: str,
    path: str,
    errors: Sequence[FieldError] = (),
    hint: str = "",
) -> Problem:
    return Problem(
        type=make_type(kind),
        code=kind,
        title=kind.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        hint=hint or PROBLEMS[kind].remedy,
        instance=trim_text(path, PATH_LENGTH),  # a path can be as long as a browser lets it
        errors=list(errors),
    )
