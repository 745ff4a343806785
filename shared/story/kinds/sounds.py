"""The sounds: a voice for each beat that speaks, when its words sound, and one bed of music."""

from collections.abc import Mapping

from shared.story.beats import Word
from shared.story.events import BeatsPlanned, Failed, JobEnd
from shared.story.kinds.kind import Item, Kind, Order, Stage, name_always, name_by_beat
from shared.story.plan import beats_with_voice, has_music, list_speakers, listens_for_words

RECORDING = "recording"
"""The name of the file that somebody listens to, among the files of its job."""


class VoiceOrder(Order):
    """The words to speak; `seconds` is the time that their beat has.

    `say` has words among them with how they are pronounced.
    """

    text: str
    style: str
    seconds: float
    seed: int = 0
    say: Mapping[str, str] = {}
    speaker: str = ""
    """The character who speaks; empty for the narrator."""
    place: int = 0
    """Which of the plan's speakers it is, so that no two sound alike; 0 is the narrator."""
    tones: tuple[str, ...] = ()
    """What the narrator sounds like; empty for what suits the style."""


class WordsOrder(Order):
    """The words that a recording says: it is to be heard when each of them sounds."""

    text: str


class MusicOrder(Order):
    """A bed of music under the whole video."""

    prompt: str
    style: str
    seconds: float
    seed: int
    mood: str = ""
    """Empty for the one that suits the style."""


def voice_order(plan: BeatsPlanned, item: Item) -> VoiceOrder:
    """Return what is to be spoken in a beat."""
    beat = next(beat for beat in plan.beats if beat.index == item.beat)
    brief = plan.brief
    return VoiceOrder(
        text=beat.narration,
        style=brief.style,
        seconds=beat.duration,
        seed=brief.seed,
        say=brief.say,
        speaker=beat.speaker,
        place=list_speakers(plan).index(beat.speaker) + 1 if beat.speaker else 0,
        tones=() if beat.speaker else brief.tones,
    )


def words_order(plan: BeatsPlanned, item: Item) -> WordsOrder:
    """Return the words that are listened for in the recording of a beat."""
    return WordsOrder(text=voice_order(plan, item).text)


def music_order(plan: BeatsPlanned, item: Item) -> MusicOrder:
    """Return the bed of music."""
    brief = plan.brief
    # for the whole video, end card included: when a beat is skipped later, the mix cuts its end
    return MusicOrder(
        prompt=brief.prompt,
        style=brief.style,
        seconds=brief.duration,
        seed=brief.seed,
        mood=brief.mood,
    )


class VoiceReady(JobEnd):
    """A beat's narration is spoken."""

    beat: int
    key: str
    seconds: float
    words: tuple[Word, ...] = ()


class VoiceFailed(Failed):
    """A beat stays silent."""


class WordsReady(JobEnd):
    """Somebody has listened to a beat's narration, and says when each word sounds."""

    beat: int
    words: tuple[Word, ...] = ()


class WordsFailed(Failed):
    """The words of a beat keep the times that its voice came with."""


class MusicReady(JobEnd):
    """There is a music bed."""

    key: str
    seconds: float


class MusicFailed(Failed):
    """There is no music bed."""


VOICE = Kind(
    name="voice",
    order=VoiceOrder,
    ready=VoiceReady,
    failed=VoiceFailed,
    build=lambda done: VoiceReady.model_validate(done.facts("key", "seconds", "words")),
    stage=Stage.SOUNDTRACK,
    name_item=name_by_beat,
    deadline_seconds=180,
    items=lambda plan: [Item(beat=beat.index) for beat in beats_with_voice(plan)],
    order_of=voice_order,
    lacks="stays silent",
    touched_by=frozenset({"sound"}),
)

WORDS = Kind(
    name="words",
    order=WordsOrder,
    ready=WordsReady,
    failed=WordsFailed,
    build=lambda done: WordsReady.model_validate(done.facts("words")),
    stage=Stage.SOUNDTRACK,
    name_item=name_by_beat,
    deadline_seconds=300,
    # only where somebody asked for it: voices come with times that do, or they are measured
    items=lambda plan: VOICE.items(plan) if listens_for_words(plan) else [],
    order_of=words_order,
    needs=lambda plan, item: [RECORDING],
    lacks="has words at estimated times",
    touched_by=frozenset({"sound"}),
    starts_from=lambda plan, item: [(VOICE.name, item)],
)

MUSIC = Kind(
    name="music",
    order=MusicOrder,
    ready=MusicReady,
    failed=MusicFailed,
    build=lambda done: MusicReady.model_validate(done.facts("key", "seconds")),
    stage=Stage.SOUNDTRACK,
    name_item=name_always("the music"),
    deadline_seconds=600,
    items=lambda plan: [Item()] if has_music(plan) else [],
    order_of=music_order,
    lacks="is missing",
)
