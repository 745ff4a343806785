"""Clients that keep a server waiting, on real sockets: each wait ends, and nobody else feels it."""

import asyncio
import gc
import logging
import resource
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
import uvloop
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.runtime import http
from shared.runtime.connections import Waits
from shared.runtime.http import Connection, Server, find_limit

WAITS = Waits(head=0.3, body=0.3, body_bytes=1000, reading=0.4, idle=0.3)
LATE = 3.0
"""By then every wait must long be over."""


# ── a server, and clients that can be as slow as they like ──────────────────────────────────────


async def healthz(request: Request) -> Response:
    return PlainTextResponse("alive")


async def measure(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def refuse(request: Request) -> Response:
    return PlainTextResponse("too large", 413)


async def stream(request: Request) -> Response:
    async def ticks() -> AsyncIterator[bytes]:
        while True:
            yield b"tick\n" * 200
            await asyncio.sleep(0.02)

    return StreamingResponse(ticks())


async def film(request: Request) -> Response:
    left = int(request.query_params["kib"])

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(left):
            yield bytes(1 << 10)
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


APP = Starlette(
    routes=[
        Route("/healthz", healthz),
        Route("/measure", measure, methods=["POST"]),
        Route("/refuse", refuse, methods=["POST"]),
        Route("/stream", stream, methods=["GET", "POST"]),
        Route("/film", film),
    ]
)


class Serving(threading.Thread):
    """The server in a loop of the kind that the product runs on."""

    def __init__(self, limit: int) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.server = Server(APP, WAITS, limit)
        self.ready = threading.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serving = asyncio.create_task(self.server.serve(sockets=[self.listener]))
        while not self.server.started:
            await asyncio.sleep(0.01)
        self.ready.set()
        await serving


@dataclass
class Client:
    """One connection."""

    sock: socket.socket

    def send(self, text: str | bytes) -> None:
        self.sock.sendall(text.encode() if isinstance(text, str) else text)

    def ask(self, line: str, *headers: str, body: bytes = b"") -> None:
        self.send("\r\n".join([f"{line} HTTP/1.1", "Host: here", *headers, "", ""]).encode() + body)

    def hear(self, least: int = 1) -> bytes:
        """So many bytes at least; fewer when the server closes."""
        heard = b""
        with suppress(ConnectionResetError):
            while len(heard) < least and (more := self.sock.recv(1 << 20)):
                heard += more
        return heard

    def hear_all(self) -> bytes:
        return self.hear(1 << 60)

    def is_closed(self, within: float = 0.001) -> bool:
        """The server has closed, or does within these seconds, and has said nothing more."""
        self.sock.settimeout(within)
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        finally:
            self.sock.settimeout(LATE)


@dataclass
class Place:
    """Where the server listens."""

    serving: Serving
    clients: ExitStack

    def connect(self, buffer: int | None = None) -> Client:
        sock = self.clients.enter_context(socket.socket())
        sock.settimeout(LATE)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.connect(self.serving.address)
        return Client(sock)

    def probe(self) -> float:
        """Ask for its health; gives how long the answer took."""
        began, client = monotonic(), self.connect()
        client.ask("GET /healthz", "Connection: close")
        assert client.hear_all().endswith(b"alive")
        return monotonic() - began

    def stop(self) -> float:
        """Stop the server; gives how long that took."""
        began = monotonic()
        self.serving.server.should_exit = True
        self.serving.join(timeout=20)
        assert not self.serving.is_alive()
        return monotonic() - began


@contextmanager
def served(limit: int = 200) -> Iterator[Place]:
    serving = Serving(limit)
    serving.start()
    assert serving.ready.wait(LATE)
    with ExitStack() as clients:
        yield Place(serving, clients)
    serving.server.should_exit = True
    serving.join(timeout=20)


@pytest.fixture
def place() -> Iterator[Place]:
    with served() as one:
        yield one


@pytest.fixture(autouse=True)
def _nothing_broke(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


def follow(place: Place) -> Client:
    """A client that is being served, and will be for as long as it likes."""
    client = place.connect()
    client.ask("GET /stream")
    assert b"tick" in client.hear(200)
    return client


@contextmanager
def hung_up(why: str) -> Iterator[None]:
    """Within, and soon after, the server hangs up on one client for this reason."""
    before, end = count(why), monotonic() + LATE
    yield
    while count(why) == before:
        assert monotonic() < end, f"nobody was hung up on: {why}"
        threading.Event().wait(0.02)


def count(why: str) -> float:
    return REGISTRY.get_sample_value("storywave_connections_hung_up_total", {"why": why}) or 0.0


# ── heads ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("begun", ["", "G", "GET /healthz HTTP/1.1\r\nHost: here\r\n"])
def test_a_head_that_does_not_come_in_time_ends_its_connection(place: Place, begun: str) -> None:
    client = place.connect()
    client.send(begun)
    assert client.hear_all() == b""
    assert place.probe() < 1


def test_a_head_that_comes_byte_by_byte_has_no_more_time_than_another(place: Place) -> None:
    client, began = place.connect(), monotonic()
    with suppress(OSError):
        for _ in range(100):
            client.send("G")
            if client.is_closed(within=0.05):
                break
    assert monotonic() - began < 1


def test_the_second_head_of_a_connection_has_a_limit_too(place: Place) -> None:
    client = place.connect()
    client.ask("GET /healthz")
    assert client.hear().endswith(b"alive")
    client.send("GET /hea")
    assert client.hear_all() == b""


def test_a_connection_is_kept_for_the_next_request_but_not_for_ever(place: Place) -> None:
    client = place.connect()
    for _ in range(3):
        client.ask("GET /healthz")
        assert client.hear().endswith(b"alive")
    began = monotonic()
    assert client.hear_all() == b""
    assert 0.2 < monotonic() - began < 1


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────


def test_a_body_that_stalls_ends_its_connection(place: Place) -> None:
    client = place.connect()
    client.ask("POST /measure", "Content-Length: 100", body=b"x")
    assert client.hear_all() == b""


def test_a_body_that_drips_is_not_waited_for(place: Place) -> None:
    client, began = place.connect(), monotonic()
    client.ask("POST /measure", "Content-Length: 100000")
    with suppress(OSError):
        while monotonic() - began < LATE:
            client.send("x")
            if client.is_closed(within=0.02):
                break
    assert monotonic() - began < 1


def test_a_slow_but_steady_body_is_read_to_its_end(place: Place) -> None:
    client, began = place.connect(), monotonic()
    client.ask("POST /measure", "Content-Length: 10000", "Connection: close")
    for _ in range(20):
        assert not client.is_closed(within=0.04)
        client.send(bytes(500))
    assert client.hear_all().endswith(b"10000")
    assert monotonic() - began > 2 * WAITS.body


def test_an_answer_before_the_body_has_come_closes_the_connection(place: Place) -> None:
    client, sent = place.connect(), 0
    client.ask("POST /refuse", "Content-Length: 100000000")
    with suppress(OSError):
        while sent < 100_000_000:
            sent += client.sock.send(bytes(1 << 16))
    heard = client.hear_all()
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in heard.lower()
    assert sent < 10_000_000


def test_an_answer_before_a_short_body_waits_for_it_and_keeps_the_connection(place: Place) -> None:
    """Whoever writes to a connection that is closed loses the answer that came before."""
    client = place.connect()
    for _ in range(2):
        client.ask("POST /refuse", "Content-Length: 60000")
        assert not client.is_closed(within=0.05)
        client.send(bytes(60_000))
        heard = client.hear()
        assert heard.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" not in heard.lower()


def test_an_answer_before_a_short_body_that_stalls_is_given_all_the_same(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    monkeypatch.setattr(http, "SHORT_SECONDS", 0.1)
    client = place.connect()
    client.ask("POST /refuse", "Content-Length: 100", body=b"x")
    heard = client.hear_all()
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in heard.lower()


def test_an_answer_after_the_body_keeps_the_connection(place: Place) -> None:
    client = place.connect()
    for _ in range(2):
        client.ask("POST /refuse", "Content-Length: 3", body=b"abc")
        heard = client.hear()
        assert heard.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" not in heard.lower()


# ── answers that nobody reads ───────────────────────────────────────────────────────────────────


def test_who_does_not_read_an_answer_is_hung_up_on(place: Place) -> None:
    client = place.connect()
    with hung_up("reading"):
        client.ask("GET /film?kib=65536")
    assert len(client.hear_all()) < 64 << 20


def test_who_reads_slowly_gets_all_of_it(place: Place) -> None:
    client, began = place.connect(), monotonic()
    client.ask("GET /film?kib=24576", "Connection: close")
    heard = 0
    while more := client.sock.recv(1 << 18):
        heard += len(more)
        if monotonic() - began < 3 * WAITS.reading:
            threading.Event().wait(0.03)
    assert heard > 24 << 20
    assert monotonic() - began > 2 * WAITS.reading


@pytest.mark.parametrize("kept", ["close", "keep-alive"])
def test_who_reads_nothing_of_a_short_answer_does_not_stay_for_ever(
    place: Place, kept: str
) -> None:
    """What is left of it fits into the server's own buffer: the application is done with it."""
    place.serving.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client = place.connect(buffer=2048)
    with hung_up("reading" if kept == "close" else "idle"):
        client.ask("GET /film?kib=40", f"Connection: {kept}")


# ── crowds ──────────────────────────────────────────────────────────────────────────────────────


def test_however_many_wait_a_probe_gets_in(tmp_path: Path) -> None:
    with served(limit=16) as place:
        idle = [place.connect() for _ in range(100)]
        assert max(place.probe() for _ in range(20)) < 0.2
        assert all(client.is_closed() for client in idle[:80])


def test_at_the_limit_the_longest_wait_ends_first() -> None:
    with served(limit=4) as place:
        first, second, *others = [place.connect() for _ in range(4)]
        place.probe()
        assert first.is_closed(within=0.1)
        assert not any(client.is_closed() for client in (second, *others))


def test_a_stalled_body_waits_as_long_as_a_stalled_head() -> None:
    with served(limit=4) as place:
        body = place.connect()
        body.ask("POST /measure", "Content-Length: 100", body=b"x")
        heads = [place.connect() for _ in range(3)]
        place.probe()
        assert body.is_closed(within=0.1)
        assert not any(client.is_closed() for client in heads)


def test_who_is_being_served_does_not_make_room_for_who_waits() -> None:
    with served(limit=16) as place:
        streams = [follow(place) for _ in range(10)]
        crowd = [place.connect() for _ in range(60)]
        assert place.probe() < 0.2
        for client in streams:
            client.hear(1 << 12)  # more than what had been on its way
        assert sum(not client.is_closed() for client in crowd) <= 6


def test_when_most_places_serve_only_probes_get_in() -> None:
    with served(limit=16) as place:
        streams = [follow(place) for _ in range(12)]
        late = place.connect()
        late.ask("GET /stream", "Connection: close")
        heard = late.hear_all()
        assert heard.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in heard.lower()
        assert b"application/problem+json" in heard
        assert place.probe() < 0.2
        streams[0].sock.close()
        again = place.connect()
        again.ask("GET /stream")
        assert b" 200 " in again.hear(15)


@pytest.mark.parametrize(("descriptors", "limit"), [(1024, 384), (256, 16), (1_000_000, 4096)])
def test_clients_never_take_all_descriptors(
    monkeypatch: pytest.MonkeyPatch, descriptors: int, limit: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert find_limit() == limit


# ── stopping ────────────────────────────────────────────────────────────────────────────────────


def test_an_idle_server_stops_at_once_whoever_is_connected(place: Place) -> None:
    clients = [place.connect() for _ in range(3)]
    clients[0].ask("GET /healthz")
    assert clients[0].hear().endswith(b"alive")
    assert place.stop() < 1


def test_nobody_holds_up_a_stop(place: Place) -> None:
    watcher, upload, deaf, silent = follow(place), *(place.connect() for _ in range(3))
    upload.ask("POST /measure", "Content-Length: 100", body=b"x")
    deaf.ask("GET /film?kib=65536")
    assert place.stop() < 5
    for client in (upload, watcher, deaf, silent):
        client.hear_all()


def test_an_answer_that_is_nearly_done_is_finished(place: Place) -> None:
    client = place.connect()
    client.ask("POST /measure", "Content-Length: 3", body=b"ab")
    stopping = threading.Thread(target=place.stop)
    stopping.start()
    assert not client.is_closed(within=0.2)
    client.send(b"c")
    assert client.hear_all().endswith(b"3")
    stopping.join()


# ── oddities ────────────────────────────────────────────────────────────────────────────────────


def test_garbage_amid_an_answer_only_ends_its_own_connection(place: Place) -> None:
    client = place.connect()
    client.ask("POST /stream", "Transfer-Encoding: chunked")
    assert b"tick" in client.hear(200)
    client.send("this is no chunk\r\n\r\n")
    client.hear_all()
    assert place.probe() < 1


def test_who_resets_amid_anything_breaks_nothing(place: Place) -> None:
    for line, *headers in (
        ("GET /stream",),
        ("GET /film?kib=65536",),
        ("POST /measure", "Content-Length: 100"),
    ):
        client = place.connect()
        client.ask(line, *headers)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sock.close()
    assert place.probe() < 1


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
def test_nothing_is_left_of_a_connection_once_it_has_ended(place: Place) -> None:
    """Were it for the collector to find, a crowd would make the event loop stand still for it."""
    silent, slow = place.connect(), place.connect()
    slow.send("GET /healthz HT")
    place.probe()
    assert silent.is_closed(within=LATE) and slow.is_closed(within=LATE)
    place.stop()
    assert [each for each in gc.get_objects() if type(each) is Connection] == []
