"""Requests for videos, each changed until it is odd: some are still right, and become videos."""

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from benchmarks.attack.texts import STORY, write_text
from benchmarks.attack.wire import Input, write_request

JSON = "application/json"
Request = dict[str, Any]

SMALL: Request = {"prompt": STORY, "duration": 10}
FULL: Request = {
    "prompt": STORY,
    "duration": 20,
    "aspect": "16:9",
    "quality": "draft",
    "style": "cinematic",
    "voice": True,
    "music": False,
    "captions": "karaoke",
    "transition": "auto",
    "transition_seconds": 0.5,
    "clip_sound": False,
    "end_card": {
        "headline": "The sea",
        "call_to_action": "Come and see",
        "seconds": 2,
        "style": "auto",
        "colour": "#ff8800",
        "product_image": None,
    },
    "min_clips": 1,
    "clips_at_once": 6,
    "seed": 7,
    "priority": 2,
    "budget": "5",
}
REFRAME: Request = {"aspect": "1:1"}

NUMBERS: list[object] = [0, -1, 0.1, -0.0, 1e308, 5e-324, float("nan"), float("inf"), -float("inf")]
NUMBERS += [
    2**31,
    2**31 - 1,
    2**53 + 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**400,
    3.0,
    9.999999999999999,
]
NAMES = [
    "auto",
    "none",
    "9:16",
    "1:1",
    "full",
    "__class__",
    "../../etc/passwd",
    "..\\..\\x",
    "0" * 32,
]
NAMES += ["$where", "a.b", "%00", "#000000", "\ud800", "a\udfff", "\ud83d", "\ufffe", "null", ""]
OTHERS: list[object] = [None, True, False, [], {}, [[]], {"": None}, [1] * 3_000, {"$gt": ""}]

DEEP = "@deep@"  # stands for what is too deep to be written out from values


def make_bodies(rng: Random, known: Callable[[], str]) -> Iterator[Input]:
    """Yield requests without end; `known` gives the id of some video."""
    while True:
        yield Input("body", rng.choices(_WAYS, _WEIGHTS)[0](rng, known()), rng.random() < 0.02)


def _change_values(rng: Random, video: str) -> bytes:
    request, path = _choose(rng, video)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        _change_one(rng, request)
    return _post(path, _write(rng, request))


def _choose(rng: Random, video: str) -> tuple[Request, str]:
    if rng.random() < 0.1:
        return copy.deepcopy(REFRAME), f"/v1/videos/{video}/reframe"
    return copy.deepcopy(rng.choice([SMALL, FULL, FULL, FULL])), "/v1/videos"


def _change_one(rng: Random, request: Request) -> None:
    """Give one field another value, another name, or none."""
    card = request.get("end_card")
    inside = card if isinstance(card, dict) and card and rng.random() < 0.3 else request
    name = rng.choice(list(inside) or ["prompt"])
    match rng.randrange(10):
        case 0:
            inside.pop(name, None)
        case 1:
            inside[rng.choice([name.upper(), f"{name}\0", f" {name}", rng.choice(NAMES)])] = 1
        case _:
            inside[name] = _make_value(rng)


def _make_value(rng: Random) -> object:
    text = write_text(rng)
    sorts: list[list[object]] = [NUMBERS, [*NAMES], OTHERS, [text, text[:100], text * 40], [DEEP]]
    return rng.choice(rng.choices(sorts, [4, 3, 2, 3, 1])[0])


def _write(rng: Random, request: Request) -> bytes:
    """Return it as JSON, in one of the ways in which JSON can be written."""
    plain = rng.random() < 0.5
    text = json.dumps(request, ensure_ascii=plain, indent=rng.choice([None, None, 1]))
    depth = rng.choice([10, 200, 1_000, 25_000])
    deep = rng.choice(["[", '{"a":']) * depth
    return text.replace(f'"{DEEP}"', deep).encode("utf-8", "surrogatepass")


def _change_bytes(rng: Random, video: str) -> bytes:
    request, path = _choose(rng, video)
    body = bytearray(_write(rng, request))
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(body))
        body[at : at + rng.choice([0, 1, 1, 5])] = rng.randbytes(rng.choice([0, 1, 1, 3]))
    return _post(path, bytes(body[: rng.choice([len(body), rng.randrange(len(body))])]))


def _add_fields(rng: Random, video: str) -> bytes:
    request, path = _choose(rng, video)
    names = (f"{rng.choice(NAMES)}{n}" for n in range(rng.choice([1, 30, 1_000, 5_000])))
    return _post(path, _write(rng, {**request, **dict.fromkeys(names, 1)}))


def _repeat_fields(rng: Random, video: str) -> bytes:
    body = _write(rng, SMALL)[1:-1]
    return _post("/v1/videos", b"{" + b",".join([body] * rng.choice([2, 100, 200])) + b"}")


def _say_another_type(rng: Random, video: str) -> bytes:
    types = ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "*/*"]
    types += ["application/json; charset=utf-16", "application/jsonp", "json", "a" * 2000, "é/\x01"]
    coding = rng.choice([(), (("Content-Encoding", rng.choice(["gzip", "br", "?"])),)])
    headers = (("Content-Type", rng.choice(types)), *coding)
    return write_request("POST", "/v1/videos", headers, _write(rng, FULL))


def _ask_otherwise(rng: Random, video: str) -> bytes:
    methods = [
        "PUT",
        "PATCH",
        "DELETE",
        "TRACE",
        "CONNECT",
        "OPTIONS",
        "HEAD",
        "post",
        "FOO",
        "A" * 99,
    ]
    paths = ["/v1/videos", "/v1/images", f"/v1/videos/{video}", "/healthz", "/docs", "/", "*"]
    body = _write(rng, FULL) if rng.random() < 0.5 else b""
    return write_request(rng.choice(methods), rng.choice(paths), [("Content-Type", JSON)], body)


def _send_too_much(rng: Random, video: str) -> bytes:
    size = rng.choice([(64 << 10) - 40, (64 << 10) + 1, 1 << 20])
    return _post("/v1/videos", b'{"prompt": "' + rng.choice([b"a", b"\\n", b"\xff"]) * size + b'"}')


def _post(path: str, body: bytes) -> bytes:
    return write_request("POST", path, [("Content-Type", JSON)], body)


_WAYS = [_change_values, _change_bytes, _add_fields, _repeat_fields]
_WAYS += [_say_another_type, _ask_otherwise, _send_too_much]
_WEIGHTS = [60, 12, 8, 3, 6, 6, 3]
