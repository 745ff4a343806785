"""Holds the plans of the rule-based planner against bounds, on inputs with hand labels.

Every input of tests/plans is planned as the planner service plans it, and what is to be said is
spoken by the voice that would speak it. Then for each plan: is it valid, do its beats fill their
time, does what is said fit, does it say what was asked and nothing that is ours alone, are the
named ones found. And for all of them together: does a sentence come back that no user has written.

`--further` plans a second set instead, which the planner was not tuned on: the bounds
it breaks are named and fail nothing.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import yaml

from services.planner.work import make_plan
from shared.engines.local.language import language_of
from shared.engines.local.styles import style_of
from shared.engines.local.voice import speak
from shared.engines.planning import story_seconds
from shared.jobs.engine import Workspace
from shared.story.beats import Beat, Chunk, check_plan
from shared.story.brief import Brief
from shared.story.errors import StorywaveError
from shared.story.kinds import PlanOrder
from shared.story.product import Product, write_wish
from shared.story.script.cast import find_characters
from shared.story.script.reading import read_script
from shared.story.script.selection import select

INPUTS = Path(__file__).parent.parent / "tests" / "plans"
FURTHER = INPUTS / "further"
EXACT, OVER = 0.01, 0.08  # seconds; a share of a beat's time
STOCK, RECALL, PRECISION = 2, 0.95, 0.9


@dataclass(frozen=True)
class Entry:
    """An input and its labels."""

    brief: Brief
    text: str
    characters: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    kind: str = "prompt"


@dataclass(frozen=True)
class Result:
    """What was found in one plan: what is wrong with it, and what is counted over all of them."""

    entry: Entry
    wrong: tuple[str, ...]
    over: tuple[float, ...] = ()
    """For each beat with words: by which share of its time they are too long."""
    stock: frozenset[str] = frozenset()
    """Its sentences that are not wholly the user's, with the user's words masked."""
    found: frozenset[str] = frozenset()
    beats: tuple[Beat, ...] = field(default=(), repr=False)


# ── the inputs ──────────────────────────────────────────────────────────────────────────────────


def load(folder: Path = INPUTS) -> list[Entry]:
    """Return all inputs with their labels."""
    prompts = yaml.safe_load((folder / "prompts.yaml").read_text(encoding="utf-8"))
    products = yaml.safe_load((folder / "products.yaml").read_text(encoding="utf-8"))
    scripts = sorted((folder / "scripts").glob("*.fountain"))
    rows = [("prompt", row) for row in prompts] + [("product", row) for row in products]
    rows += [("script", _read_script(path)) for path in scripts]
    return [_make_entry(kind, row) for kind, row in rows]


def order_of(entry: Entry) -> PlanOrder:
    """Return the order of the plan job for this input: the one place that knows how."""
    if entry.kind != "script":
        return PlanOrder(video_id="bench", brief=entry.brief)
    script = read_script(entry.text)
    picks = select(script, find_characters(script), story_seconds(entry.brief))
    return PlanOrder(video_id="bench", brief=entry.brief, title=script.title, picks=picks)


def _ask(kind: str, row: Mapping[str, Any]) -> Brief:
    """Return what a user would ask for with this input."""
    wish = {"duration": row.get("duration", 30), "style": row.get("style", "cinematic")}
    if kind != "product":
        return Brief(prompt=str(row["prompt"]), **wish)
    names = {"description": "about", "call": "call_to_action"}
    told = {names.get(key, key): value for key, value in row.items() if key not in _LABELS}
    product = Product.model_validate(told)
    return Brief(prompt=write_wish(product), product=product, **wish)


_LABELS = ("shows", "says", "never", "language")


def _read_script(path: Path) -> dict[str, Any]:
    labels = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return {"prompt": path.read_text(encoding="utf-8"), "characters": labels["characters"]}


def _name_everybody(entry: Entry) -> Iterator[str]:
    """Yield everybody of a script by the name that its label has: a trailer shows only a few."""
    labels = {label.lower() for label in entry.characters}
    for each in find_characters(read_script(entry.text)):
        names = {name.lower() for name in (each.name, *each.aliases)}
        yield next(iter(names & labels), each.name)


def _make_entry(kind: str, row: Mapping[str, Any]) -> Entry:
    brief = _ask(kind, row)
    said = [row[key] for key in ("name", "price", "offer") if kind == "product" and key in row]
    return Entry(
        brief,
        brief.prompt,
        tuple(row.get("characters", ())),
        (*row.get("says", ()), *said),
        tuple(row.get("never", ())),
        tuple(row.get("shows", ())),
        kind,
    )


# ── one plan ────────────────────────────────────────────────────────────────────────────────────


def measure(entry: Entry, folder: Path) -> Result:
    """Plan an input and return what was found."""
    try:
        data = make_plan(order_of(entry), Workspace(folder)).data
        beats = tuple(Beat.model_validate(beat) for beat in data["beats"])
        check_plan(beats, [Chunk.model_validate(chunk) for chunk in data["chunks"]])
    except StorywaveError as error:
        return Result(entry, (f"no plan: {error}",))
    card = (data["brief"].get("end_card") or {}).get("seconds", 0.0)
    wrong = [*_check_times(beats, entry.brief.duration - card), *_check_words(entry, beats)]
    return Result(
        entry,
        tuple(wrong),
        tuple(_measure_over(beats, entry.brief.style, folder)),
        frozenset(_mask(beats, entry.text)),
        frozenset(_find_names(entry, beats)),
        beats,
    )


def _find_names(entry: Entry, beats: Sequence[Beat]) -> Iterator[str]:
    if entry.kind == "script":
        return _name_everybody(entry)
    return (name for beat in beats for name in beat.characters)


def _check_times(beats: Sequence[Beat], seconds: float) -> Iterator[str]:
    ends = 0.0
    for beat in beats:
        if abs(beat.start - ends) > EXACT:
            yield f"beat {beat.index} starts at {beat.start}, not at {ends}"
        ends = beat.start + beat.duration
    if abs(ends - seconds) > EXACT:
        yield f"the beats fill {ends} s of {seconds} s"
    prompts = Counter(beat.prompt for beat in beats)
    yield from (f"two beats show {prompt!r}" for prompt, n in prompts.items() if n > 1)


def _check_words(entry: Entry, beats: Sequence[Beat]) -> Iterator[str]:
    heard = " ".join(beat.narration for beat in beats).lower()
    seen = " ".join(beat.prompt for beat in beats).lower()
    yield from (f"never says {text!r}" for text in entry.says if text.lower() not in heard)
    yield from (f"says {text!r}" for text in entry.never if _holds(heard, text.lower()))
    yield from (f"never shows {text!r}" for text in entry.shows if text.lower() not in seen)


def _holds(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _measure_over(beats: Sequence[Beat], style: str, folder: Path) -> Iterator[float]:
    """Yield for each beat with words the share by which they are longer than the beat."""
    for beat in beats:
        if beat.narration and language_of(beat.narration) != "ja":
            spoken = speak(beat.narration, style_of(style).voice, folder / "voice.wav")
            yield max(0.0, spoken.seconds / beat.duration - 1)


def _mask(beats: Sequence[Beat], text: str) -> Iterator[str]:
    """Yield the sentences that hold words of our own, with the user's words masked."""
    own = set(_words(text))
    for beat in beats:
        for sentence in re.split(r"(?<=[.!?])\s+", beat.narration):
            masked = ["_" if word in own else word for word in _words(sentence)]
            if any(word != "_" for word in masked):
                yield re.sub(r"_(?: _)+", "_", " ".join(masked))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


