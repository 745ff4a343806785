"""`make demo`: one prompt to a finished video by the command line, and what is truly in the file.

The command runs as its own process; afterwards the file is decoded completely and compared with
the pieces that it was made of, which still lie in the data folder. A figure of 0 is a failure.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from shared.media.sound import RATE, read_sound
from shared.store.sqlite import SqliteStore
from shared.story.events import BeatsPlanned, Event, VideoCompleted
from shared.story.formats import FPS, frame_at
from shared.story.kinds import KINDS, ChunkReady, ClipConformed, MusicReady
from shared.story.plan import active_chunks
from shared.story.view import View

PROMPT = "A lighthouse keeper who paints the sea"
SECONDS, LIMIT_SECONDS, LIMIT_MIB = 30.0, 40.0, 1024.0
"""What is made, how long it may take on two cores, and how much memory the processes may need."""

GIVING_WAY = 0.7
"""The longest that a transition to the card may be seen."""

Luma = NDArray[np.uint8]
Mono = NDArray[np.float64]
Cue = tuple[float, float]
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Made:
    """A finished video, its pieces, and what making it took."""

    video: Path
    blobs: Path
    view: View
    seconds: float
    peak_mib: float

    def piece(self, key: str) -> Path:
        return self.blobs / key


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="storywave-demo-") as folder:
        made = make(Path("demo.mp4"), Path(folder))
        figures = measured(made)
    fine = good(figures, made.peak_mib)
    print(f"memory at its peak, all processes together: {made.peak_mib:.0f} MiB")
    print("FIGURE demo " + " ".join(f"{name}={value}" for name, value in figures.items()))
    return 0 if fine else 1


def good(figures: dict[str, object], peak_mib: float) -> bool:
    """Whether everything is in it, in time and in memory; what is not is said."""
    wrong = [name for name in ("voice", "music", "captions", "card") if figures[name] != 1]
    if not 29.9 <= float(str(figures["duration"])) <= 30.1:
        wrong.append("duration")
    if float(str(figures["seconds"])) > LIMIT_SECONDS:
        wrong.append("seconds")
    if peak_mib > LIMIT_MIB:
        wrong.append("memory")
    for name in wrong:
        print(f"demo: {name} is not as it must be", file=sys.stderr)
    return not wrong


def make(video: Path, data: Path) -> Made:
    """Run the command, as a user would, and look at its memory meanwhile."""
    command = [sys.executable, "-m", "services.cli", "make", PROMPT, "--duration", f"{SECONDS:g}"]
    command += ["--aspect", "9:16", "--draft", "-o", str(video), "--data", str(data)]
    began = time.monotonic()
    with subprocess.Popen(command) as process:
        memory = Memory(process.pid)
        memory.start()
        if process.wait() != 0:
            raise SystemExit(process.returncode)
    seconds = time.monotonic() - began
    view = asyncio.run(_view(data))
    return Made(video, data / "blobs", view, seconds, memory.peak_mib)


async def _view(data: Path) -> View:
    """The facts of the one video in a data folder."""
    store = SqliteStore(data / "storywave.db")
    await store.open({})
    [doc] = await store.find("views.gateway", {})
    await store.close()
    parts = doc["parts"].items()
    return View(doc["_id"], [KINDS.parse(n, body) for n, slots in parts for body in slots.values()])


class Memory(threading.Thread):
    """The most that a process and all below it have held at once, shared pages counted once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.peak_mib = 0.0

    def run(self) -> None:
        while kib := sum(map(_pss_kib, _family(self._pid))):
            self.peak_mib = max(self.peak_mib, kib / 1024)
            time.sleep(0.2)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _pss_kib(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


# ── what is in the file ─────────────────────────────────────────────────────────────────────────


def measured(made: Made) -> dict[str, object]:
    frames = decoded(made.video)
    sound = _mono(made.video)
    cues, bed = _cues(made), _mono(_only(made, MusicReady).key, made)
    return {
        "seconds": f"{made.seconds:.1f}",
        "duration": f"{len(frames) / FPS:.3f}",
        "frames": len(frames),
        "width": 2 * frames[0].shape[1],
        "height": 2 * frames[0].shape[0],
        "voice": int(has_voice(sound, bed, cues)),
        "music": int(has_music(sound, bed, cues)),
        "captions": int(has_captions(made, frames, cues)),
        "card": int(has_card(made, frames)),
    }


def decoded(path: Path) -> list[Luma]:
    """Every frame's brightness; a file that does not decode to its end is an error."""
    with av.open(str(path), options={"err_detect": "explode"}) as container:
        # half the size each way shows all that is measured here, in a quarter of the memory
        return [
            np.array(frame.to_ndarray(format="gray")[::2, ::2], dtype=np.uint8)
            for frame in container.decode(video=0)
        ]


def has_voice(sound: Mono, bed: Mono, cues: Sequence[Cue]) -> bool:
    """Where words stand, consonants stand out, as they do not in the music alone."""
    heard, alone = (_rise(_band(samples, 1_000, 4_000), cues) for samples in (sound, bed))
    return heard > 10 and alone < 3


def has_music(sound: Mono, bed: Mono, cues: Sequence[Cue]) -> bool:
    """Between the words there is the bed, and nothing but the bed."""
    heard = [(sound[a:b], bed[a:b]) for a, b in _pauses(cues)]
    alike = [float(np.corrcoef(ours, theirs)[0, 1]) for ours, theirs in heard]
    return min(alike) > 0.9 and min(_decibels(ours) for ours, _ in heard) > -45


def has_captions(made: Made, frames: Sequence[Luma], cues: Sequence[Cue]) -> bool:
    """In the middle of each cue bright letters lie over the clip; before the first, nothing."""
    lettered = [_lettered(made, frames, (start + end) / 2) for start, end in cues]
    bare = _lettered(made, frames, 0.0)
    return min(lettered) > 0.005 and bare < 0.0005


def has_card(made: Made, frames: Sequence[Luma]) -> bool:
    """The last frames are those of the end card, once the story has given way to it."""
    plan = _only(made, BeatsPlanned)
    [card] = [s for s in made.view.all(ClipConformed) if s.chunk == len(plan.chunks)]
    wanted = decoded(made.piece(card.key))
    shown, before = frames[-len(wanted) :], frames[-len(wanted) - 1]
    pairs = list(zip(shown, wanted, strict=True))[frame_at(GIVING_WAY) :]
    same = [_difference(a, b) < 1 for a, b in pairs]
    return (
        len(same) > FPS
        and all(same)
        and _difference(before, wanted[-1]) > 10
        and wanted[-1].std() > 5
    )


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────


def _only(made: Made, cls: type[E]) -> E:
    [fact] = made.view.all(cls)
    return fact


def _cues(made: Made) -> list[Cue]:
    """When words are to be seen and heard, by the captions file."""
    text = made.piece(_only(made, VideoCompleted).outputs["srt"]).read_text()
    return [(_seconds(a), _seconds(b)) for a, b in re.findall(r"^(\S+) --> (\S+)", text, re.M)]


def _seconds(time_: str) -> float:
    hours, minutes, rest = time_.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def _lettered(made: Made, frames: Sequence[Luma], seconds: float) -> float:
    """The share of pixels that are far from the clip's own, at this time."""
    plan = _only(made, BeatsPlanned)
    chunk = [c for c in active_chunks(plan) if c.start <= seconds][-1]
    [clip] = [c for c in made.view.all(ChunkReady) if c.chunk == chunk.index]
    # a continuous chunk begins with the last frame of the one before, which is shown once
    skipped = int(chunk.kind == "continuous")
    raw = decoded(made.piece(clip.key))
    at = frame_at(seconds)
    own = raw[min(at - frame_at(chunk.start) + skipped, len(raw) - 1)]
    return float((np.abs(frames[at].astype(np.int16) - own) > 60).mean())


def _difference(one: Luma, other: Luma) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _mono(path: Path | str, made: Made | None = None) -> Mono:
    """So many samples as the video has; a bed that is longer is trimmed, as the mix does."""
    file = made.piece(str(path)) if made else Path(path)
    sound = read_sound(file).mean(axis=1).astype(np.float64)[: round(SECONDS * RATE)]
    return np.pad(sound, (0, round(SECONDS * RATE) - len(sound)))


def _band(samples: Mono, low: float, high: float) -> Mono:
    spectrum = np.fft.rfft(samples)
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(at < low) | (at > high)] = 0
    return np.fft.irfft(spectrum, len(samples))


def _rise(samples: Mono, cues: Sequence[Cue]) -> float:
    """How many decibels louder it is at the words than between them."""
    words = np.concatenate([samples[round(a * RATE) : round(b * RATE)] for a, b in cues])
    between = np.concatenate([samples[a:b] for a, b in _pauses(cues)])
    return _decibels(words) - _decibels(between)


def _pauses(cues: Sequence[Cue]) -> list[tuple[int, int]]:
    """Samples between the words, clear of their echoes and of the ducking around them."""
    gaps = [(a[1] + 0.6, b[0] - 0.3) for a, b in pairwise(cues)]
    return [(round(a * RATE), round(b * RATE)) for a, b in gaps if b - a > 0.05]


def _decibels(samples: Mono) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


if __name__ == "__main__":
    sys.exit(main())
