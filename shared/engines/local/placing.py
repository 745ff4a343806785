"""Puts heroes into a place: which drawing each has, how large it is, where it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from shared.engines.local import heroes, subjects, things
from shared.engines.local.figure import Figure
from shared.engines.local.light import Spot
from shared.engines.local.paper import Point
from shared.engines.local.sketches import sketches
from shared.engines.local.topics import LIVING, Hero, Scene

_HEROES: Mapping[Hero, tuple[Callable[[Figure], None], float]] = {
    "person": (heroes.draw_person, 1.0),
    "child": (heroes.draw_child, 0.86),
    "elder": (heroes.draw_elder, 1.0),
    "grandmother": (heroes.draw_grandmother, 0.94),
    "cat": (heroes.draw_cat, 0.84),
    "dog": (heroes.draw_dog, 0.86),
    "fox": (heroes.draw_fox, 0.86),
    "bear": (heroes.draw_bear, 1.0),
    "rabbit": (heroes.draw_rabbit, 0.84),
    "bird": (heroes.draw_bird, 0.76),
    "whale": (heroes.draw_whale, 0.62),
    "robot": (heroes.draw_robot, 0.95),
    "cup": (things.draw_cup, 0.66),
    "bottle": (things.draw_bottle, 0.85),
    "phone": (things.draw_phone, 0.8),
    "box": (things.draw_box, 0.66),
    "car": (things.draw_car, 0.55),
    "boat": (things.draw_boat, 0.75),
    "shoe": (things.draw_shoe, 0.62),
    "book": (things.draw_book, 0.66),
    "rocket": (things.draw_rocket, 0.95),
    "plant": (things.draw_plant, 0.72),
    "bee": (subjects.draw_bee, 0.6),
    "bicycle": (subjects.draw_bicycle, 0.7),
    "lamp": (subjects.draw_lamp, 0.75),
    "coin": (subjects.draw_coins, 0.62),
    "heart": (subjects.draw_heart, 0.7),
    "tree": (subjects.draw_tree, 1.1),
    "house": (subjects.draw_house, 0.95),
    **{
        name: (partial(subjects.draw_sketch, sketch), sketch.height)
        for name, sketch in sketches().items()
    },
}
"""Each hero with its height, in heights of a person as it is drawn."""

_CARRIED: frozenset[Hero] = frozenset(
    (
        *("cup", "bottle", "phone", "box", "shoe", "book", "plant", "lamp", "coin"),
        *(name for name, sketch in sketches().items() if sketch.carried),
    )
)
"""Things that need a stand, unless the place has something to put them on."""

_TOPS: frozenset[Scene] = frozenset(("table", "stage"))
_GROUND: Mapping[Hero, frozenset[Scene]] = {
    "plant": _TOPS | {"leaves", "garden", "forest", "hills", "mountains"},
}
"""Where a thing stands on the ground, though elsewhere it needs a stand."""

_AFLOAT: frozenset[Hero] = frozenset(
    ("whale", "boat", "rocket", "bee", "heart", "plane", "balloons", "drop")
)

# So far below the ground of the place are the feet. A small hero goes down by a fifth of it only:
# its face would come to where captions are.
_LOWER = {"wide": -0.04, "medium": 0.0, "close": 0.08}
_SHORT = 0.9
_MOST_REACH = 0.46  # of the width, to either side
_REACHES = {"house": 0.62, "whale": 0.86}
"""How far the widest of those that are no sketches go to either side, in their own heights."""
# The height of a person in shares of the picture's shorter side, by the shot.
SIZES = {"wide": 0.64, "medium": 0.78, "close": 0.95}


_MIDDLE = 0.46  # of the height: captions are below
_APART = 0.2  # shares of the shorter side between the middle and each of two
_BESIDE: Mapping[Hero, float] = {
    "dog": 0.62, "cat": 0.5, "fox": 0.6, "rabbit": 0.48, "bird": 0.48, "bee": 0.36,
}  # fmt: skip
"""How large animals are beside others, as a share of how large they are alone."""


@dataclass(frozen=True)
class View:
    """How a place is seen in one beat."""

    shot: str
    scene: Scene
    index: int


def draw_hero(hero: Hero, view: View, spot: Spot, figure: Figure) -> None:
    """Draw the hero at its place, in the size of the shot, on a stand if it needs one."""
    size = _choose_size(hero, view, spot, figure)
    sketch = sketches().get(hero)
    foot = _place_foot(spot, view, hero)
    if sketch and sketch.centred:  # and never mirrored: what grows, grows to the right
        foot = (0.5, _MIDDLE + figure.paper.up(size / 2))
        figure = replace(figure, facing=1)
    figure = replace(figure, foot=foot, size=size)
    stands = hero in _CARRIED and view.scene not in _GROUND.get(hero, _TOPS)
    figure = _keep_inside(figure, figure.at(0, things.STAND) if stands else figure.foot)
    if stands:
        things.draw_stand(figure)
    _HEROES[hero][0](figure)


def draw_pair(
    pair: tuple[Hero, Hero], view: View, spot: Spot, figures: tuple[Figure, Figure]
) -> None:
    """Draw two who act together, side by side and turned to each other."""
    largest = max(_BESIDE.get(hero, 1.0) for hero in pair)
    largest = min(1.0, largest * 1.3)  # two animals: larger than beside a person, less than alone
    facing = figures[0].facing
    for hero, figure, side in zip(pair, figures, (-facing, facing), strict=True):
        size = _choose_size(hero, view, spot, figure) * _BESIDE.get(hero, 1.0) / largest
        x = 0.5 + side * figure.paper.across(_APART)
        y = _place_foot(spot, view, hero)[1]
        placed = replace(figure, size=size, facing=-side)
        _HEROES[hero][0](_keep_inside(placed, (x, y)))


def _choose_size(hero: Hero, view: View, spot: Spot, figure: Figure) -> float:
    sketch = sketches().get(hero)
    shot = "close" if sketch and sketch.centred else view.shot
    size = _HEROES[hero][1] * spot.scale * SIZES[shot]
    reach = sketch.reach if sketch else _REACHES.get(hero, 0.0)
    if reach:  # all of it is seen, also in a narrow picture
        size = min(size, _MOST_REACH * figure.paper.width / figure.paper.short / reach)
    return size


def _place_foot(spot: Spot, view: View, hero: Hero) -> Point:
    """Return where the hero's feet are: beside the middle, and lower in a close shot."""
    aside = (0.0, -0.16, 0.14, 0.0, 0.18, -0.12)[view.index % 6]
    if hero not in LIVING or view.shot == "close":
        aside *= 0.35  # a product belongs in the middle, and a large hero has no room beside it
    if hero in _AFLOAT:
        return spot.x + aside, spot.y - spot.lift
    lower = _LOWER[view.shot] * (1.0 if _HEROES[hero][1] > _SHORT else 0.2)
    return spot.x + aside, spot.y + (lower if hero in LIVING else 0.0)


def _keep_inside(figure: Figure, foot: Point) -> Figure:
    """Return the figure so low that its head is inside the picture, however wide that is."""
    x, y = foot
    return replace(figure, foot=(x, max(y, 0.06 + figure.paper.up(1.06 * figure.size))))
