"""The rule-based planner: stories from prompts, beats from scripts, in any script."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engines.local.brief import read
from shared.engines.local.language import language_of
from shared.engines.local.pace import speaking_seconds
from shared.engines.local.plan import plan
from shared.engines.local.titles import title_of
from shared.engines.local.topics import hero_of_beat, scene_of
from shared.story.drafts import Story, time_beats
from shared.story.errors import BadInput
from shared.story.looks import STYLES

SHORT = "a fox learns to fly"
SCRIPT = "Mia finds a door in the forest. Behind it lies the sea. She has to choose. She stays."


def narrations(made: Story) -> list[str]:
    return [beat.narration for beat in made.beats]


@pytest.mark.parametrize(("seconds", "beats"), [(5, 1), (10, 2), (15, 3), (27.5, 6), (30, 6)])
def test_a_short_prompt_becomes_beats_that_fill_the_time(seconds: float, beats: int) -> None:
    made = plan(SHORT, "cinematic", seconds, seed=1)
    assert len(made.beats) == beats
    assert sum(beat.seconds for beat in made.beats) == pytest.approx(seconds)
    assert all(beat.seconds >= 5 for beat in made.beats[:-1])


@pytest.mark.parametrize("prompt", [SHORT, "an ad for my coffee shop", "how bees make honey"])
@pytest.mark.parametrize("seed", range(6))
def test_every_line_can_be_said_within_its_beat(prompt: str, seed: int) -> None:
    for beat in plan(prompt, "noir", 30, seed).beats:
        assert speaking_seconds(beat.narration) <= beat.seconds
        assert not beat.narration or beat.narration[0].isupper()
        assert not beat.narration or beat.narration[-1] in ".?!"


def test_a_beat_shows_whom_its_words_name() -> None:
    told = "Anna and Ben are lost in the forest. Ben has lost his map. Anna finds a river."
    *beats, last = plan(told, "cinematic", 30, seed=1).beats
    for beat in beats:
        said = beat.prompt.partition(": ")[2].partition(", featuring ")[0]
        assert beat.characters == tuple(name for name in ("Anna", "Ben") if name in said)
        drawn = ", together with ".join(f"{name}, a person" for name in beat.characters)
        assert beat.prompt.endswith(f"featuring {drawn}")
    assert last.characters == ("Anna", "Ben")
    # nobody knows what Max is
    told = "Pip the fox meets Max. Max is hungry. Pip shares his bread."
    for beat in plan(told, "cinematic", 30, seed=1).beats:
        assert beat.prompt.endswith("featuring Pip the fox")


def test_a_long_video_is_silent_where_there_is_nothing_to_say() -> None:
    lines = narrations(plan(SHORT, "noir", 180, seed=3))
    assert len(lines) > 12
    assert [line for line in lines if line] == ["A fox.", "A fox learns to fly."]


def test_no_two_beats_of_a_long_video_look_the_same() -> None:
    prompts = [beat.prompt for beat in plan(SHORT, "noir", 180, seed=3).beats]
    assert len(set(prompts)) == len(prompts)


def test_each_sentence_of_a_script_is_a_beat_in_its_own_place() -> None:
    made = plan(SCRIPT, "anime", 20, seed=1)
    assert narrations(made)[:4] == [sentence + "." for sentence in SCRIPT[:-1].split(". ")]
    assert [scene_of(beat.setting) for beat in made.beats[:2]] == ["forest", "sea"]


def test_a_script_gives_all_its_beats_however_short_the_video() -> None:
    script = " ".join(f"Sentence number {n} is here." for n in range(12))
    assert len(plan(script, "bold", 15, seed=1).beats) == 12


def test_a_script_of_few_sentences_is_carried_on_to_the_end() -> None:
    made = plan("A bear wakes up. It is hungry.", "playful", 30, seed=1)
    assert [line for line in narrations(made) if line] == ["A bear wakes up.", "It is hungry."]
    assert len(made.beats) == 6


def test_a_sentence_too_long_for_a_beat_is_parted_at_its_pauses() -> None:
    sentence = ", ".join(f"then the fox runs over hill number {n}" for n in range(8))
    lines = narrations(plan(f"{sentence}. The end.", "noir", 30, seed=1))
    assert all(len(line.split()) <= 18 for line in lines)
    assert " ".join(filter(None, lines)).startswith(
        f"{sentence[0].upper()}{sentence[1:]}. The end."
    )


@pytest.mark.parametrize("count", range(11, 120))
def test_a_sentence_without_pauses_is_parted_evenly(count: int) -> None:
    """None is left with a word or two: "is awake." is no beat."""
    words = [f"w{'aeiou'[n % 5]}{'bcdfg'[n // 5 % 5]}" for n in range(count)]
    lines = narrations(plan(f"First. W{' '.join(words)[1:]}.", "noir", 5, seed=1))[1:]
    lengths = [len(line.split()) for line in lines]
    assert " ".join(lines)[:-1].lower().split() == words
    assert len(lines) <= -(-count // 17) and max(lengths) - min(lengths) <= 1


@given(st.lists(st.sampled_from(["word", "of", "and,", "stop;", "the", "over"]), min_size=19))
def test_no_part_is_too_long_or_too_short_wherever_its_pauses_are(words: list[str]) -> None:
    text = f"W{' '.join(words)[1:]} word."
    lines = narrations(plan(f"First. {text}", "noir", 5, seed=1))[1:]
    assert " ".join(lines) == text
    assert all(4 <= len(line.split()) <= 18 for line in lines)


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        (
            "When the old man came back to the harbor after many years, nobody but the keeper "
            "of the lighthouse was awake to see him",
            ("after many years,", "nobody but"),
        ),
        (
            "In the quiet hours before the sun comes up over the old harbor town nobody but the "
            "lighthouse keeper is awake",
            ("the sun comes up", "over the old"),
        ),
    ],
)
def test_a_sentence_is_parted_where_a_speaker_would(sentence: str, lines: tuple[str, str]) -> None:
    one, other = narrations(plan(f"First. {sentence}.", "noir", 5, seed=1))[1:]
    assert one.endswith(lines[0]) and other.startswith(lines[1])


def test_a_sentence_without_spaces_is_parted_at_its_own_pauses() -> None:
    lines = narrations(plan("狐が空を飛ぶ夢を見て、" * 9, "noir", 5, seed=1))
    assert len(lines) > 1
    assert all(line.endswith("、") and len(line) <= 54 for line in lines)


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("A detective follows a black cat through the rainy city", "Detective Follows a Black Cat"),
        ("a fox who learns to fly over the mountains at night", "Fox who Learns to Fly"),
        ("The history of the Roman empire and its fall", "History of the Roman Empire"),
        ("a robot that wants to be a great painter", "Robot That Wants to Be a Great Painter"),
        ("why do the leaves turn red every autumn", "Why Do the Leaves Turn Red Every Autumn"),
        (
            "a man builds the tallest tower ever built anywhere on earth",
            "Man Builds the Tallest Tower Ever Built Anywhere",
        ),
        (
            "el perro que quiere volar por encima de la ciudad",
            "El perro que quiere volar por encima de la ciudad",
        ),
        ("une boulangerie à Lyon qui ouvre le 3 mai", "Une boulangerie à Lyon qui ouvre le 3 mai"),
        (
            "une boulangerie à Lyon qui ouvre ses portes à tout le monde le 3 mai à midi",
            "Une boulangerie à Lyon qui ouvre",
        ),
        ("Лиса учится летать, а луна смотрит", "Лиса учится летать"),
        ("狐が空を飛ぶ夢を見て、月が見ている", "狐が空を飛ぶ夢を見て"),
        (
            "La maison rouge au bord du champ attend le printemps.",
            "La maison rouge au bord du champ attend le printemps",
        ),
    ],
)
def test_a_title_does_not_stop_in_the_middle_of_a_phrase(prompt: str, title: str) -> None:
    assert plan(prompt, "noir", 10, seed=1).title == title


@given(st.lists(st.sampled_from(["fox", "Red", "of", "to", "and", "the", "who", "is"]), min_size=8))
def test_a_cut_title_never_ends_in_a_word_that_waits_for_the_next(words: list[str]) -> None:
    reading = read(f"fox {' '.join(words)}")
    title = title_of(reading).lower().split()
    if reading.kind == "tale" and len(title) < len(words) - 1:
        assert title[-1] in {"fox", "red"}


def test_an_ad_speaks_of_the_product_by_name() -> None:
    made = plan("Introducing Lumo, the lamp that wakes you gently", "luxury", 20, seed=1)
    assert made.headline == "Lumo"
    assert made.cta == "Discover more"
    assert narrations(made)[0] == "Lumo, the lamp."


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("狐が空を飛ぶ。月が見ている。", "ja"),
        ("Лиса учится летать", "ru"),
        ("一只狐狸学飞", "cmn"),
        ("Kedi uyuyor ve çocuk gülüyor", "tr"),
        ("Latarnik maluje morze i każdej nocy śpiewa", "pl"),
    ],
)
def test_another_script_is_told_in_its_own_words_alone(prompt: str, language: str) -> None:
    made = plan(prompt, "watercolor", 30, seed=1)
    assert "".join(narrations(made)).replace(" ", "") == prompt.replace(" ", "")
    assert language_of(made.beats[0].narration) == language
    assert made.cta == ""


@pytest.mark.parametrize("text", ["I love you", "I am Ben", "A trip to Łódź with my mother"])
def test_english_stays_english_beside_words_and_names_of_others(text: str) -> None:
    assert language_of(text) == "en-us"


@pytest.mark.parametrize(
    ("prompt", "place", "hero"),
    [
        ("Kedi denizi izliyor ve bekliyor", "by the open sea", "cat"),
        ("Kotek śpi w ogrodzie", "in a flower garden", "cat"),
    ],
)
def test_turkish_and_polish_words_are_shown(prompt: str, place: str, hero: str) -> None:
    opening = plan(prompt, "cinematic", 15, seed=1).beats[0].prompt
    assert place in opening
    assert hero_of_beat(opening) == hero


def test_the_hero_is_the_same_in_every_beat() -> None:
    for prompt, hero in ((SHORT, "fox"), ("an ad for my coffee shop", "cup"), (SCRIPT, "person")):
        beats = plan(prompt, "cinematic", 60, seed=4).beats
        assert {hero_of_beat(beat.prompt) for beat in beats} == {hero}


@pytest.mark.parametrize(
    "prompt",
    ["volcanic eruptions", "how glass is made", "the history of Rome", "Как делают стекло"],
)
def test_a_video_about_no_one_shows_no_one(prompt: str) -> None:
    """Not even where a beat's place is a garden or a stage, whose names call for things."""
    beats = plan(prompt, "cinematic", 90, seed=4).beats
    assert {hero_of_beat(beat.prompt) for beat in beats} == {None}


