"""URLs of users lead to public addresses and nowhere else, in whatever form these are written."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from services.gateway.addresses import choose_address, read_url
from services.gateway.download import Downloads, resolve
from shared.story import material
from shared.story.errors import BadInput

INSIDE = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1",
    "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "192.0.2.1", "192.88.99.1", "168.63.129.16", "::ffff:168.63.129.16",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a00:1::1", "2001:0:5ef5:79fd:0:0:80ff:fffe", "2001:db8::1",
)  # fmt: skip

ODD = (
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/",
    "http://017700000001/", "http://127.1/", "http://127.0.1/", "http://0/", "http://0x0/",
    "http://127.0.0.1.0x0/", "http://00.0.0.0/", "http://[fe80::1%25eth0]/",
    "http://user@film.example/", "http://film.example@127.0.0.1/", "http://a:b@film.example/",
    "file:///etc/passwd", "ftp://film.example/", "gopher://127.0.0.1:6379/_x", "//film.example/",
    "http:///x", "http://", "", "film.example/a.mp4", "data:text/plain,x",
    "http://film.example:22/", "http://film.example:6379/", "http://film.example:99999/",
    "http://film.example:x/", "http://[::1/", "http://film.example/a b", "http://film.example/\r\nX",
    "http://film.example\\@127.0.0.1/", "http://fi\u217cm.example/", "http://127\u30020\u30020\u30021/",
    "http://." , "http://film.example/" + 2_000 * "a",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_of_this_machine_or_a_private_net_is_connected_to(address: str) -> None:
    with pytest.raises(BadInput, match="not public") as refused:
        choose_address([address])
    assert address not in str(refused.value), "who asks learns nothing about the net inside"
    with pytest.raises(BadInput, match="not public"):
        choose_address(["93.184.216.34", address])


@pytest.mark.parametrize("url", ODD)
def test_no_url_is_taken_that_could_be_read_in_two_ways(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_url(url)
    assert refused.value.field == "url"


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_a_public_address_is_connected_to(address: str) -> None:
    assert choose_address([address])


def test_a_plain_url_is_read_in_its_parts() -> None:
    found = read_url("https://Film.example/a/b.mp4?c=d#e")
    assert (found.scheme, found.host, found.port) == ("https", "film.example", 443)
    assert (found.path, found.authority) == ("/a/b.mp4?c=d", "film.example")
    assert read_url("http://[2606:4700::1111]/").authority == "[2606:4700::1111]"


# ── what is fetched ─────────────────────────────────────────────────────────────────────────────


class Server:
    """Answers every request on a port of the loopback with the same bytes."""

    def __init__(self, answer: bytes, body: bytes = b"", parts: int = 1) -> None:
        self.answer, self.body, self.parts = answer, body, parts
        self.heads: list[bytes] = []
        self.port = 0
        self.left = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.left.clear()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            for _ in range(self.parts):
                writer.write(self.body)
                await writer.drain()
            if not self.parts:
                await reader.read()  # until the client leaves
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.left.set()


@contextlib.asynccontextmanager
async def served(server: Server) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server
        if server.heads:
            await server.left.wait()


OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


async def test_the_name_is_looked_up_once_and_the_connection_goes_there(tmp_path: Path) -> None:
    """A name that leads to another address a moment later leads nobody inside."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with served(Server(OK, b"film")) as server:
        downloads = Downloads(loopback=True, resolve=rebinding)
        url = f"http://film.example:{server.port}/a?b"
        await downloads.save(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"film"
    assert asked == ["film.example"]
    assert server.heads[0].startswith(b"GET /a?b HTTP/1.1\r\n")
    assert b"Host: film.example:%d\r\n" % server.port in server.heads[0]


async def test_this_machine_is_not_asked_unless_that_is_allowed(tmp_path: Path) -> None:
    async with served(Server(OK, b"secret")) as server:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            with pytest.raises(BadInput):
                await Downloads().save(f"http://{host}:{server.port}/", tmp_path / "a")

        async def inside(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.1"]

        with pytest.raises(BadInput, match="not public"):
            await Downloads(resolve=inside).save("http://film.example/", tmp_path / "a")
    assert server.heads == []


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n", "leads on to another"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answers 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", "larger than 200 MiB"),
        (b"no HTTP at all\r\n\r\n", "could not be fetched"),
    ],
)
async def test_what_is_no_file_is_refused(tmp_path: Path, answer: bytes, advice: str) -> None:
    async with served(Server(answer)) as server:
        with pytest.raises(BadInput, match=advice) as refused:
            await Downloads(loopback=True).save(f"http://127.0.0.1:{server.port}/", tmp_path / "a")
    assert "169.254" not in str(refused.value)
    assert len(server.heads) == 1


async def test_a_file_without_end_is_read_to_the_limit_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.download.MAX_BYTES", 3 << 20)
    async with served(Server(OK, bytes(1 << 20), parts=100)) as server:
        with pytest.raises(BadInput, match="3 MiB"):
            await Downloads(loopback=True).save(f"http://127.0.0.1:{server.port}/", tmp_path / "a")
    assert material.MAX_BYTES == 200 << 20


async def test_a_host_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    async with served(Server(OK, parts=0)) as server:
        slow = Downloads(loopback=True, seconds=0.2)
        with pytest.raises(BadInput, match=r"within 0.2 s"):
            await slow.save(f"http://127.0.0.1:{server.port}/", tmp_path / "a")


async def test_a_host_that_nobody_knows_is_said_to_be_unknown(tmp_path: Path) -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        return []

    with pytest.raises(BadInput, match="not known"):
        await Downloads(resolve=nobody).save("http://film.example/", tmp_path / "a")
    assert await resolve("localhost", 80)


async def test_a_name_server_that_says_nothing_holds_up_nothing_but_look_ups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A look-up can't be ended: it would take a thread that reads and writes files."""
    speak, asked = threading.Event(), list[str]()

    def wait(host: str, port: int, **known: object) -> list[object]:
        asked.append(host)
        speak.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    looking = [asyncio.create_task(resolve(f"{n}.example", 443)) for n in range(40)]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(len, "read") == 4
        assert asked
    finally:
        speak.set()
        await asyncio.gather(*looking)
