"""Draws a beat's storyboard image: the place in its light, then the hero, then the style's finish.

Everything that is random comes from the video's seed, the beat's number and its take, so the same
take of a beat is always the same picture, and another take another one. The colours come from the
video's seed alone, and the hero from that and its name: they stay the same from beat to beat,
whatever is drawn again.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from shared.engines.local import (
    elsewhere,
    heroes,
    landscapes,
    lessons,
    places,
    subjects,
    things,
    weather,
)
from shared.engines.local.figure import Figure, choose_look
from shared.engines.local.finish import FINISHES
from shared.engines.local.light import HOURS, Hour, Light, Spot, light_at
from shared.engines.local.paper import Paper, Point
from shared.engines.local.product import Placed, choose_palette, keep_product, place_product
from shared.engines.local.sketches import sketches
from shared.engines.local.styles import Palette, Style, palette_of, style_of
from shared.engines.local.topics import (
    FEATURING,
    LIVING,
    PEOPLE,
    SCENES,
    Hero,
    Scene,
    hero_of,
    hero_of_beat,
    scene_of,
    weather_of,
)

_PNG_LEVEL = 1  # lossless whatever the level; higher ones take long

_SCENES: Mapping[Scene, Callable[[Paper, Light], Spot]] = {
    "hills": landscapes.paint_hills,
    "mountains": landscapes.paint_mountains,
    "desert": landscapes.paint_desert,
    "snow": landscapes.paint_snow,
    "garden": landscapes.paint_garden,
    "forest": landscapes.paint_forest,
    "city": places.paint_city,
    "street": places.paint_street,
    "room": places.paint_room,
    "table": places.paint_table,
    "stage": places.paint_stage,
    "sea": elsewhere.paint_sea,
    "underwater": elsewhere.paint_underwater,
    "space": elsewhere.paint_space,
    "shapes": elsewhere.paint_shapes,
    "leaves": lessons.paint_leaves,
    "sky": lessons.paint_clouds,
    "volcano": lessons.paint_volcano,
    "ruins": lessons.paint_ruins,
}

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
_SIZES = {"wide": 0.64, "medium": 0.78, "close": 0.95}


@dataclass(frozen=True)
class ImageSpec:
    """One beat's picture."""

    prompt: str
    style: str
    seed: int
    index: int
    total: int
    width: int
    height: int
    characters: tuple[str, ...] = ()
    setting: str = ""
    take: int = 0
    product: Path | None = None
    """A cut-out, which then takes the place of any hero."""


def draw_image(spec: ImageSpec, out: Path) -> None:
    """Write the beat's picture as PNG; the same spec gives the same bytes."""
    style = style_of(spec.style)
    base = _choose_base(style, spec)
    rng = np.random.default_rng([spec.seed, spec.index, spec.take])
    scene = _choose_scene(spec)
    light = light_at(base, _choose_hour(spec), rng, style.textured, weather_of(spec.prompt))
    falls = light.weather if scene not in weather.SHELTERED else None
    paper = Paper(spec.width, spec.height)
    spot = _SCENES[scene](paper, light)
    # Every other picture is mirrored: when the story comes back to a place, it looks different.
    # So is every other take.
    if (spec.index + spec.seed + spec.take) % 2:
        paper.pixels[:] = paper.pixels[:, ::-1].copy()
        light = replace(light, sun=(1 - light.sun[0], light.sun[1]))
    if falls:
        weather.paint_behind(paper, light.palette, rng, falls, scene)
    placed = _place_product(spec, paper, light, spot) if spec.product else None
    if placed is None and (hero := _choose_seen(spec)):
        colourless, named = spec.style == "noir", bool(_find_name(spec)) and hero in PEOPLE
        look = choose_look(base, _seed_look(spec), style.outlined, colourless, named)
        # Towards the light, which then falls on the face.
        facing = 1 if light.sun[0] > 0.5 else -1
        _draw_hero(hero, spec, spot, Figure(paper, (0, 0), 1, facing, look, spec.index))
    if falls:
        weather.paint_before(paper, light.palette, rng, falls)
    FINISHES[style.name](paper, light.palette, rng)
    if placed:
        keep_product(paper, placed)
    save(paper, out)


def _choose_base(style: Style, spec: ImageSpec) -> Palette:
    """Return the colours of the whole video: of an ad those before which its product is seen."""
    if spec.product is None:
        return palette_of(style, spec.seed)
    return choose_palette(style.palettes, spec.product)


def _place_product(spec: ImageSpec, paper: Paper, light: Light, spot: Spot) -> Placed:
    assert spec.product is not None, "it is asked for where there is one"
    shot, scene = _choose_shot(spec), _choose_scene(spec)
    return place_product(paper, light, spot, shot, scene, spec.product)


