"""The composition: one process a data folder, and what a second one may not do to it."""

from pathlib import Path

import pytest

import services
from shared.compose import opened
from shared.errors import BadInput
from shared.settings import Settings

SERVICES = [services.load(name) for name in services.NAMES]


async def test_a_refused_second_process_leaves_the_work_of_the_first_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, processes=1)
    async with opened(settings, SERVICES):
        half = tmp_path / "work" / "v-clip-0-0-0-1" / "half.mp4"
        half.parent.mkdir(parents=True)
        half.write_bytes(b"half")
        with pytest.raises(BadInput, match="in use"):
            async with opened(settings, SERVICES):
                raise AssertionError("two processes on one folder")
        assert half.exists()
    assert not half.exists()


async def test_what_a_killed_process_has_left_is_cleared_at_the_start(tmp_path: Path) -> None:
    left = tmp_path / "work" / "v-cut-0-0-1-1" / "video.mp4"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    async with opened(Settings(data=tmp_path, processes=1), SERVICES):
        assert not left.exists()
