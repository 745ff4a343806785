"""What a worker holds: it makes one video after another, and its heap must not remember them."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from services.stitcher.draw.transitions import Transition
from services.stitcher.encode.cut import CutSpec, cut
from services.stitcher.encode.join import Segment, Timeline
from services.stitcher.encode.mix import MixSpec
from shared.base.pool import Pool
from shared.media.encode import write_segment
from shared.media.pan import push_in
from shared.media.picture import from_image
from shared.media.sound import write_wav
from shared.story.formats import canvas
from tests.media.samples import tone

SIZE = canvas("9:16", "full")
FADE, FRAMES, SEGMENTS = 15, 45, 5
LIMIT_MIB = 430
"""Cuts take 335 to 350, and beside other tests up to 405, by how their threads come to meet."""


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clouds at full size, slowly coming nearer."""
    rng = np.random.default_rng(1)
    clouds = sum(
        cv2.resize(rng.normal(0, 40, (n, n, 3)), (SIZE.width, SIZE.height)) for n in (4, 30, 200)
    )
    still = Image.fromarray(np.clip(clouds + 120, 0, 255).astype(np.uint8))
    out = tmp_path_factory.mktemp("segment") / "segment.mp4"
    keyframes = frozenset({0, FADE, FRAMES - FADE})
    write_segment(out, push_in(from_image(still), FRAMES), SIZE, keyframes)
    return out


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_worker_stays_small_however_many_videos_it_makes(
    segment: Path, tmp_path: Path
) -> None:
    write_wav(tone(20), tmp_path / "music.wav")
    pool = Pool(1)
    for _ in range(3):
        peak = await pool.run(_peak_of_a_cut, segment, tmp_path)
    pool.close()
    assert peak <= LIMIT_MIB


def _peak_of_a_cut(segment: Path, folder: Path) -> float:
    """In the worker: the most it has ever held."""
    fade = Transition("fade", FADE)
    line = Timeline(SIZE, (Segment(segment, FRAMES),) * SEGMENTS, (fade,) * (SEGMENTS - 1))
    cut(CutSpec(folder, line, MixSpec(folder / "mix.m4a", line.frames, music=folder / "music.wav")))
    [peak] = [
        int(row.split()[1]) / 1024
        for row in Path("/proc/self/status").read_text().splitlines()
        if row.startswith("VmHWM")
    ]
    return peak