def _draw_hero(hero: Hero, spec: ImageSpec, spot: Spot, figure: Figure) -> None:
    """Draw the hero at its place, in the size of the shot, on a stand if it needs one."""
    draw, height = _HEROES[hero]
    shot = _choose_shot(spec)
    size = height * spot.scale * _SIZES[shot]
    sketch = sketches().get(hero)
    reach = sketch.reach if sketch else _REACHES.get(hero, 0.0)
    if reach:  # all of it is seen, also in a narrow picture
        size = min(size, _MOST_REACH * spec.width / min(spec.width, spec.height) / reach)
    figure = replace(figure, foot=_place_foot(spot, shot, spec.index, hero), size=size)
    stands = hero in _CARRIED and _choose_scene(spec) not in _GROUND.get(hero, _TOPS)
    figure = _keep_inside(figure, figure.at(0, things.STAND) if stands else figure.foot)
    if stands:
        things.draw_stand(figure)
    draw(figure)


def save(paper: Paper, out: Path) -> None:
    """Write the picture as PNG."""
    bgr = cv2.cvtColor(paper.pixels, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])
    assert done, "OpenCV refuses no array of bytes"
    out.write_bytes(data.tobytes())


def _choose_hour(spec: ImageSpec) -> Hour:
    """Return the next hour of the day for each beat and take; night, where the beat says so."""
    if "night" in spec.prompt.lower().split():
        return "night"
    return HOURS[(spec.index + spec.seed + spec.take) % len(HOURS)]


_INSIDE = ", interior"
"""How the setting of a script's scene ends that is inside."""
_ROOMS = ("room", "table", "stage")


def _choose_scene(spec: ImageSpec) -> Scene:
    """Return the place that the beat names, else any, but another one than in the beats around."""
    named = scene_of(spec.setting) or scene_of(spec.prompt)
    if spec.setting.endswith(_INSIDE) and named not in _ROOMS:
        return "room"  # "INT. VILLAGE HALL" is no village
    if named in ("room", "table") and _choose_hero(spec) == "house":
        return "hills"  # a house is seen from outside
    return named or SCENES[(spec.seed + 5 * spec.index) % len(SCENES)]


def _choose_seen(spec: ImageSpec) -> Hero | None:
    """Return what is drawn: the hero, or what stands for it in this place."""
    hero = _choose_hero(spec)
    sketch = sketches().get(hero or "")
    return sketch.away.get(_choose_scene(spec), hero) if sketch else hero


def _choose_hero(spec: ImageSpec) -> Hero | None:
    """Return the beat's first character that can be drawn, else the hero of its prompt."""
    _, marked, featured = spec.prompt.rpartition(f" {FEATURING} ")
    if marked and any(name in featured for name in spec.characters[:1]):
        return hero_of_beat(spec.prompt)
    for name in spec.characters:
        if found := hero_of(name):
            return found[0]
    # A character that is in no table is most likely someone's name.
    return hero_of_beat(spec.prompt) or ("person" if spec.characters else None)


def _seed_look(spec: ImageSpec) -> int:
    """Return the seed of the hero's look: each who has a name looks like nobody else."""
    name = _find_name(spec)
    return spec.seed ^ crc32(name.casefold().encode()) if name else spec.seed


def _find_name(spec: ImageSpec) -> str:
    """Return what the one who is shown is called; empty for "the fox" and "a person"."""
    if spec.characters:
        return spec.characters[0]
    _, marked, featured = spec.prompt.rpartition(f" {FEATURING} ")
    named = re.match(r"[A-ZÀ-Þ][^,(]*?(?= the |,| \(|$)", featured) if marked else None
    return named.group() if named else ""


def _choose_shot(spec: ImageSpec) -> str:
    """Return the shot that the prompt begins with, else another one than in the beats around."""
    words = spec.prompt.lower().split()[:2]
    other = ("wide", "medium", "close")[spec.index % 3]
    return next((word for word in words if word in _SIZES), other)


def _place_foot(spot: Spot, shot: str, index: int, hero: Hero) -> tuple[float, float]:
    """Return where the hero's feet are: beside the middle, and lower in a close shot."""
    aside = (0.0, -0.16, 0.14, 0.0, 0.18, -0.12)[index % 6]
    if hero not in LIVING or shot == "close":
        aside *= 0.35  # a product belongs in the middle, and a large hero has no room beside it
    if hero in _AFLOAT:
        return spot.x + aside, spot.y - spot.lift
    lower = _LOWER[shot] * (1.0 if _HEROES[hero][1] > _SHORT else 0.2) if hero in LIVING else 0.0
    return spot.x + aside, spot.y + lower


def _keep_inside(figure: Figure, foot: Point) -> Figure:
    """Return the figure so low that its head is inside the picture, however wide that is."""
    x, y = foot
    return replace(figure, foot=(x, max(y, 0.06 + figure.paper.up(1.06 * figure.size))))
