"""The last step of a sound: decode all of it, and time its words where the engine did not.

The decoder is imported where it is used: the process that only hands out work needs none.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.jobs.engine import Finish, Workspace
from shared.jobs.outcomes import Made
from shared.story.beats import Word
from shared.story.errors import TransientError
from shared.story.kinds import (
    MUSIC,
    RECORDING,
    VOICE,
    WORDS,
    AnyKind,
    MusicOrder,
    VoiceOrder,
    WordsOrder,
)


def check_voice(order: VoiceOrder, space: Workspace, made: Made) -> Made:
    """Refuse a voice that can't be decoded; a retry may bring a good one."""
    from services.soundtrack.wordtimes import estimate_words
    from shared.media.sound import RATE

    sound = _decode(made, "a voice")
    # measured, not believed: captions and mix both count on it
    data: dict[str, Any] = {**made.data, "seconds": round(len(sound) / RATE, 3)}
    if not data.get("words"):
        words = estimate_words(sound[:, 0], RATE, order.text)
        data["words"] = [word.model_dump() for word in words]
    return replace(made, data=data)


def check_words(order: WordsOrder, space: Workspace, made: Made) -> Made:
    """Return the words of the order at the times at which they were heard in the recording."""
    from services.soundtrack.heard import match_words
    from services.soundtrack.wordtimes import estimate_words
    from shared.media.sound import RATE, read_sound

    heard = [Word.model_validate(word) for word in made.data.get("words", ())]
    recording = space.files.get(RECORDING)
    if not heard or recording is None:  # then its words keep the times that the voice came with
        return Made({})
    sound = read_sound(recording, channels=1)
    words = match_words(estimate_words(sound[:, 0], RATE, order.text), heard)
    return replace(made, data={"words": [word.model_dump() for word in words]})


def check_music(order: MusicOrder, space: Workspace, made: Made) -> Made:
    """Refuse music that can't be decoded; a retry may bring better."""
    from shared.media.sound import RATE

    seconds = round(len(_decode(made, "music")) / RATE, 3)
    return replace(made, data={**made.data, "seconds": seconds})


def _decode(made: Made, what: str) -> Any:
    from shared.media.sound import read_sound

    if "key" not in made.files:
        raise TransientError(f"the engine finished without {what}")
    return read_sound(made.files["key"], channels=1)


FINISH: Mapping[AnyKind, Finish] = {VOICE: check_voice, WORDS: check_words, MUSIC: check_music}
