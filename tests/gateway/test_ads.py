"""Product briefs over the API: what becomes of one, and what is said about one that is none."""

from typing import Any

import pytest

from shared.story.events import VideoRequested
from shared.story.images import image_key
from shared.story.shape import expect_plan
from tests.gateway.conftest import Api
from tests.pictures import product

SHOE = {"name": "AirFlex", "about": "a running shoe", "price": "$49"}


async def brief_of(api: Api, video: str) -> Any:
    view = await api.app.shell("gateway").view(video)
    asked = view.one(VideoRequested) if view else None
    assert asked is not None
    return asked.brief


async def accepted(api: Api, **asked: Any) -> Any:
    answer = await api.http.post("/v1/videos", json=asked)
    assert answer.status_code == 202, answer.text
    return await brief_of(api, answer.json()["id"])


async def give(api: Api) -> str:
    headers = {"content-type": "image/png"}
    answer = await api.http.post("/v1/images", content=product(), headers=headers)
    return str(answer.json()["id"])


async def test_an_ad_is_upright_full_hd_and_half_a_minute_long(api: Api) -> None:
    brief = await accepted(api, product=SHOE)
    assert (brief.duration, brief.aspect, brief.quality, brief.style) == (
        30, "9:16", "full", "minimal",
    )  # fmt: skip
    assert brief.prompt == "Product: AirFlex\nAbout: a running shoe\nPrice: $49"


async def test_a_scene_of_an_ad_is_one_clip(api: Api) -> None:
    shape = expect_plan("v", await accepted(api, product=SHOE))
    assert len(shape.beats) == len(shape.chunks) == 4


async def test_its_picture_is_kept_for_as_long_as_the_video(api: Api) -> None:
    picture = await give(api)
    brief = await accepted(api, product={**SHOE, "picture": picture, "style": "luxury"})
    assert (brief.product.picture, brief.style) == (picture, "luxury")
    assert await api.app.ports.blobs.stat(image_key("local", picture))


async def test_the_call_of_the_card_is_that_of_the_ad(api: Api) -> None:
    card = {"call_to_action": "Shop now"}
    assert (await accepted(api, product=SHOE, end_card=card)).product.call_to_action == "Shop now"


async def test_a_repetition_is_the_same_video(api: Api) -> None:
    asked, key = {"product": SHOE}, {"Idempotency-Key": "k"}
    first = await api.http.post("/v1/videos", json=asked, headers=key)
    again = await api.http.post("/v1/videos", json=asked, headers=key)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    ("asked", "field", "advice"),
    [
        ({"product": {}}, "product.name", "it is missing"),
        ({"product": {"name": ""}}, "product.name", "say what the product is called"),
        ({"product": {"name": " \t"}}, "product.name", "say what the product is called"),
        ({"product": {"name": "🙂"}}, "product.name", "say what the product is called"),
        ({"product": {**SHOE, "price": "cheap"}}, "product.price", "an amount with its currency"),
        ({"product": {**SHOE, "price": "49"}}, "product.price", "an amount with its currency"),
        ({"product": {**SHOE, "price": "$$"}}, "product.price", "an amount with its currency"),
        ({"product": {**SHOE, "url": "not a page"}}, "product.url", "the address of a page"),
        ({"product": {**SHOE, "picture": "nope"}}, "product.picture", "there is no image 'nope'"),
        (
            {"product": {**SHOE, "picture": f"v5000-{'0' * 32}.mp4"}},
            "product.picture",
            "the id of a clip",
        ),
        ({"product": {**SHOE, "colour": "red"}}, "product.colour", "there is no such field"),
        ({"product": SHOE, "prompt": "the sea"}, "prompt", "a prompt or a product, not both"),
        ({"product": SHOE, "script": "INT. HALL"}, "prompt", "a script or a product, not both"),
        ({"product": {**SHOE, "style": "bold"}, "style": "noir"}, "style", "say the style once"),
    ],
)
async def test_what_is_no_product_is_refused_and_nothing_begins(
    api: Api, asked: dict[str, Any], field: str, advice: str
) -> None:
    answer = await api.http.post("/v1/videos", json=asked)
    assert answer.status_code == 422
    found = {each["field"]: each["message"] for each in answer.json()["errors"]}
    assert field in found and advice in found[field]
    assert (await api.http.get("/v1/videos")).json()["videos"] == []


@pytest.mark.parametrize(
    "price",
    ["$49", "49 €", "€1,890", "12.50 €", "$18 a month", "CHF 1'200", "from £9.99", "EUR 5", "Free",
     "R$ 20", "ab 14 €", "1.299,00 €", "9 USD/month"],
)  # fmt: skip
async def test_prices_are_written_in_many_ways(api: Api, price: str) -> None:
    assert (await accepted(api, product={**SHOE, "price": price})).product.price == price
