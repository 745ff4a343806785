"""`make demo`: makes a video from one prompt by the command line, and checks what is in the file.

The command runs as a process of its own. Then the file is decoded completely and compared with the
clips and sounds that it was made of, which still lie in the data folder. A figure of 0 is a fault.
"""

import asyncio
import os
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

PROMPT = (
    "A lighthouse keeper paints the sea. Every morning she climbs the stairs with her brushes. "
    "Storms come, and she paints them too. One day a ship brings her a letter. "
    "Her pictures hang in the city now. She stays, and paints the sea again."
)
"""A story with something to say in each beat: a plan without a model says only what it is told."""
SECONDS = 30.0
LIMIT_SECONDS, LIMIT_MIB = 40.0, 1024.0  # of wall time on two cores, and of all processes' memory
FREE = {"STORYWAVE_LLM_URL": "", "STORYWAVE_PAID": "false", "REPLICATE_API_TOKEN": ""}
"""Whatever is set where it runs, a demo spends nothing."""
LONGEST_TRANSITION = 0.7  # seconds; after them, nothing but the end card may be seen

Luma = NDArray[np.uint8]
Mono = NDArray[np.float64]
Cue = tuple[float, float]
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Made:
    """A finished video, the facts about it, and the time and memory that making it took."""

    video: Path
    blobs: Path
    view: View
    seconds: float
    peak_mib: float

    def file_of(self, key: str) -> Path:
        return self.blobs / key


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="storywave-demo-") as folder:
        made = make(Path("demo.mp4"), Path(folder))
        figures = measure(made)
    fine = is_good(figures, made.peak_mib)
    print(f"memory at its peak, all processes together: {made.peak_mib:.0f} MiB")
    print("FIGURE demo " + " ".join(f"{name}={value}" for name, value in figures.items()))
    return 0 if fine else 1


def is_good(figures: dict[str, object], peak_mib: float) -> bool:
    """Return whether all figures are as they must be, and print those that are not."""
    wrong = [name for name in ("voice", "music", "captions", "card") if figures[name] != 1]
    if not 29.9 <= float(str(figures["duration"])) <= 30.1:
        wrong.append("duration")
    if float(str(figures["seconds"])) > LIMIT_SECONDS:
        wrong.append("seconds")
    if peak_mib > LIMIT_MIB:
        wrong.append("memory")
    for name in wrong:
        print(f"demo: wrong figure: {name}", file=sys.stderr)
    return not wrong


def make(video: Path, data: Path) -> Made:
    """Run the command as a user would, watch its memory, and return what it made."""
    command = [sys.executable, "-m", "services.cli", "make", PROMPT, "--duration", f"{SECONDS:g}"]
    command += ["--aspect", "9:16", "--draft", "-o", str(video), "--data", str(data)]
    began = time.monotonic()
    with subprocess.Popen(command, env=os.environ | FREE) as process:
        memory = Memory(process.pid)
        memory.start()
        if process.wait() != 0:
            raise SystemExit(process.returncode)
    seconds = time.monotonic() - began
    view = asyncio.run(_read_view(data))
    return Made(video, data / "blobs", view, seconds, memory.peak_mib)


async def _read_view(data: Path) -> View:
    """Return the facts about the one video in a data folder."""
    store = SqliteStore(data / "storywave.db")
    await store.open({})
    [doc] = await store.find("views.gateway", {})
    await store.close()
    parts = doc["parts"].items()
    return View(doc["_id"], [KINDS.parse(n, body) for n, slots in parts for body in slots.values()])


class Memory(threading.Thread):
    """Watches a process and all its children, and keeps the most memory that they had at once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.peak_mib = 0.0

    def run(self) -> None:
        while kib := sum(map(_read_kib, _list_family(self._pid))):
            self.peak_mib = max(self.peak_mib, kib / 1024)
            time.sleep(0.2)


def _list_family(pid: int) -> Iterator[int]:
    """Yield the ids of a process and of all processes below it."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _list_family(int(child))


def _read_kib(pid: int) -> int:
    """Return the memory of a process; 0 once it has ended."""
    # Pss counts a page that n processes share as a part of n in each: so the sum counts it once.
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


# ── what is in the file ─────────────────────────────────────────────────────────────────────────


def measure(made: Made) -> dict[str, object]:
    """Return the figures of a video by their names."""
    frames = decode_luma(made.video)
    sound = _read_mono(made.video)
    cues, bed = _read_cues(made), _read_mono(made.file_of(_only(made, MusicReady).key))
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


def decode_luma(path: Path) -> list[Luma]:
    """Return the brightness of every frame; fail if the file does not decode to its end."""
    with av.open(str(path), options={"err_detect": "explode"}) as container:
        # Half the size each way is enough for all checks here, and takes a quarter of the memory.
        return [
            np.array(frame.to_ndarray(format="gray")[::2, ::2], dtype=np.uint8)
            for frame in container.decode(video=0)
        ]


