"""`storywave make` of a product: which options make an ad, and what is said of those that can't."""

from pathlib import Path

import pytest

from services.cli import build_parser, main
from services.cli.ads import show_picture
from services.cli.make import build_request
from services.gateway.requests import VideoRequest
from shared.story.errors import BadInput


def asked(*options: str) -> VideoRequest:
    return build_request(build_parser().parse_args(["make", *options]))


def test_a_name_makes_an_ad_of_all_that_is_told() -> None:
    request = asked(
        "--product", "shoe.png", "--name", "AirFlex", "--about", "a shoe", "--fact", "Light",
        "--fact", "Dry", "--price", "$49", "--style", "bold", "--cta", "Shop now",
    )  # fmt: skip
    brief = request.brief("local")
    assert brief.product is not None
    assert (brief.product.name, brief.product.facts, brief.product.price) == (
        "AirFlex", ("Light", "Dry"), "$49",
    )  # fmt: skip
    assert (brief.product.call_to_action, brief.style, brief.quality) == (
        "Shop now", "bold", "full",
    )  # fmt: skip


def test_its_picture_is_seen_in_the_ad_and_beside_a_prompt_on_the_card() -> None:
    ad = show_picture(asked("--name", "AirFlex"), "w1")
    assert ad.product is not None and ad.product.picture == "w1"
    other = show_picture(asked("A cup for slow mornings", "--product", "cup.png"), "w1")
    assert other.product is None
    assert other.end_card is not None and other.end_card.product_image == "w1"


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["--product", "shoe.png"], "--name: say what the product is called"),
        (["--name", ""], "--name: say what the product is called"),
        (["--name", "A", "--price", "cheap"], "--price: write an amount with its currency"),
        (["--name", "A", "--url", "no page"], "--url: write the address of a page"),
        (["--name", "A", "--fact", "x" * 200], "--fact: give at most 120 characters"),
        (["the sea", "--name", "A"], "PROMPT: give a prompt or a product, not both"),
    ],
)
def test_what_is_no_product_is_named_by_its_option(options: list[str], advice: str) -> None:
    with pytest.raises(BadInput) as refused:
        asked(*options)
    assert str(refused.value).startswith(advice)


def test_a_picture_that_is_none_is_refused_before_anything_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "shoe.png"
    picture.write_bytes(b"only text")
    code = main(["make", "--product", str(picture), "--name", "AirFlex", "--data",
                 str(tmp_path / "data")])  # fmt: skip
    assert code == 2
    assert "give a PNG, JPEG or WebP" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