@pytest.mark.parametrize(
    "prompt",
    ["Mia finds a door in the forest", "How I learned to cook", "a tailor called Ole", SCRIPT],
)
def test_who_is_spoken_of_without_a_known_word_is_a_person(prompt: str) -> None:
    beats = plan(prompt, "cinematic", 30, seed=4).beats
    assert {hero_of_beat(beat.prompt) for beat in beats} == {"person"}


def test_a_story_goes_to_several_places() -> None:
    places = [beat.setting for beat in plan(SHORT, "cinematic", 30, seed=4).beats]
    assert len(set(places)) >= 4
    assert all(one != next_one for one, next_one in pairwise(places))


def test_the_seed_decides_and_nothing_else() -> None:
    assert plan(SHORT, "noir", 30, 5) == plan(SHORT, "noir", 30, 5)
    assert len({plan(SHORT, "noir", 30, seed) for seed in range(8)}) > 1


@settings(deadline=None)
@given(st.text(min_size=1, max_size=300), st.floats(5, 180), st.integers(0, 2**31))
def test_any_text_becomes_a_plan(prompt: str, seconds: float, seed: int) -> None:
    try:
        made = plan(prompt, [*STYLES][seed % len(STYLES)], seconds, seed)
    except BadInput:  # nothing that can be seen
        return
    assert made.beats
    assert all(beat.prompt.strip() and beat.seconds > 0 for beat in made.beats)


