"""The one table of problems: what each code means, and what to do about it.

Each has a page of its own, to which the `type` of a problem document leads. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PLACE = "/docs/problems"


@dataclass(frozen=True)
class Known:
    """A sort of problem."""

    status: int
    means: str
    remedy: str


PROBLEMS: Mapping[str, Known] = {
    "unreadable-body": Known(
        400,
        "The body of the request is no text in UTF-8, or nested too deeply.",
        "Send JSON in UTF-8, and not deeply nested.",
    ),
    "key-missing": Known(
        401,
        "This installation lets in only callers with an API key, and the request had none.",
        "Send `Authorization: Bearer sw_…`. An admin makes keys by `POST /v1/keys`, and whoever "
        "runs Storywave by `storywave keys create`.",
    ),
    "key-not-valid": Known(
        401,
        "The API key was revoked or replaced, or there never was one like it.",
        "Use the key that has taken its place, or ask an admin for one.",
    ),
    "webhook-not-signed": Known(
        401,
        "A webhook came in that its sender had not signed, or had signed long ago.",
        "Only the provider calls this path. Give Storywave the provider's signing secret "
        "(`STORYWAVE_REPLICATE_WEBHOOK_SECRET`), and check the clock of this machine.",
    ),
    "spend-limit": Known(
        402,
        "The key may promise no more money today: the budgets of its videos add up to its limit.",
        "Give the video a lower budget, ask again tomorrow (UTC), or have the limit raised.",
    ),
    "role-too-low": Known(
        403,
        "The role of the key does not allow this: viewers read, makers make what costs nothing, "
        "payers spend, admins give keys.",
        "Ask an admin for a key with the role that the message names.",
    ),
    "link-ended": Known(
        403,
        "A signed link has ended: each is good for about an hour, and ends with its key.",
        "Read the video again: its `links` are signed anew each time.",
    ),
    "link-not-valid": Known(
        403,
        "A signed link was not signed here, or was changed on its way.",
        "Take it from the `links` of the video as it stands there, with all of its query.",
    ),
    "cross-site": Known(
        403,
        "A browser has sent this write for a page of another site.",
        "If the page is yours, serve it under `STORYWAVE_PUBLIC_URL`, or let its server ask.",
    ),
    "no-such-path": Known(
        404, "Nothing is served at this path.", "`GET /openapi.json` describes all paths."
    ),
    "no-such-video": Known(
        404,
        "There is no video of this id, or it is not yours.",
        "Check the id: `GET /v1/videos` lists your videos.",
    ),
    "no-such-part": Known(
        404,
        "The video is there, and has no such beat, chunk, file or revision, or not yet.",
        "Its `links`, its storyboard and its assets list what there is.",
    ),
    "no-such-image": Known(
        404,
        "There is no picture of this id, or it is not yours.",
        "Check the id: `POST /v1/images` gives one.",
    ),
    "no-such-upload": Known(
        404,
        "There is no file of this id, or it is not yours.",
        "Check the id. A file that no video uses is kept for a day: upload it again.",
    ),
    "no-such-webhook": Known(
        404,
        "There is no webhook of this id, or it is not yours.",
        "Check the id: `GET /v1/webhooks` lists your webhooks.",
    ),
    "no-such-delivery": Known(
        404,
        "The webhook was never to be told this.",
        "Check the id: `GET /v1/webhooks/{id}/deliveries` lists them.",
    ),
    "no-such-key": Known(
        404,
        "There is no API key of this id, or it was revoked.",
        "Check the id: `GET /v1/keys` lists all.",
    ),
    "method-not-allowed": Known(
        405,
        "The path is served, and not by this method.",
        "The `Allow` header of the answer lists those that it takes.",
    ),
    "not-in-this-status": Known(
        409,
        "The status of the video does not allow this.",
        "The message names the status and what is possible; `actions` of a video lists the same.",
    ),
    "file-in-use": Known(
        409, "Videos are made from this file.", "Delete those videos first, or keep the file."
    ),
    "request-under-way": Known(
        409,
        "A request with this Idempotency-Key is being served just now.",
        "Ask again in a moment with the same key: you then get its answer.",
    ),
    "answer-not-kept": Known(
        409,
        "The first request with this Idempotency-Key was served, and its answer is not kept: it "
        "held a secret, or was very long. Nothing was done again.",
        "Look at what is there now. A secret that was lost can be replaced.",
    ),
    "video-deleted": Known(
        410,
        "The video was deleted, with everything that it owned.",
        "Ask for a new one, under an Idempotency-Key of its own.",
    ),
    "file-gone": Known(
        410,
        "The file was made, and its bytes are missing.",
        "Make the video again, and tell whoever runs this: bytes should not get lost.",
    ),
    "changed-since": Known(
        412,
        "The video has changed since the ETag in `If-Match` was given.",
        "Read `GET …/plan` as it is now, and ask again with its ETag.",
    ),
    "body-too-large": Known(
        413,
        "The body is larger than this path takes.",
        "Send at most 64 KiB of JSON, 10 MiB for a picture, 200 MiB for an upload.",
    ),
    "wrong-content-type": Known(
        415,
        "The body is of another type than this path takes.",
        "Send the `Content-Type` that the message names.",
    ),
    "unknown-host": Known(
        421,
        "The request names a host that is not served here.",
        "Ask by `localhost` or by an address, or name the host in `STORYWAVE_HOSTS`.",
    ),
    "bad-input": Known(
        422,
        "The input is off. `errors` names each field, or the first 20 of them.",
        "Correct each field as its message says. Nothing was made or spent.",
    ),
    "idempotency-key-reused": Known(
        422,
        "The Idempotency-Key was used with another request.",
        "Send the same request to get its answer again, or use a new key for a new one.",
    ),
    "too-many-requests": Known(
        429,
        "The key has used up its requests of this minute.",
        "Ask again after `Retry-After` seconds. `RateLimit` tells what is left.",
    ),
    "too-many-active-videos": Known(
        429,
        "As many videos are under way as the key may have.",
        "Ask again when one has ended, or cancel one.",
    ),
    "too-many-streams": Known(
        429,
        "The key has as many streams open as it may (`STORYWAVE_STREAMS_A_KEY`).",
        "Close one first. `/v1/events` is one stream over all of your videos.",
    ),
    "too-many-idempotency-keys": Known(
        429,
        "As many answers are kept for your Idempotency-Keys as there is room for.",
        "Ask without the header, or again in an hour.",
    ),
    "http-error": Known(
        400,
        "The request can't be served, for a reason that has no code of its own. Its status may be "
        "another one than 400.",
        "Check it against `/openapi.json`.",
    ),
    "internal": Known(
        500,
        "Something broke inside Storywave: a bug of ours.",
        "Try again. If it stays, report it with the `request_id`: the log has its cause there.",
    ),
    "unavailable": Known(
        503,
        "A server that Storywave needs is away. Nothing is lost.",
        "Try again after `Retry-After` seconds. Whoever runs this finds its name at `/readyz`.",
    ),
    "unreadable-video": Known(
        503,
        "What is stored of the video was written by a newer version, or is damaged.",
        "Ask again later. Whoever runs this sees more with `storywave status --stuck`.",
    ),
    "too-many-uploads": Known(
        503, "Too many files are being uploaded here at once.", "Try again in a moment."
    ),
    "too-many-bodies": Known(
        503, "Too much is being sent here at once.", "Send it again in a moment."
    ),
}


def make_type(code: str) -> str:
    """Return the `type` of a problem: where its page is."""
    return f"{PLACE}/{code}"
