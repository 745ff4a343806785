"""Trouble on the way: answers that are lost, refusals that ask to come again, broken downloads."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest

from shared.client import Client, NoServer, Refused
from tests.gateway.conftest import Api
from tests.gateway.serving import Gate
from tests.histories import full_plan, whole

Trouble = httpx.Response | Exception | None


class Lossy(httpx.AsyncBaseTransport):
    """A way to a server on which things happen, in turn; afterwards it is a good one."""

    def __init__(self, *troubles: Trouble, arrives: bool = True) -> None:
        self._real = httpx.AsyncHTTPTransport()
        self._troubles = list(troubles)
        self._arrives = arrives
        self.asked = list[httpx.Request]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble is None:
            return await self._real.handle_async_request(request)
        if self._arrives:  # the server does its work, and nobody hears of it
            answer = await self._real.handle_async_request(request)
            await answer.aread()
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    async def aclose(self) -> None:
        await self._real.aclose()


def busy(status: int, seconds: str | None = "0") -> httpx.Response:
    headers = {} if seconds is None else {"Retry-After": seconds}
    body = {"detail": "Too much is asked here.", "status": status, "code": "busy"}
    return httpx.Response(status, headers=headers, json=body)


def reach(gate: Gate, way: Lossy, patience: float = 10.0) -> Client:
    return Client(f"http://127.0.0.1:{gate.port}", patience=patience, transport=way)


async def list_ids(client: Client) -> list[str]:
    return [video.id async for video in client.list_videos()]


@pytest.mark.parametrize(
    "troubles",
    [
        [httpx.ReadError("lost")],
        [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut off")],
        [busy(503), busy(429), busy(502, None)],
        [busy(409)],
    ],
    ids=["lost", "slow and cut off", "busy", "in flight"],
)
async def test_a_request_whose_answer_is_lost_makes_one_video(
    gate: Gate, troubles: Sequence[Trouble]
) -> None:
    way = Lossy(*troubles)
    async with reach(gate, way) as client:
        made = await client.submit(prompt="the sea")
        assert await list_ids(client) == [made.id]
    posts = [each.headers["idempotency-key"] for each in way.asked if each.method == "POST"]
    assert len(posts) == len(troubles) + 1
    assert len(set(posts)) == 1


async def test_each_write_has_a_key_of_its_own_and_no_read_has_one(gate: Gate) -> None:
    way = Lossy()
    async with reach(gate, way) as client:
        made = await client.submit(prompt="the sea")
        await client.pause(made.id)
        await client.change_budget(made.id, "1.00")
        await client.show(made.id)
    *writes, read = way.asked
    assert len({each.headers["idempotency-key"] for each in writes}) == 3
    assert "idempotency-key" not in read.headers


async def test_who_is_asked_to_wait_longer_than_it_has_patience_is_told_at_once(
    gate: Gate,
) -> None:
    async with reach(gate, Lossy(busy(429, "3600"))) as client:
        with pytest.raises(Refused, match="Too much is asked here"):
            await client.submit(prompt="the sea")


async def test_patience_ends(gate: Gate) -> None:
    way = Lossy(*[httpx.ReadError("lost")] * 99, arrives=False)
    async with reach(gate, way, patience=0.5) as client:
        with pytest.raises(NoServer, match="nothing answers at"):
            await client.show("x")
    assert 1 < len(way.asked) < 6


async def test_a_refusal_that_will_not_change_is_not_tried_again(gate: Gate) -> None:
    way = Lossy(busy(409, None))
    async with reach(gate, way) as client:
        with pytest.raises(Refused):
            await client.pause("x")
    assert len(way.asked) == 1


# ── downloads ───────────────────────────────────────────────────────────────────────────────────

FILM = bytes(range(256)) * 4_000


class Cut(httpx.AsyncByteStream):
    """The body of an answer that breaks off in the middle."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data
        raise httpx.ReadError("lost")


async def make_film(api: Api) -> str:
    video = await api.make()
    facts = whole(full_plan(video_id=video))
    await api.tell(facts)
    done = facts[-1]
    await api.app.ports.blobs.put(done.key, FILM)  # type: ignore[attr-defined]
    return video


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_download_has_its_name_once_it_is_whole(
    api: Api, client: Client, tmp_path: Path
) -> None:
    video, target = await make_film(api), tmp_path / "new" / "film.mp4"
    assert await client.download(video, target) == target
    assert target.read_bytes() == FILM
    assert list_names(target.parent) == ["film.mp4"]


async def test_a_download_that_breaks_off_goes_on_where_it_was(
    api: Api, gate: Gate, tmp_path: Path
) -> None:
    video, target = await make_film(api), tmp_path / "film.mp4"
    async with reach(gate, Lossy()) as client:
        whole_ = await client.wire.http.get(f"/v1/videos/{video}/media")
        tag = whole_.headers["etag"]
    broken = httpx.Response(200, headers={"ETag": tag}, stream=Cut(FILM[:100_000]))
    way = Lossy(broken)
    async with reach(gate, way) as client:
        await client.download(video, target)
    assert target.read_bytes() == FILM
    assert way.asked[1].headers["range"] == "bytes=100000-"


async def test_what_has_changed_meanwhile_is_fetched_anew(
    api: Api, gate: Gate, tmp_path: Path
) -> None:
    video, target = await make_film(api), tmp_path / "film.mp4"
    broken = httpx.Response(200, headers={"ETag": '"another"'}, stream=Cut(b"old" * 1_000))
    async with reach(gate, Lossy(broken)) as client:
        await client.download(video, target)
    assert target.read_bytes() == FILM


async def test_a_download_that_fails_leaves_nothing_and_harms_nothing(
    api: Api, client: Client, tmp_path: Path
) -> None:
    target = tmp_path / "film.mp4"
    target.write_bytes(b"an older film")
    before = list_names(tmp_path)
    with pytest.raises(Refused, match="Its files are there once it is completed"):
        await client.download(await api.make(), target)
    assert target.read_bytes() == b"an older film"
    assert list_names(tmp_path) == before
