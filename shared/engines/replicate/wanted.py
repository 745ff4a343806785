"""What a job wants of a model, in words that suit all models of its kind. Pure.

Orders are written for every engine; this says what they mean to one that reads words and pictures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from shared.engines import mending
from shared.engines.replicate.models import ModelKind, Use
from shared.engines.seeds import seed_of
from shared.jobs.job import Job
from shared.story.errors import PermanentError
from shared.story.kinds import (
    RECORDING,
    CardOrder,
    ClipOrder,
    ImageOrder,
    MusicOrder,
    Order,
    PlanOrder,
    ReferenceOrder,
    VoiceOrder,
    WordsOrder,
)
from shared.story.looks import find_style


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a model's fields are filled from. Files go by the names that the job has for them."""

    kind: ModelKind
    prompt: str = ""
    is_verbatim: bool = False
    """The prompt is what will be heard, and must not be shortened."""
    system: str = ""
    schema: Mapping[str, object] | None = None
    max_tokens: int | None = None
    first_frame: str | None = None
    last_frame: str | None = None
    references: tuple[str, ...] = ()
    recording: str | None = None
    seconds: float | None = None
    width: int = 0
    height: int = 0
    sound: bool = False
    count: int = 1
    """So many of the same, which differ as chance has it."""
    seed: int | None = None
    """A number that stays the same for this job; it is brought into the model's range."""

    def asks_for(self, use: Use) -> bool:
        """Tell whether this was wished for: a model without a field for it can't fulfil it."""
        if use in ("aspect", "resolution"):
            return bool(self.width and self.height)
        if use == "count":
            return self.count > 1
        return bool(getattr(self, use)) or (use == "seconds" and self.seconds is not None)


def read_wanted(job: Job, order: Order) -> Wanted:
    """Return what a job wants; raises PermanentError where no model could be told."""
    if isinstance(order, PlanOrder):
        return replace(want_answer(mending.ask_next(job, order)), seed=seed_of(job))
    read = _READ.get(type(order))
    if read is None:
        raise PermanentError(f"no model is asked for a job of the kind “{job.spec.kind}”")
    wanted = read(order, job.spec.files)
    return replace(wanted, seed=seed_of(job))


class Question(Protocol):
    """What a language model is asked, and how long its answer may be."""

    @property
    def system(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def max_tokens(self) -> int: ...
    @property
    def schema(self) -> Mapping[str, object]: ...


def want_answer(question: Question, pictures: Sequence[str] = ()) -> Wanted:
    """Return that a question is to be answered: about pictures by a model that sees."""
    return Wanted(
        kind="vision" if pictures else "plan",
        system=question.system,
        prompt=question.user,
        is_verbatim=True,  # half of a question has another answer
        schema=question.schema,
        references=tuple(pictures),
        max_tokens=question.max_tokens,
    )


Files = Mapping[str, str]


def _want_reference(order: ReferenceOrder, files: Files) -> Wanted:
    alone = _ALONE[order.what]
    name = order.looks if order.name in order.looks else order.name
    told = "" if order.name in order.looks else order.looks
    return _want_picture(_describe(f"{name}, {alone}", told, order.style), order, files)


_ALONE = {
    "character": "alone, the whole figure from the front, on a plain background",
    "product": "alone, the whole of it from the front, on a plain background",
    "setting": "the empty place, nobody in it",
}


def _want_image(order: ImageOrder, files: Files) -> Wanted:
    words = [order.prompt]
    if order.setting and order.setting.lower() not in order.prompt.lower():
        words.append(f"The place: {order.setting}")
    absent = [name for name in order.characters if name.lower() not in order.prompt.lower()]
    if absent:
        words.append(f"In the picture: {', '.join(absent)}")
    if list_references(files):
        words.append("Whoever and whatever is on the pictures given looks exactly as there")
    words += _list_missing(order.looks, order.prompt)
    picture = _want_picture(_describe(*words, order.style), order, files)
    return replace(picture, count=order.count)


def _want_card(order: CardOrder, files: Files) -> Wanted:
    about = f" of a film about “{order.title}”" if order.title else ""
    words = f"A calm background for the last seconds{about}, empty in the middle, without any text"
    return _want_picture(_describe(words, order.style), order, files)


def _want_picture(prompt: str, order: Any, files: Files) -> Wanted:
    return Wanted(
        kind="image",
        prompt=prompt,
        references=list_references(files),
        width=order.width,
        height=order.height,
    )


def _want_clip(order: ClipOrder, files: Files) -> Wanted:
    # a clip goes on from the last frame of the one before it, or starts from its beat's image
    first = next((name for name in ("last_frame", "image") if name in files), None)
    return Wanted(
        kind="clip",
        prompt=_describe(order.prompt, *_list_missing(order.looks, order.prompt), order.style),
        first_frame=first,
        last_frame="end_frame" if "end_frame" in files else None,
        references=list_references(files),
        seconds=order.seconds,
        width=order.width,
        height=order.height,
        sound=order.sound,
    )


def _want_voice(order: VoiceOrder, files: Files) -> Wanted:
    return Wanted(kind="voice", prompt=order.text, is_verbatim=True)


def _want_words(order: WordsOrder, files: Files) -> Wanted:
    return Wanted(kind="words", recording=RECORDING if RECORDING in files else None)


def _want_music(order: MusicOrder, files: Files) -> Wanted:
    words = f"Instrumental background music without vocals, {order.mood or order.style} mood"
    return Wanted(
        kind="music", prompt=f"{words}, for a film: {order.prompt}", seconds=order.seconds
    )


_READ: Mapping[type[Order], Callable[[Any, Files], Wanted]] = {
    ReferenceOrder: _want_reference,
    ImageOrder: _want_image,
    CardOrder: _want_card,
    ClipOrder: _want_clip,
    VoiceOrder: _want_voice,
    WordsOrder: _want_words,
    MusicOrder: _want_music,
}


def list_references(files: Files) -> tuple[str, ...]:
    """Return the names of a job's reference pictures, in the order of their numbers."""
    names = [name for name in files if name.startswith("reference/")]
    return tuple(sorted(names, key=lambda name: (len(name), name)))


def _describe(*words: str) -> str:
    """Return sentences, the last of which is what the style looks like."""
    *sentences, style = (word.strip().rstrip(".") for word in words)
    return ". ".join([*(each for each in sentences if each), f"{find_style(style).prompt}."])


def _list_missing(looks: Sequence[str], prompt: str) -> list[str]:
    """Return the descriptions that a prompt does not hold word for word."""
    return [each for each in looks if each not in prompt]
