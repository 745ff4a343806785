"""The sentences of the rule-based planner: openings, middles, endings. Pure data.

No sentence claims a fact about the user's subject: the planner knows nothing but the prompt.
Middles stand in the order in which a story may use them; each has variants to choose from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.engines.local.topics import Scene

Variants = tuple[str, ...]


@dataclass(frozen=True)
class Voice:
    """The sentences for one kind of video. `{topic}`, `{hero}` and `{Hero}` are filled in."""

    opening: Variants
    middle: tuple[Variants, ...]
    ending: Variants
    call_to_action: str


TALE = Voice(
    opening=("Picture this: {topic}.", "Tonight's story: {topic}."),
    middle=(
        ("It begins quietly, on a day like any other.", "Nobody knows yet how this will end."),
        ("Around {hero}, the world is larger than it seemed.", "There is so much to see here."),
        ("At first nobody notices. {Hero} keeps going anyway.", "A first step, then another one."),
        ("Then something changes, and there is no way back.", "Then, out of nowhere, a sign."),
        (
            "Every step asks for a little more courage.",
            "The path grows steep, and the light fades.",
        ),
        ("There are doubts, of course. There always are.", "Is it too far? Is it too late?"),
        ("{Hero} looks back only once, and then moves on.", "Turning back would be so easy now."),
        ("A small light appears where no one expected it.", "And there it is: a glimmer of hope."),
        ("For a moment, everything stands perfectly still.", "The whole world holds its breath."),
        ("Slowly, what seemed impossible begins to look simple.", "Piece by piece, it all fits."),
        ("The fear is still there, but it has grown small.", "This is what the journey was for."),
        ("Now everything depends on {hero}.", "Everything depends on the next breath."),
        ("And just like that, the sky opens up.", "What was lost turns out to be close by."),
        ("Morning comes, and with it a new chance.", "The world looks different from up here."),
    ),
    ending=("And so it begins.", "Some stories stay with you.", "This is only the start."),
    call_to_action="Share this story",
)

PRODUCT = Voice(
    opening=("Meet {topic}.", "This is for you: {topic}."),
    middle=(
        ("Some days begin with a question: what would make this better?", "Look a little closer."),
        ("Picture it in your own hands, on an ordinary morning.", "Imagine it in your day."),
        ("No noise, no fuss. Just the moment, and you.", "Take a breath. This moment is yours."),
        ("It is the small things that make a day feel good.", "Small moments, made special."),
        ("Take it with you, wherever the day may lead.", "At home, at work, or far away."),
        ("And when the day gets loud, come back to this.", "Slow down for a second. Enjoy it."),
        ("Good things are better when they are shared.", "Bring the people you love along."),
        ("Once it is part of your day, you will look forward to it.", "A new favourite ritual."),
        ("From the first light until the evening.", "Morning, noon, and long after dark."),
        ("There is a reason to smile in every detail.", "See it, feel it, make it yours."),
    ),
    ending=("See for yourself.", "Make it yours.", "Try it today."),
    call_to_action="Discover more",
)

TOPIC = Voice(
    opening=("Picture this: {topic}.", "Let's take a look at {topic}."),
    middle=(
        ("Look closer. There is more here than meets the eye.", "It is easy to walk right past."),
        ("It starts small, with a detail that is easy to miss.", "Everything starts somewhere."),
        ("Then one thing leads to the next.", "One question, and then another one."),
        ("Step by step, the whole picture comes together.", "Slowly a pattern appears."),
        ("The surprising part is how much is connected.", "Nothing here stands alone."),
        ("Change one thing, and everything else moves with it.", "Watch what happens next."),
        ("What matters often happens where nobody is looking.", "Go a little deeper."),
        ("It takes some patience, and it rewards it.", "Take your time with this part."),
        ("Once you have seen it, you see it everywhere.", "And suddenly it all makes sense."),
        ("The more you learn, the better the questions become.", "There is always more to find."),
    ),
    ending=("Now look again.", "Keep looking.", "And now, it's your turn."),
    call_to_action="Find out more",
)

QUESTION_OPENING: Variants = ("Ever wondered {topic}?",)

SETTINGS: Mapping[Scene, str] = {
    "hills": "among rolling hills",
    "city": "above the city skyline",
    "sea": "by the open sea",
    "forest": "deep in the forest",
    "mountains": "below high mountains",
    "desert": "in a wide desert",
    "space": "out among the stars of space",
    "room": "in a quiet room with a window",
    "table": "at a kitchen table",
    "stage": "on a stage for a product launch",
    "garden": "in a flower garden",
    "underwater": "underwater above a reef",
    "street": "on a street with lamps",
    "snow": "in a snowy landscape",
    "shapes": "among abstract shapes",
}

ROUTES: Mapping[Scene, tuple[Scene, ...]] = {
    "hills": ("garden", "mountains", "forest", "sea"),
    "city": ("street", "room", "hills", "stage"),
    "sea": ("hills", "room", "street", "mountains"),
    "forest": ("hills", "mountains", "garden", "snow"),
    "mountains": ("forest", "snow", "hills", "sea"),
    "desert": ("hills", "city", "mountains", "space"),
    "space": ("mountains", "desert", "room", "shapes"),
    "room": ("street", "garden", "city", "table"),
    "table": ("room", "street", "garden", "city"),
    "stage": ("room", "city", "table", "shapes"),
    "garden": ("hills", "forest", "room", "sea"),
    "underwater": ("sea", "underwater", "hills", "underwater"),
    "street": ("city", "room", "street", "hills"),
    "snow": ("mountains", "forest", "room", "hills"),
    "shapes": ("city", "space", "stage", "room"),
}
"""The places where a story may go next, for each place where it may start."""

SHOTS = (
    "Wide view",
    "Medium view",
    "Close view",
    "Medium low view",
    "Wide high view",
    "Close low view",
)