def has_voice(sound: Mono, bed: Mono, cues: Sequence[Cue]) -> bool:
    """Return whether a voice is heard where the captions say so."""
    # Consonants lie at 1 to 4 kHz. That band must be louder at the words than between them, and not
    # already so in the music alone.
    heard, alone = (
        _measure_rise(_cut_band(samples, 1_000, 4_000), cues) for samples in (sound, bed)
    )
    return heard > 10 and alone < 3


def has_music(sound: Mono, bed: Mono, cues: Sequence[Cue]) -> bool:
    """Return whether the bed is heard between the words, and nothing else."""
    heard = [(sound[a:b], bed[a:b]) for a, b in _find_pauses(cues)]
    alike = [float(np.corrcoef(ours, theirs)[0, 1]) for ours, theirs in heard]
    return min(alike) > 0.9 and min(_decibels(ours) for ours, _ in heard) > -45


def has_captions(made: Made, frames: Sequence[Luma], cues: Sequence[Cue]) -> bool:
    """Return whether letters lie over the clip in the middle of each cue, and none before."""
    during = [_measure_letters(made, frames, (start + end) / 2) for start, end in cues]
    before = _measure_letters(made, frames, 0.0)
    return min(during) > 0.005 and before < 0.0005


def has_card(made: Made, frames: Sequence[Luma]) -> bool:
    """Return whether the last frames, after the transition, are those of the end card."""
    plan = _only(made, BeatsPlanned)
    [card] = [s for s in made.view.all(ClipConformed) if s.chunk == len(plan.chunks)]
    wanted = decode_luma(made.file_of(card.key))
    shown, before = frames[-len(wanted) :], frames[-len(wanted) - 1]
    pairs = list(zip(shown, wanted, strict=True))[frame_at(LONGEST_TRANSITION) :]
    same = [_compare(a, b) < 1 for a, b in pairs]
    # The frame before must differ, and the card must not be one flat colour: else a video that
    # shows the same picture all the time would pass.
    differs = _compare(before, wanted[-1]) > 10 and wanted[-1].std() > 5
    return len(same) > FPS and all(same) and bool(differs)


# ── how it is measured ────────────────────────────────────────────────────────────────────────────


def _only(made: Made, cls: type[E]) -> E:
    [fact] = made.view.all(cls)
    return fact


def _read_cues(made: Made) -> list[Cue]:
    """Return when words should be seen and heard, as the captions file says."""
    text = made.file_of(_only(made, VideoCompleted).outputs["srt"]).read_text()
    return [
        (_parse_time(a), _parse_time(b)) for a, b in re.findall(r"^(\S+) --> (\S+)", text, re.M)
    ]


def _parse_time(text: str) -> float:
    hours, minutes, rest = text.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def _measure_letters(made: Made, frames: Sequence[Luma], seconds: float) -> float:
    """Return the share of pixels at this time that are far from the clip's own."""
    plan = _only(made, BeatsPlanned)
    chunk = [c for c in active_chunks(plan) if c.start <= seconds][-1]
    [clip] = [c for c in made.view.all(ChunkReady) if c.chunk == chunk.index]
    # A continuous chunk begins with the last frame of the one before, which is shown only once.
    skipped = int(chunk.kind == "continuous")
    raw = decode_luma(made.file_of(clip.key))
    at = frame_at(seconds)
    own = raw[min(at - frame_at(chunk.start) + skipped, len(raw) - 1)]
    return float((np.abs(frames[at].astype(np.int16) - own) > 60).mean())


def _compare(one: Luma, other: Luma) -> float:
    """Return how much two pictures differ on average, in levels of brightness."""
    return float(np.abs(one.astype(np.int16) - other).mean())


def _read_mono(path: Path) -> Mono:
    """Return the sound of a file, with as many samples as the video has."""
    sound = read_sound(path).mean(axis=1).astype(np.float64)[: round(SECONDS * RATE)]
    return np.pad(sound, (0, round(SECONDS * RATE) - len(sound)))


def _cut_band(samples: Mono, low: float, high: float) -> Mono:
    """Return what is left of a sound between two frequencies."""
    spectrum = np.fft.rfft(samples)
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(at < low) | (at > high)] = 0
    return np.fft.irfft(spectrum, len(samples))


def _measure_rise(samples: Mono, cues: Sequence[Cue]) -> float:
    """Return how many decibels louder a sound is at the words than between them."""
    words = np.concatenate([samples[round(a * RATE) : round(b * RATE)] for a, b in cues])
    between = np.concatenate([samples[a:b] for a, b in _find_pauses(cues)])
    return _decibels(words) - _decibels(between)


def _find_pauses(cues: Sequence[Cue]) -> list[tuple[int, int]]:
    """Return where pauses begin and end, in samples."""
    # Less at both ends: around words, the music is still on its way down or up.
    gaps = [(a[1] + 0.6, b[0] - 0.3) for a, b in pairwise(cues)]
    return [(round(a * RATE), round(b * RATE)) for a, b in gaps if b - a > 0.05]


def _decibels(samples: Mono) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


if __name__ == "__main__":
    sys.exit(main())
