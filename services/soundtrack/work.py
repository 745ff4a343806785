"""The last step of a sound: decode all of it, and time its words where the engine did not.

The decoder is imported where it is used: the process that only hands out work needs none.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.jobs.engine import Finish, Workspace
from shared.jobs.outcomes import Made
from shared.story.errors import TransientError
from shared.story.kinds import MUSIC, VOICE, AnyKind, MusicOrder, VoiceOrder


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


FINISH: Mapping[AnyKind, Finish] = {VOICE: check_voice, MUSIC: check_music}
