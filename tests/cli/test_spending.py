"""`storywave spending`: each owner's videos, those that are deleted too."""

import asyncio
import json
from typing import Any

import pytest

from services import load
from services.cli import main, spending
from services.gateway.intake import REQUESTS
from shared.jobs.gate import MONEY
from shared.ports import Doc
from shared.story.events import VideoDeleted
from tests.contracts.adapters import Stores

Captured = pytest.CaptureFixture[str]
MARCH, APRIL = 1_772_323_200_000, 1_775_001_600_000


def put_in(stores: Stores, **rows: list[Doc]) -> None:
    async def insert() -> None:
        async with stores.opened() as store:
            for collection, docs in rows.items():
                await store.insert(collection, docs)

    asyncio.run(insert())


def money(video: str, owner: str, *holds: dict[str, int]) -> Doc:
    named = {f"{video}/clip/0/0/0:{n}": hold for n, hold in enumerate(holds, 1)}
    return {"_id": video, "owner": owner, "cap": 9_000_000, "available": 0, "holds": named}


def asked(video: str, at: Any) -> Doc:
    return {"_id": video, "created_at": at}


def stone(video: str, owner: str, cost: int, at: int) -> Doc:
    gone = VideoDeleted(video_id=video, owner=owner, cost=cost, at=at)
    return {"_id": video, "version": 3, "parts": {"VideoDeleted": {"0": gone.model_dump()}}}


@pytest.fixture
def known(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "PAGE", 2)
    put_in(
        stores,
        **{
            MONEY: [
                money("a", "ann", {"reserved": 900_000, "settled": 700_000}, {"reserved": 200_000}),
                money("b", "ann", {"reserved": 500_000, "settled": 300_000}),
                money("c", "local"),
                money("d", "bob", {"reserved": 2_000_000, "settled": 2_500_000}),
                {"_id": "odd", "owner": "ann", "holds": {"odd/clip/0/0/0:1": 7}},
            ],
            REQUESTS: [asked("a", MARCH), asked("b", APRIL), asked("c", APRIL), asked("d", MARCH)],
            load("gateway").views: [stone("e", "ann", 40_000, APRIL), stone("f", "bob", 1, MARCH)],
        },
    )


@pytest.mark.usefixtures("known")
def test_each_owner_is_told_the_dearest_first_and_all_together(capsys: Captured) -> None:
    assert main(["spending"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["bob", "2", "videos", "$2.500001"],
        ["ann", "3", "videos", "$1.04", "and", "$0.20", "held"],
        ["local", "1", "video", "$0.00"],
        ["all", "together", "6", "videos", "$3.540001", "and", "$0.20", "held"],
    ]


@pytest.mark.usefixtures("known")
def test_since_a_day_for_another_program(capsys: Captured) -> None:
    assert main(["spending", "--since", "2026-04-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"owner": "ann", "videos": 2, "spent": "0.34", "held": "0.00"},
        {"owner": "local", "videos": 1, "spent": "0.00", "held": "0.00"},
    ]


def test_a_day_that_is_none_is_refused_with_what_to_write(stores: Stores, capsys: Captured) -> None:
    put_in(stores, **{MONEY: []})
    assert main(["spending", "--since", "April"]) == 2
    assert "'April' is no day, write it as 2026-03-31" in capsys.readouterr().err
