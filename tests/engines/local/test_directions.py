"""What a prompt asks of voice, music, length and pictures: it is obeyed, and never said."""

import pytest

from services.gateway.requests import VideoRequest
from shared.engines.local.brief import find_settings
from shared.engines.local.cast import change_voice
from shared.engines.local.directions import Settings
from shared.engines.local.plan import plan
from shared.engines.local.styles import MOODS, style_of
from shared.story.kinds import MUSIC, VOICE
from shared.story.shape import expect_plan


def heard(prompt: str) -> str:
    lines = (beat.narration for beat in plan(prompt, "cinematic", 27.5, seed=0).beats)
    return " ".join(line for line in lines if line)


@pytest.mark.parametrize(
    ("story", "wishes"),
    [
        ("A lighthouse at dawn.", "Calm voice, no people. Upbeat music please. 20 seconds."),
        (
            "Un faro al amanecer.",
            "Voz tranquila, sin personas. Música alegre. Que dure 20 segundos.",
        ),
        ("Un phare à l'aube.", "Voix calme, sans personnages. Musique joyeuse. 20 secondes."),
        (
            "Ein Leuchtturm im Nebel.",
            "Ruhige Stimme, keine Menschen. Fröhliche Musik. 20 Sekunden.",
        ),
        (
            "Un faro all'alba.",
            "Voce calma, niente persone. Musica allegra. 20 secondi, per favore.",
        ),
        (
            "Um farol ao amanhecer.",
            "Voz calma, sem pessoas. Música alegre, por favor. 20 segundos.",
        ),
    ],
)
def test_wishes_in_sentences_of_their_own_are_settings(story: str, wishes: str) -> None:
    prompt = f"{story} {wishes}"
    words = set(story.strip(".").lower().split())
    assert set(heard(prompt).replace(".", "").lower().split()) <= words
    assert find_settings(prompt) == Settings(20.0, "happy", ("calm",), frozenset({"people"}))


@pytest.mark.parametrize(
    ("prompt", "settings"),
    [
        ("Ships, calm voice, no text", Settings(None, "", ("calm",), frozenset({"screen"}))),
        ("Make a calm 15-second video about tea.", Settings(15.0, "calm", ("calm",))),
        ("Tea. Slow female voice, dark music.", Settings(None, "dark", ("calm", "female"))),
        ("Make it thirty seconds. Dogs at play.", Settings(30.0)),
        ("Dogs at play. No music, please.", Settings(None, "", (), frozenset({"music"}))),
        ("Tea. Music: jazz. Not too fast.", Settings(None, "elegant")),
        ("Ships. No narration.", Settings(None, "", (), frozenset({"voice"}))),
    ],
)  # fmt: skip
def test_a_wish_is_understood_wherever_it_stands(prompt: str, settings: Settings) -> None:
    assert find_settings(prompt) == settings


@pytest.mark.parametrize(
    "story",
    [
        "A man waits. No people. No noise. Just the sea.",
        "Good wine. Live music every Friday.",
        "The music stopped. Two minutes left.",
        "She has a calm voice. He has none.",
        "Keep your promises. Use what you have.",
    ],
)
def test_a_story_that_speaks_of_voices_and_music_is_told(story: str) -> None:
    assert heard(story) == story
    assert find_settings(story) == Settings()


def test_nobody_is_drawn_or_made_where_no_people_are_wished_for() -> None:
    beats = plan("A fisherman's house by the sea. No people.", "cinematic", 27.5, seed=0).beats
    assert all(beat.prompt.endswith("featuring nothing but the place") for beat in beats)


def test_what_a_field_says_counts_more_than_what_the_prompt_says() -> None:
    prompt = "A lighthouse. 20 seconds. No music, no captions. Calm voice, epic music."
    brief = VideoRequest(prompt=prompt).brief("ann")
    assert (brief.duration, brief.music, brief.captions) == (20, False, "none")
    assert (brief.mood, brief.tones) == ("epic", ("calm",))
    brief = VideoRequest(prompt=prompt, duration=12, music=True, captions="bold").brief("ann")
    assert (brief.duration, brief.music, brief.captions) == (12, True, "bold")


def test_a_length_beyond_what_is_made_is_brought_within_it() -> None:
    assert VideoRequest(prompt="The sea. 9 minutes.").brief("ann").duration == 180
    assert VideoRequest(prompt="The sea. 2 seconds.").brief("ann").duration == 5