# ── all of them ─────────────────────────────────────────────────────────────────────────────────


def report(results: Sequence[Result], name: str = "plans") -> int:
    """Print what is wrong, and the line with the figure; return how many bounds are broken."""
    for result in results:
        for wrong in result.wrong:
            print(f"{result.entry.text[:70]!r}: {wrong}")
    recall, precision = _compare_names(results)
    over = sorted(share for result in results for share in result.over)
    stock = Counter(sentence for result in results for sentence in result.stock)
    stock_max = max(stock.values(), default=0)
    valid = sum(not result.wrong for result in results)
    p95 = quantiles(over, n=20)[-1] if len(over) > 1 else 0.0
    print(
        f"FIGURE {name} inputs={len(results)} valid={valid} over_p95={p95:.3f} "
        f"over_max={over[-1] if over else 0:.3f} stock_max={stock_max} "
        f"recall={recall:.3f} precision={precision:.3f}"
    )
    broken = {
        "a plan is not as it must be": valid < len(results),
        f"words take more than {OVER:.0%} over their beat": bool(over) and over[-1] > OVER,
        f"a sentence of ours is in more than {STOCK} plans": stock_max > STOCK,
        "named ones are not found": recall < RECALL,
        "names are found that are none": precision < PRECISION,
    }
    for bound, is_broken in broken.items():
        if is_broken:
            print(f"error: {bound}", file=sys.stderr)
    return sum(broken.values())


def _compare_names(results: Sequence[Result]) -> tuple[float, float]:
    """Return which share of the named ones was found, and which share of the found is named."""
    named = found = right = 0
    for result in results:
        labels = {label.lower() for label in result.entry.characters}
        names = {name.lower() for name in result.found}
        named, found, right = named + len(labels), found + len(names), right + len(labels & names)
    return right / named if named else 1.0, right / found if found else 1.0


def main() -> int:
    further = "--further" in sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="storywave-plans-") as name:
        results = [measure(entry, Path(name)) for entry in load(FURTHER if further else INPUTS)]
    if "--show" in sys.argv[1:]:
        for result in results:
            print(f"## {result.entry.text!r}")
            for beat in result.beats:
                print(f"  {beat.duration:6.2f} «{beat.narration}» {beat.prompt} {beat.characters}")
    if further:
        report(results, "plans-further")
        return 0
    return 1 if report(results) else 0


if __name__ == "__main__":
    sys.exit(main())
