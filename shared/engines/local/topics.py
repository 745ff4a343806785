"""Finds in a text the place to draw and the hero to show, by tables of words. Pure."""

import re
from collections.abc import Mapping
from typing import Literal

Scene = Literal[
    "hills", "city", "sea", "forest", "mountains", "desert", "space", "room", "table", "stage",
    "garden", "underwater", "street", "snow", "shapes",
]  # fmt: skip

Hero = Literal[
    "person", "child", "elder", "cat", "dog", "fox", "bear", "rabbit", "bird", "whale", "robot",
    "cup", "bottle", "phone", "box", "car", "boat", "shoe", "book", "rocket", "plant",
]  # fmt: skip

_SCENES: Mapping[Scene, str] = {
    "underwater": "underwater reef coral diver submarine deep-sea aquarium",
    "space": "space star stars galaxy planet planets astronaut moon rocket orbit cosmos cosmic "
    "universe mars spaceship alien satellite",
    "snow": "snow snowy winter ice icy arctic polar christmas ski frost frozen glacier",
    "desert": "desert dune dunes sand sahara camel cactus oasis canyon",
    "sea": "sea ocean beach wave waves coast harbor harbour island ship boat sail sailor whale "
    "lighthouse surf surfer fisherman lake river shore pirate",
    "forest": "forest wood woods tree trees jungle leaf leaves fox bear owl deer wolf rainforest "
    "pine camping",
    "mountains": "mountain mountains peak peaks alps hike hiking climb climber summit cliff "
    "valley dragon trek",
    "street": "street road drive driving car taxi bike bicycle traffic alley rain rainy detective "
    "bus walk walking run running runner sneaker sneakers delivery",
    "city": "city town skyline skyscraper skyscrapers urban downtown metropolis tower office "
    "business startup building buildings rooftop company finance bank",
    "table": "coffee tea cafe café espresso breakfast restaurant food kitchen cook cooking chef "
    "cake bread pizza meal dinner lunch bakery barista chocolate recipe drink soup wine",
    "garden": "garden flower flowers spring bee bees butterfly park meadow rose roses bloom "
    "orchard blossom picnic honey",
    "room": "room home house bedroom sofa window library study desk school classroom lamp night "
    "sleep dream book reading piano family grandmother bed interior hotel",
    "hills": "hill hills field fields farm countryside village sunrise sunset landscape horizon "
    "balloon wind travel journey summer exterior",
    "stage": "product brand launch introducing perfume phone smartphone gadget headphones "
    "serum cream lipstick jewelry jewellery necklace ring bottle skincare cosmetics app laptop",
    "shapes": "idea ideas abstract data algorithm math music sound energy network code software "
    "ai technology future mind time",
}

_HEROES: Mapping[Hero, str] = {
    "cat": "cat cats kitten kitty tiger lion",
    "dog": "dog dogs puppy hound wolf",
    "fox": "fox foxes vixen",
    "bear": "bear bears panda teddy",
    "rabbit": "rabbit rabbits bunny hare",
    "bird": "bird birds owl eagle sparrow penguin parrot duck dragon phoenix",
    "whale": "whale whales dolphin fish shark orca",
    "robot": "robot robots android droid cyborg machine ai",
    "child": "child boy girl kid kids children toddler schoolgirl schoolboy",
    "elder": "grandmother grandma grandfather grandpa elder elderly wizard keeper",
    "person": "man woman person people painter artist detective astronaut chef barista sailor "
    "runner dancer student teacher doctor farmer knight king queen prince princess traveler "
    "traveller hiker musician founder designer engineer baker gardener pilot explorer hero "
    "fisherman climber surfer writer photographer mother father pirate",
    "rocket": "rocket spaceship spacecraft shuttle",
    "car": "car cars taxi automobile vehicle truck suv",
    "boat": "boat ship sailboat yacht ferry",
    "shoe": "shoe shoes sneaker sneakers boot boots footwear",
    "phone": "phone smartphone app mobile iphone tablet laptop gadget headphones software website",
    "bottle": "bottle perfume serum wine juice shampoo lotion drink water beer oil skincare "
    "fragrance cosmetics cream",
    "cup": "coffee tea cup espresso latte mug cocoa cappuccino cafe café matcha",
    "book": "book books novel notebook diary library",
    "plant": "plant plants flower flowers tree seed garden rose leaf",
    "box": "box package gift product delivery parcel subscription chocolate jewelry watch",
}  # fmt: skip

# Turned around, for one look-up a word. Where two scenes share a word, the later one has it.
_SCENE_OF = {word: scene for scene, words in _SCENES.items() for word in (*words.split(), scene)}
_HERO_OF = {word: hero for hero, words in _HEROES.items() for word in words.split()}

# The order counts: pictures without a place of their own are drawn from it by number.
SCENES: tuple[Scene, ...] = tuple(_SCENES)
LIVING: frozenset[Hero] = frozenset(
    ("person", "child", "elder", "cat", "dog", "fox", "bear", "rabbit", "bird", "whale", "robot")
)

FEATURING = "featuring"
"""The word before the hero in a beat's prompt, so that all beats of a video draw the same one."""

NOBODY = "nothing but the place"
"""What stands there if the video has no hero."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())


def scene_of(text: str) -> Scene | None:
    """Return the first place that the text names, also by something that belongs there."""
    return next((_SCENE_OF[word] for word in words_of(text) if word in _SCENE_OF), None)


def hero_of(text: str) -> tuple[Hero, str] | None:
    """Return the hero that the text names, and the word for it; living ones before things."""
    # "A fox reads a book" is about the fox, wherever the book stands.
    named = [(_HERO_OF[word], word) for word in words_of(text) if word in _HERO_OF]
    living = [pair for pair in named if pair[0] in LIVING]
    return next(iter(living or named), None)


def hero_of_beat(beat_prompt: str) -> Hero | None:
    """Return the hero that the planner wrote into a beat's prompt, or else that its words name."""
    _, marked, hero = beat_prompt.rpartition(f" {FEATURING} ")
    if marked and hero == NOBODY:
        return None  # things may be named in its place, but the beat is not about them
    found = hero_of(hero) if marked else None
    found = found or hero_of(beat_prompt)
    if found is None and marked:
        return "person"  # of whom a script tells nothing but the name
    return found[0] if found else None