def test_the_voice_and_the_music_are_asked_for_as_the_prompt_wishes() -> None:
    brief = VideoRequest(prompt="A lighthouse. Calm female voice, epic music.").brief("ann")
    asked = expect_plan("v", brief)
    music, voice = (next(iter(kind.expect(asked))) for kind in (MUSIC, VOICE))
    assert MUSIC.read(music).mood in MOODS and MUSIC.read(music).mood == "epic"
    told = style_of("bold").voice
    changed = change_voice(told, VOICE.read(voice).tones)
    assert changed.words_a_minute < told.words_a_minute and changed.variant.startswith("f")


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("The climate warms. Don't be alarmist. No logos.", "The climate warms."),
        ("Rain falls. Serious but friendly tone, under 45 seconds.", "Rain falls."),
        ("Do cats purr? Please keep it under 20 seconds and use no text.", "Do cats purr?"),
        ("A nurse works. Make it feel human, not corporate.", "A nurse works."),
        ("A shop opens. Please don't show people's faces.", "A shop opens."),
        ("Rain falls. Fast cuts, text overlays, trending sound.", "Rain falls."),
        ("Interest grows. Use a story with apples.", "Interest grows."),
        ("They laugh. For ages 4 to 6. Gentle, not too fast.", "They laugh."),
        ("A bell rings. Aimed at sailors. Friendly tone, never bossy.", "A bell rings."),
        ("Nino dort. Pour les 3-5 ans, très doux.", "Nino dort."),
        ("Kaffee kocht. Schnelle Schnitte, Text im Bild, kein Gesicht.", "Kaffee kocht."),
        ("Stars fall. Space vibes, deep male voice, no subtitles", "Stars fall."),
        ("Rain falls. Cinematic, hopeful, female narrator.", "Rain falls."),
        ("A shop opens. I'd love a cosy explanation in a warm voice.", "A shop opens."),
        ("A sister sleeps. Gentle guitar.", "A sister sleeps."),
        ("make sth cool about stars pls, like really epic, no boring stuff", "Stars."),
        ("On fête Odile. Fais quelque chose de tendre avec du piano.", "On fête Odile."),
        ("La rue. Ambiance street, pas de narration.", "La rue."),
        ("I bambini ringraziano. Niente di triste.", "I bambini ringraziano."),
        ("Um gato dorme. Tom simpático, sem jargão. Nada de imagens tristes.", "Um gato dorme."),
        ("Ein Faultier rennt. Ruhig und leise erzählt.", "Ein Faultier rennt."),
        ("Rain falls. For customers, friendly, no jargon", "Rain falls."),
        ("A film on rain, for 10 year olds, use simple language, 40 seconds", "Rain."),
        ("A shop opens. 20 seconds, energetic, show people at work.", "A shop opens."),
        ("Il mare sale. Tono sincero, non commerciale.", "Il mare sale."),
        ("Wie regnet es? Bitte einfach erklärt, ohne Fachbegriffe.", "Wie regnet es?"),
        ("Como chove? Não use palavras difíceis.", "Como chove?"),
        ("El mar sube. Sin dramatismos. Con ejemplos.", "El mar sube."),
        ("La escuela abre. Que sea breve y cercano. No menciones las notas.", "La escuela abre."),
        ("La mer monte. Ne mentionne pas la politique. Pas de jargon.", "La mer monte."),
        ("Das Meer steigt. Bitte locker und nicht zu lang.", "Das Meer steigt."),
        ("Das Meer steigt. Nicht werblich klingen. Keine Logos.", "Das Meer steigt."),
        ("Il mare sale, con parole semplici e senza numeri.", "Il mare sale."),
        ("O mar sobe. Sem jargão. Não mostre rostos.", "O mar sobe."),
    ],
)
def test_how_it_is_to_be_told_and_what_is_to_be_left_out_is_not_said(
    prompt: str, said: str
) -> None:
    assert heard(prompt) == said


@pytest.mark.parametrize(
    "prompt",
    [
        "Don't be sad. Spring is coming.",
        "Don't show your password to anyone. Don't click any link.",
        "We need your help to rebuild the playground. Join us.",
        "The library closes at five. Please return books tomorrow.",
        "No wind. No people. Only sand.",
        "Ask early. Don't talk about money first. Don't show off, show up.",
        "Let's talk about stress. It is normal.",
        "Melt the butter, add warm milk. Add warm water slowly.",
    ],
)
def test_what_is_told_to_whoever_watches_is_said(prompt: str) -> None:
    assert heard(prompt) == prompt


def test_no_sad_music_is_still_music() -> None:
    assert find_settings("The school opens. No sad music.") == Settings()
    assert find_settings("La fête commence. Pas de musique triste.") == Settings()
    assert find_settings("El mar. Sin voz y música alegre.").without == {"voice"}


@pytest.mark.parametrize(
    ("prompt", "said", "settings"),
    [
        (
            "Мы печём хлеб. Без текста на экране, спокойный голос. 20 секунд.",
            "Мы печём хлеб.",
            Settings(20.0, "", (), frozenset({"screen"})),
        ),
        (
            "Latarnik maluje morze, spokojna muzyka. Bez ludzi.",
            "Latarnik maluje morze.",
            Settings(None, "", (), frozenset({"people"})),
        ),
        (
            "Een oude molen. Geen muziek. Rustige stem.",
            "Een oude molen.",
            Settings(None, "", (), frozenset({"music"})),
        ),
        ("Люди идут. Музыка играет.", "Люди идут. Музыка играет.", Settings()),
    ],
)
def test_wishes_are_obeyed_in_languages_without_a_grammar(
    prompt: str, said: str, settings: Settings
) -> None:
    assert heard(prompt) == said
    assert find_settings(prompt) == settings
