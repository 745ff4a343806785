"""Work for money: who does it, and what must be said before anything can be spent."""

import sys
from pathlib import Path
from typing import Any

import pytest

import services
from shared.runtime.compose import open_app, paid_engines
from shared.runtime.settings import Settings
from shared.store.sqlite import SqliteStore
from shared.story.errors import BadInput

SERVICES = [services.load(name) for name in services.NAMES]
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

needs_client = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="the provider's client does not import there"
)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICATE_API_TOKEN", "a-token")


def kinds_for_money(folder: Path, **known: Any) -> set[str]:
    store = SqliteStore(folder / "storywave.db")
    return {kind.name for kind in paid_engines(Settings(data=folder, **known), SERVICES, store)}


def test_a_token_alone_changes_nothing(tmp_path: Path) -> None:
    assert kinds_for_money(tmp_path) == set()


def test_a_rehearsal_costs_nothing_whatever_else_is_set(tmp_path: Path) -> None:
    assert kinds_for_money(tmp_path, paid=True, engine="rehearsal") == set()


@needs_client
def test_what_no_model_makes_is_made_here(tmp_path: Path) -> None:
    made = {"plan", "reference", "image", "card", "voice", "words", "music", "clip"}
    assert kinds_for_money(tmp_path, paid=True) == made


@needs_client
def test_a_chat_server_that_is_named_plans(tmp_path: Path) -> None:
    named = {"llm_url": "http://127.0.0.1:9/v1", "llm_model": "small"}
    assert "plan" not in kinds_for_money(tmp_path, paid=True, **named)


async def test_without_a_token_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REPLICATE_API_TOKEN")
    with pytest.raises(BadInput, match="REPLICATE_API_TOKEN is empty: set it"):
        async with open_app(Settings(data=tmp_path, paid=True), SERVICES):
            raise AssertionError("it began without a token")


def test_where_the_client_does_not_import_it_says_which_python_to_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "replicate", None)
    with pytest.raises(BadInput, match=r"use Python 3\.11, 3\.12 or 3\.13"):
        kinds_for_money(tmp_path, paid=True)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"public_url": "http://a.example"}, "write it with https"),
        ({"public_url": "https://a.example", "replicate_webhook_secret": "x"}, "begin with whsec_"),
    ],
)
def test_an_address_or_a_secret_that_is_none_is_refused_with_what_to_do(
    tmp_path: Path, known: dict[str, str], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        kinds_for_money(tmp_path, paid=True, **{"replicate_webhook_secret": SECRET, **known})
