"""Requests that are odd before their body: paths, cursors, ranges, headers, hosts, and garbage."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from random import Random
from urllib.parse import quote

from benchmarks.attack.bodies import JSON, SMALL
from benchmarks.attack.texts import write_text
from benchmarks.attack.wire import Input, write_request

BIG = "9" * 40

OUTSIDE = ["../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/storywave.db"]
OUTSIDE += [
    "..%5c..%5cetc",
    "%00",
    "a%00.png",
    "%c0%ae%c0%ae/",
    "%zz",
    "%",
    ".",
    "..",
    "//etc/passwd",
]
OUTSIDE += [
    "%ed%a0%80",
    "%f4%90%80%80",
    "a" * 5_000,
    "%2f" * 900,
    "file:///etc/passwd",
    "~root",
    "a;b",
]

RANGES = [
    "bytes=0-",
    "bytes=-1",
    "bytes=5-2",
    "bytes=-",
    "bytes=--1",
    f"bytes={BIG}-",
    f"bytes=-{BIG}",
]
RANGES += ["bytes=0-0,1-1", "bytes=" + ",".join(["0-"] * 1_500), "bytes=٠-٩", "lines=0-1", "\t", ""]
RANGES += [f"bytes=0-{BIG}", "bytes = 0 - 1", "bytes=0-18446744073709551616", "bytes=1e3-"]

HOSTS = [
    "evil.example",
    "",
    "[::1",
    "localhost@evil",
    "localhost:99999",
    "localhost,evil",
    "a" * 9_000,
]
HOSTS += [
    "127.0.0.1.evil.example",
    "localhost/",
    "0x7f.1",
    "é",
    "localhost\tevil",
    "[fe80::1%25lo]",
]

VALUES = [
    "",
    "*",
    '"',
    '"a", W/"b"',
    "a" * 300,
    "a" * 20_000,
    "é" * 99,
    "\x01",
    "a\x00b",
    "null",
    "🚀",
]
VALUES += [
    "http://evil.example",
    "http://[broken",
    "cross-site",
    "chunked",
    "-1",
    BIG,
    "close",
    "../x",
]

NAMES = ["Host", "Origin", "Sec-Fetch-Site", "Content-Length", "Transfer-Encoding", "Connection"]
NAMES += ["Expect", "Upgrade", "If-None-Match", "If-Range", "Range", "Accept", "Accept-Encoding"]
NAMES += ["Idempotency-Key", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "Last-Event-ID"]
NAMES += ["Content-Type", "Cookie", "Authorization", "", " X", "X Y", "X\x00", "é", "a" * 20_000]

CURSORS = [
    b"",
    b" ",
    b"0",
    BIG.encode() + b" x",
    b"-1 x",
    b"1e9 x",
    b"nan x",
    b"\xff\xfe",
    b"1 " + b"x" * 99,
]
CURSORS += [b"999999999999999 \x00", "١ x".encode(), b"9223372036854775808 x", b"1 \xed\xa0\x80"]

GARBAGE = [
    b"",
    b"\r\n" * 99,
    b"\0" * 999,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
]
GARBAGE += [
    b"GET /\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
]
GARBAGE += [
    b"GET /v1/videos HTTP/1.1\nHost: localhost\n\n",
    b"SSH-2.0-x\r\n",
    b"GET " + b"/" * 99_999,
]


def make_oddities(rng: Random, known: Callable[[], str]) -> Iterator[Input]:
    """Yield requests without end; `known` gives the id of some video."""
    while True:
        yield Input("oddity", rng.choice(_WAYS)(rng, known()), leaves=rng.random() < 0.03)


def _ask_outside(rng: Random, video: str) -> bytes:
    rest = rng.choice([*OUTSIDE, quote(write_text(rng, 3))])
    before = ["/", "/v1/", "/v1/videos/", "/v1/images/", f"/v1/videos/{video}/"]
    before += [f"/v1/videos/{video}/chunks/", f"/v1/videos/{video}/hls/", "http://evil.example/"]
    target = rng.choice(before) + rest + rng.choice(["", "/media", "?rev=1", "/reframe"])
    return write_request(rng.choice(["GET", "GET", "HEAD", "POST"]), target)


def _turn_pages(rng: Random, video: str) -> bytes:
    given = rng.choice([rng.choice(CURSORS), rng.randbytes(rng.randint(0, 150))])
    cursor = rng.choice([urlsafe_b64encode(given).decode(), quote(given), "%00", "=", "a" * 201])
    limit = rng.choice(
        ["1", "0", "-1", "101", BIG, "1.0", "1e2", "", "%EF%BC%91", "1&limit=2", "nan"]
    )
    return write_request("GET", f"/v1/videos?cursor={cursor}&limit={limit}")


def _ask_for_part(rng: Random, video: str) -> bytes:
    names = ["media", "poster", "captions.srt", "contact.png", "hls/1/playlist.m3u8", "chunks/0"]
    names += [f"chunks/{BIG}", f"hls/{BIG}/hls_media.m4s", "hls/0/playlist.m3u8", "media?rev=-1"]
    names += [f"poster?rev={BIG}", "media?rev=1&rev=2", "chunks/-1", "captions.vtt?rev=%00"]
    chosen = [
        ("Range", rng.choice(RANGES)),
        (rng.choice(["If-Range", "If-None-Match"]), rng.choice(VALUES)),
    ]
    headers = rng.sample(chosen, rng.randint(0, 2))
    method = rng.choice(["GET", "HEAD"])
    return write_request(method, f"/v1/videos/{video}/{rng.choice(names)}", headers)


def _add_headers(rng: Random, video: str) -> bytes:
    pairs = [(rng.choice(NAMES), rng.choice(VALUES)) for _ in range(rng.choice([1, 1, 2, 3]))]
    if rng.random() < 0.1:
        pairs = [(f"X-{n}", "a" * rng.choice([1, 60])) for n in range(rng.choice([90, 200, 2_000]))]
    path = rng.choice(["/v1/videos", f"/v1/videos/{video}", "/healthz", "/docs", "/openapi.json"])
    return write_request(rng.choice(["GET", "GET", "HEAD"]), path, pairs)


def _write_from_elsewhere(rng: Random, video: str) -> bytes:
    # Wrong before a video could come of it: it says that it comes from another site.
    body = str(SMALL).encode()
    pairs = [("Origin", "http://evil.example"), ("Content-Type", rng.choice([JSON, "text/plain"]))]
    pairs += [(rng.choice(NAMES), rng.choice(VALUES))]
    return write_request("POST", rng.choice(["/v1/videos", "/v1/images"]), pairs, body)


def _ask_another_host(rng: Random, video: str) -> bytes:
    host = f"Host: {rng.choice(HOSTS)}".encode()
    asked = write_request("GET", f"/v1/videos/{video}")
    return asked.replace(b"Host: localhost", rng.choice([host, host + b"\r\n" + host, b"X: y"]))


def _frame_wrongly(rng: Random, video: str) -> bytes:
    """Return a body whose length or parts are not what is said."""
    framings = [
        "Content-Length: -1",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 5, 5",
    ]
    framings += ["Content-Length: 5\r\nContent-Length: 6", f"Content-Length: {BIG}"]
    framings += [
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: x",
    ]
    framings += ["Transfer-Encoding: chunked\r\nContent-Length: 5", "Expect: 100-continue"]
    framings += ["Transfer-Encoding : chunked", "Content-Length: 5\r\n folded: 6"]
    parts = [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\n",
        b"fffffffffffffffff\r\n",
        b"5;" + b"x" * 9_999,
        b"hello",
    ]
    parts += [
        b"0\r\nX: y\r\n" * 99,
        b"5\r\nhelloXX0\r\n\r\n",
        b"zz\r\n",
        b"1\r\na\r\n" * 5_000 + b"0\r\n\r\n",
    ]
    head = write_request("POST", "/v1/videos", [("Content-Type", JSON)])[:-2]
    return head + rng.choice(framings).encode() + b"\r\n\r\n" + rng.choice(parts)


def _ask_many_at_once(rng: Random, video: str) -> bytes:
    """Return many requests in a row, of which the last one closes the connection."""
    last = write_request("GET", f"/v1/videos/{video}")
    one = last.replace(b"Connection: close\r\n", b"")
    return one * rng.choice([2, 50]) + rng.choice([last, rng.choice(GARBAGE), last[:30]])


def _send_garbage(rng: Random, video: str) -> bytes:
    return rng.choice([*GARBAGE, rng.randbytes(rng.choice([1, 99, 9_999]))])


_WAYS = [_ask_outside, _turn_pages, _ask_for_part, _add_headers, _write_from_elsewhere]
_WAYS += [_ask_another_host, _frame_wrongly, _ask_many_at_once, _send_garbage]
