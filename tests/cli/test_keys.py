"""`storywave keys`: on the store of a data folder, where no server runs."""

import re
from pathlib import Path

import pytest

from services.cli import main

Captured = pytest.CaptureFixture[str]


def test_keys_are_made_listed_replaced_and_revoked(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWAVE_DATA", str(tmp_path / "data"))
    assert main(["keys", "list"]) == 0
    assert capsys.readouterr().out == "there is no key yet\n"
    make = ["keys", "create", "--owner", "acme", "--role", "payer", "--name", "the shop"]
    make += ["--requests-a-minute", "60", "--active-videos", "2", "--spend-a-day", "20.00"]
    assert main(make) == 0
    said = capsys.readouterr()
    token = said.out.strip()
    assert re.fullmatch(r"sw_[0-9a-f]{12}_[0-9a-f]{64}", token)
    assert "shown this once" in said.err and token not in said.err
    id_ = token.split("_")[1]
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    limits = "60 requests a minute, 2 videos at once, $20.00 a day"
    assert re.fullmatch(
        rf"{id_}  \d{{4}}-\d\d-\d\d  acme  payer  the shop  {re.escape(limits)}\n", listed
    )
    assert main(["keys", "rotate", id_]) == 0
    new = capsys.readouterr().out.strip()
    assert new.startswith(f"sw_{id_}_") and new != token
    assert main(["keys", "revoke", id_]) == 0
    assert capsys.readouterr().out == f"{id_} lets nobody in any more\n"
    assert main(["keys", "list"]) == 0
    assert "revoked" in capsys.readouterr().out
    for words in (["rotate", id_], ["rotate", "nope"], ["revoke", "nope"]):
        assert main(["keys", *words]) == 2
        assert "There is no API key" in capsys.readouterr().err
    for words in ([], ["--now"]):
        assert main(["keys", "rotate-links", *words]) == 0
        assert "another secret" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["--owner", "a b", "--role", "maker"], "--owner: write it like acme"),
        (["--owner", "a", "--role", "king"], "--role: use"),
        (["--owner", "a", "--role", "maker", "--spend-a-day", "0"], "--spend-a-day: "),
        (["--owner", "a", "--role", "maker", "--active-videos", "0"], "--active-videos: "),
    ],
)
def test_a_key_of_odd_words_is_refused_by_the_name_of_its_option(
    tmp_path: Path, capsys: Captured, options: list[str], advice: str
) -> None:
    data = tmp_path / "data"
    assert main(["keys", "create", *options, "--data", str(data)]) == 2
    assert advice in capsys.readouterr().err
    assert not data.exists()
