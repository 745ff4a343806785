"""From a product and its picture to a finished ad, in which the product is seen in every scene."""

import asyncio
from pathlib import Path

import av
import pytest

from services.gateway.read.actions import Status
from services.gateway.read.status import read_status
from services.planner.work import WORK as PLANNING_WORK
from shared.base.pool import Pool
from shared.bus.chaos import Chaos
from shared.engines.local.engine import LocalEngine
from shared.engines.local.work import WORK as LOCAL_WORK
from shared.jobs.engine import Engine
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, VideoCompleted, VideoFailed
from shared.story.images import image_key
from shared.story.kinds import IMAGE, PLAN, PRODUCT, AnyKind, ImageReady, ProductSeen
from shared.story.product import Product
from tests.engines.local.test_product import find_magenta
from tests.media.samples import rgb
from tests.pictures import product
from tests.pipeline.world import World, world

SHOE = Product(name="AirFlex", about="a running shoe", picture="w1", offer="20% off")


def brief(**known: object) -> Brief:
    values = {
        "prompt": "Product: AirFlex", "product": SHOE, "duration": 20.0, "end_card": None,
        "min_clips": 1, "voice": False, "music": False, "captions": "none", **known,
    }  # fmt: skip
    return Brief.model_validate(values)


async def give(made: World) -> None:
    await made.app.ports.blobs.put(image_key("local", "w1"), product((300, 200)))


async def planned(made: World) -> BeatsPlanned:
    view = await made.app.shell("gateway").view("v")
    plan = view.latest(BeatsPlanned) if view else None
    assert plan is not None
    return plan


@pytest.mark.parametrize("seed", range(2))
async def test_the_picture_is_looked_at_once_and_seen_in_every_scene(
    tmp_path: Path, seed: int
) -> None:
    pool = Pool(1)
    local = LocalEngine(pool, {**LOCAL_WORK, **PLANNING_WORK})
    engines: dict[AnyKind, Engine] = dict.fromkeys((PRODUCT, PLAN, IMAGE), local)
    async with world(tmp_path, chaos=Chaos(seed), engines=engines) as made:
        await give(made)
        await made.request("v", brief())
        end = await made.ended("v", 60)
        assert isinstance(end, VideoCompleted), end
        view = await made.app.shell("gateway").view("v")
        assert view is not None
        (seen,) = view.all(ProductSeen)
        images = view.all(ImageReady)
        pictures = [await made.app.ports.blobs.get(image.key) for image in images]
        plan = await planned(made)
    pool.close()
    assert seen.method == "alpha"
    entry = plan.bible.product
    assert entry is not None and (entry.cutout, entry.picture) == (
        seen.key, image_key("local", "w1"),
    )  # fmt: skip
    assert "pink" in entry.looks or "violet" in entry.looks, "its colours are told to models"
    assert len(pictures) == len(plan.beats) == 3
    for n, data in enumerate(pictures):
        (tmp_path / f"{n}.png").write_bytes(data)
        with av.open(str(tmp_path / f"{n}.png")) as container:
            assert find_magenta(rgb(next(container.decode(video=0)))).mean() > 0.03


async def test_a_picture_that_is_gone_fails_the_video_in_planning(tmp_path: Path) -> None:
    pool = Pool(1)
    local = LocalEngine(pool, PLANNING_WORK)
    engines: dict[AnyKind, Engine] = dict.fromkeys((PRODUCT, PLAN), local)
    async with world(tmp_path, engines=engines) as made, asyncio.timeout(30):
        await made.request("v", brief())
        end = await made.ended("v")
        view = await made.app.shell("gateway").view("v")
    pool.close()
    assert isinstance(end, VideoFailed)
    now = read_status(view) if view else None
    assert now is not None and now.status is Status.FAILED and now.failed_at is not None
    assert now.failed_at.phase == "product"
    assert now.error == "its input “picture” is gone, or never arrived"
