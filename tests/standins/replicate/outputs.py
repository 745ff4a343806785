"""What a run gives back: texts in its answer, files behind URLs that expire."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.standins.replicate import draw, sound, words
from tests.standins.replicate.asked import Asked
from tests.standins.replicate.runs import Run

TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}

Inputs = Mapping[str, list[bytes]]
"""The files that were given, by field."""


def show_output(run: Run, asked: Asked, base: str) -> Any:
    """Return the output of a run as the API shows it; None until it has succeeded."""
    if run.status != "succeeded" or run.fault == "no_output":
        return None
    if run.said is not None:
        return run.said
    urls = [f"{base}/delivery/{run.id}/{n}.{asked.form}" for n in range(asked.count)]
    return urls if asked.model.output["type"] == "array" else urls[0]


def say(run: Run, asked: Asked, inputs: Inputs) -> Any:
    """Return what a model answers that makes no files; None for any other."""
    if run.said is not None:
        return run.said
    if asked.model.kind == "text":
        return words.to_output(asked, words.answer_text(asked, asked.seed))
    if asked.model.kind == "words":
        return words.to_transcript(asked, *sound.listen(inputs[asked.model.audio][0]))
    return None


def make_file(asked: Asked, index: int, inputs: Inputs, shrink: int) -> bytes:
    """Return one file of a good run."""
    model = asked.model
    seed = asked.seed * 16 + index
    if model.kind == "voice":
        return sound.make_voice(
            asked.words, float(asked.get("speed") or 1), asked.seconds, asked.form
        )
    if model.kind == "music":
        return sound.make_music(asked.words, seed, asked.seconds, asked.form)
    first, last = (_one(inputs, name) for name in (model.first, model.last))
    shown = inputs.get(model.references, [])
    if model.kind == "image":
        size = asked.size(draw.open_picture(shown[0]).size if shown else None, shrink)
        return draw.make_picture(asked.words, seed, size, shown, asked.form)
    size = asked.size(draw.open_picture(first).size if first else None, shrink)
    motion = draw.Motion(size, asked.frames, asked.fps, asked.has_sound)
    return draw.make_clip(asked.words, seed, motion, first, last)


def _one(inputs: Inputs, name: str) -> bytes | None:
    return next(iter(inputs.get(name, [])), None)


def check_file(asked: Asked, name: str, data: bytes) -> None:
    """Refuse an input file that the model can't read, as a ValueError."""
    if name == asked.model.audio:
        sound.listen(data)
    elif name in (asked.model.first, asked.model.last, asked.model.references):
        draw.open_picture(data)


class Shelf:
    """Inputs that were fetched and outputs that were made, on disk until they expire."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "runs"
        self._one_at_a_time = asyncio.Lock()

    def keep_input(self, run: Run, name: str, place: int, data: bytes) -> None:
        """Store an input file."""
        folder = self._folder / run.id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"in-{name}-{place}").write_bytes(data)

    def read_inputs(self, run: Run, asked: Asked) -> dict[str, list[bytes]]:
        """Return all input files of a run."""
        found = {}
        for name, field in asked.model.fields.items():
            if field.is_file and asked.urls(name):
                places = range(len(asked.urls(name)))
                found[name] = [
                    (self._folder / run.id / f"in-{name}-{n}").read_bytes() for n in places
                ]
        return found

    async def find_output(self, run: Run, asked: Asked, index: int, shrink: int) -> Path:
        """Return an output file, which is made when it is first asked for."""
        path = self._folder / run.id / f"out-{index}"
        async with self._one_at_a_time:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                await asyncio.to_thread(self._make, run, asked, index, shrink, path)
        return path

    def _make(self, run: Run, asked: Asked, index: int, shrink: int, path: Path) -> None:
        data = make_file(asked, index, self.read_inputs(run, asked), shrink)
        if run.fault == "empty":
            data = b""
        elif run.fault == "truncated":
            data = data[: len(data) // 2]
        elif run.fault == "wrong_type":
            data = b"<!doctype html><title>Oops</title><p>This is no file of the kind you wanted."
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.rename(path)

    def forget(self, run: Run) -> None:
        """Throw away all files of a run."""
        shutil.rmtree(self._folder / run.id, ignore_errors=True)
