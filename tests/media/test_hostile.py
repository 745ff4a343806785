"""Files made to harm are refused by name; what that costs is measured in a process apart."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import av
import pytest
from PIL import Image

from services.stitcher.encode.conform import ConformSpec, conform
from shared.media.lastframe import last_frame
from shared.media.probe import BadMedia, probe
from shared.story.formats import Canvas
from tests.media.samples import Shape, copied, write_clip

SECONDS, MIB = 2.0, 150
"""Of the processor, and on top of what an idle process holds."""

FILES: dict[str, tuple[Callable[[Path], Path], str]] = {}


def hostile(reason: str) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
    """A maker of a file that must be refused for this reason."""

    def known(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
        FILES[make.__name__] = make, reason
        return make

    return known


@hostile("empty")
def no_bytes(folder: Path) -> Path:
    (folder / "clip.mp4").touch()
    return folder / "clip.mp4"


@hostile("can't be read as media")
def text_by_the_name_of_a_clip(folder: Path) -> Path:
    (folder / "clip.mp4").write_text("It was a dark and stormy night. " * 10_000)
    return folder / "clip.mp4"


@hostile("1 frame")
def one_picture(folder: Path) -> Path:
    return write_clip(folder, Shape(frames=1))


@hostile("9,437,184 pixels")
def a_wall_of_pixels(folder: Path) -> Path:
    return write_clip(folder, Shape(4096, 4096, frames=2))


@hostile("too long: more than 600 s")
def two_pictures_hours_apart(folder: Path) -> Path:
    return write_clip(folder, Shape(frames=3, times=(0, 1, 5 * 3600 * 30)))


@hostile("claims 80,000,000 samples")
def an_index_of_millions_that_are_not_there(folder: Path) -> Path:
    clip = write_clip(folder)
    data = bytearray(clip.read_bytes())
    count = (80_000_000).to_bytes(4, "big")
    sizes, times, chunks = (data.index(name) + 8 for name in (b"stsz", b"stts", b"stsc"))
    data[sizes : sizes + 8] = (1).to_bytes(4, "big") + count
    data[times + 4 : times + 8] = data[chunks + 8 : chunks + 12] = count
    clip.write_bytes(data)
    return clip


@hostile("claims 50,000,000 samples")
def a_fragment_of_millions_that_are_not_there(folder: Path) -> Path:
    clip = copied(write_clip(folder), "frag_keyframe+empty_moov")
    data = bytearray(clip.read_bytes())
    at = data.index(b"trun") + 8
    data[at : at + 4] = (50_000_000).to_bytes(4, "big")
    clip.write_bytes(data)
    return clip


@hostile("more than 72,000 pictures")
def a_small_file_of_many_thousand_pictures(folder: Path) -> Path:
    return _over_and_over(write_clip(folder, Shape(32, 32, frames=1)), 80_000)


@hostile("40,000,000,000 pixels in all")
def long_and_large(folder: Path) -> Path:
    return _over_and_over(write_clip(folder, Shape(3840, 2160, frames=1)), 6_000)


def _over_and_over(clip: Path, count: int) -> Path:
    """Bytes of its one picture as so many, a millisecond each."""
    out = clip.with_name("many.mp4")
    with av.open(str(clip)) as source, av.open(str(out), "w") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        [data] = [bytes(packet) for packet in source.demux(video=0) if packet.size]
        for number in range(count):
            packet = av.Packet(data[-200:])
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = number
            copy.mux_one(packet)
    return out


@hostile("can't be read as media")
def pictures_that_grow_behind_a_small_header(folder: Path) -> Path:
    """What the header promises is 96 by 160; later it is 8,192 by 8,192."""
    small = write_clip(folder, Shape(frames=10, suffix=".h264"), "small")
    large = write_clip(folder, Shape(8_192, 8_192, frames=2, suffix=".h264"), "large")
    raw = folder / "raw.h264"
    raw.write_bytes(small.read_bytes() + large.read_bytes())
    out = folder / "clip.ts"
    with av.open(str(raw)) as source, av.open(str(out), "w") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        packets = (packet for packet in source.demux(video=0) if packet.size)
        for number, packet in enumerate(packets):
            packet.pts = packet.dts = number * 3000
            packet.time_base, packet.stream = Fraction(1, 90_000), stream
            copy.mux_one(packet)
    return out


@dataclass(frozen=True)
class Spent:
    """What a piece of work took, and what was said against its file."""

    seconds: float
    mib: float
    said: str


def spent(work: Callable[[Path], str], clip: Path) -> Spent:
    """In the process apart."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts anew
    before, started = _mib("VmRSS"), time.process_time()
    try:
        said = work(clip)
    except BadMedia as error:
        said = error.message
    return Spent(time.process_time() - started, _mib("VmHWM") - before, said)


def _mib(field: str) -> float:
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(field))


def probing(clip: Path) -> str:
    return f"nothing: {probe(clip)}"


def taking_the_last_frame(clip: Path) -> str:
    last_frame(clip, clip.with_name("last.png"))
    return "nothing"


def conforming(clip: Path) -> str:
    """It is replaced by its picture, and why is told."""
    picture = clip.with_name("still.png")
    Image.new("RGB", (96, 160), (200, 40, 40)).save(picture)
    spec = ConformSpec(clip.with_name("s.mp4"), Canvas(96, 160), 30, clip, picture)
    return str(conform(spec).filled)


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_at_small_cost(
    name: str, apart: ProcessPoolExecutor, tmp_path: Path
) -> None:
    make, reason = FILES[name]
    clip = make(tmp_path)
    for work in (probing, taking_the_last_frame, conforming):
        if name == "pictures_that_grow_behind_a_small_header" and work is probing:
            continue  # nothing is decoded yet
        found = apart.submit(spent, work, clip).result(timeout=60)
        assert reason in found.said and clip.name in found.said, work.__name__
        assert found.seconds < SECONDS and found.mib < MIB, found
