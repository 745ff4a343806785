"""The sounds: a voice for each beat that speaks, and one bed of music."""

from shared.story.beats import Word
from shared.story.events import Failed, JobEnd
from shared.story.kinds.kind import Item, Kind, Order, Stage, Success, call, call_by_beat
from shared.story.plan import spoken_beats


class VoiceOrder(Order):
    """The words to say; `seconds` is the time that their beat has."""

    text: str
    style: str
    seconds: float
    seed: int = 0


class MusicOrder(Order):
    """A bed of music under the whole video."""

    prompt: str
    style: str
    seconds: float
    seed: int


class VoiceReady(JobEnd):
    """A beat's narration is spoken."""

    beat: int
    key: str
    seconds: float
    words: tuple[Word, ...] = ()


class VoiceFailed(Failed):
    """A beat stays silent."""


class MusicReady(JobEnd):
    """There is a music bed."""

    key: str
    seconds: float


class MusicFailed(Failed):
    """There is no music bed."""


def _voice_ready(done: Success[VoiceOrder]) -> VoiceReady:
    return VoiceReady.model_validate(done.facts("key", "seconds", "words"))


def _music_ready(done: Success[MusicOrder]) -> MusicReady:
    return MusicReady.model_validate(done.facts("key", "seconds"))


VOICE = Kind(
    name="voice",
    order=VoiceOrder,
    ready=VoiceReady,
    failed=VoiceFailed,
    build=_voice_ready,
    stage=Stage.SOUNDTRACK,
    called=call_by_beat,
    deadline_seconds=180,
    items=lambda plan: [Item(beat=beat.index) for beat in spoken_beats(plan)],
    lacks="stays silent",
    touched_by=frozenset({"sound"}),
)

MUSIC = Kind(
    name="music",
    order=MusicOrder,
    ready=MusicReady,
    failed=MusicFailed,
    build=_music_ready,
    stage=Stage.SOUNDTRACK,
    called=call("the music"),
    deadline_seconds=600,
    items=lambda plan: [Item()] if plan.brief.music else [],
    lacks="is missing",
)