@pytest.mark.parametrize("prompt", ["", " \n\t "])
def test_an_empty_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(BadInput, match="prompt is empty"):
        plan(prompt, "noir", 30, 1)


def test_an_unknown_style_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(BadInput, match="cinematic, anime"):
        plan(SHORT, "baroque", 30, 1)


def test_an_ad_that_is_told_at_length_keeps_its_name_its_price_and_its_offer() -> None:
    prompt = (
        "Ad for our bakery Rosa: handmade sourdough, rye bread and seasonal cakes baked every "
        "morning in a wood-fired oven, coffee roasted next door, and tables in the shade of an old "
        "lime tree. Breakfast menu $6.90. 15% off for students. Come by at 12 Harbour Street!"
    )
    story = plan(prompt, "cinematic", 12.5, 1)
    beats = time_beats(story.beats, 12.5)
    heard = " ".join(beat.narration for beat in beats)
    assert all(each in heard for each in ("Rosa", "$6.90", "15% off"))
    assert len(beats) == len(story.beats)


def test_a_label_tells_an_offer_from_a_description() -> None:
    prompt = (
        "Promuovi il mio agriturismo Le Querce: camere da 70 €, piscina coperta, cena con prodotti "
        "dell'orto e vista sulle colline. Offerta: terza notte gratis a ottobre."
    )
    heard = " ".join(beat.narration for beat in plan(prompt, "cinematic", 12.5, 1).beats)
    assert all(each in heard for each in ("Le Querce", "70 €", "terza notte gratis".capitalize()))
