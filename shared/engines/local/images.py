"""Draws a beat's storyboard image: a place, the hour, the hero if any, and the style's finish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from shared.engines.local import elsewhere, heroes, landscapes, places, things
from shared.engines.local.finish import FINISHES
from shared.engines.local.light import HOURS, Hour, Light, Spot, light_at
from shared.engines.local.paper import Paper, Point
from shared.engines.local.puppet import Puppet, wardrobe
from shared.engines.local.styles import palette_of, style_of
from shared.engines.local.topics import LIVING, SCENES, Hero, Scene, featured_in, hero_of, scene_of

_PNG_LEVEL = 1  # lossless whatever the level; higher ones take long

_SCENES: Mapping[Scene, Callable[[Paper, Light], Spot]] = {
    "hills": landscapes.hills,
    "mountains": landscapes.mountains,
    "desert": landscapes.desert,
    "snow": landscapes.snow,
    "garden": landscapes.garden,
    "forest": landscapes.forest,
    "city": places.city,
    "street": places.street,
    "room": places.room,
    "table": places.table,
    "stage": places.stage,
    "sea": elsewhere.sea,
    "underwater": elsewhere.underwater,
    "space": elsewhere.space,
    "shapes": elsewhere.shapes,
}

_HEROES: Mapping[Hero, tuple[Callable[[Puppet], None], float]] = {
    "person": (heroes.person, 1.0),
    "child": (heroes.child, 0.86),
    "elder": (heroes.elder, 1.0),
    "cat": (heroes.cat, 0.84),
    "dog": (heroes.dog, 0.86),
    "fox": (heroes.fox, 0.86),
    "bear": (heroes.bear, 1.0),
    "rabbit": (heroes.rabbit, 0.84),
    "bird": (heroes.bird, 0.76),
    "whale": (heroes.whale, 0.62),
    "robot": (heroes.robot, 0.95),
    "cup": (things.cup, 0.66),
    "bottle": (things.bottle, 0.85),
    "phone": (things.phone, 0.8),
    "box": (things.box, 0.66),
    "car": (things.car, 0.55),
    "boat": (things.boat, 0.75),
    "shoe": (things.shoe, 0.62),
    "book": (things.book, 0.66),
    "rocket": (things.rocket, 0.95),
    "plant": (things.plant, 0.72),
}
"""Each with its height among the others."""

_CARRIED: frozenset[Hero] = frozenset(("cup", "bottle", "phone", "box", "shoe", "book", "plant"))
"""What stands on something, unless the place offers it."""

_AFLOAT: frozenset[Hero] = frozenset(("whale", "boat", "rocket"))

_LOWER = {"wide": -0.04, "medium": 0.0, "close": 0.08}
"""Where the feet are against the place's ground: captions cover what is low, so faces stay high."""
_SHORT = 0.9
_NEAR = {"wide": 0.64, "medium": 0.78, "close": 0.95}
"""The height of a person in shares of the picture's shorter side, by the shot."""


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


def draw_image(spec: ImageSpec, out: Path) -> None:
    """Write the beat's picture as PNG; the same spec gives the same bytes."""
    style = style_of(spec.style)
    base = palette_of(style, spec.seed)
    chance = np.random.default_rng([spec.seed, spec.index])
    light = light_at(base, _hour(spec), chance, style.textured)
    paper = Paper(spec.width, spec.height)
    spot = _SCENES[_scene(spec)](paper, light)
    if (spec.index + spec.seed) % 2:  # a place is another picture when the story comes back to it
        paper.pixels[:] = paper.pixels[:, ::-1].copy()
        light = replace(light, sun=(1 - light.sun[0], light.sun[1]))
    if hero := _hero(spec):
        wear = wardrobe(base, spec.seed, style.outlined, spec.style == "noir")
        facing = 1 if light.sun[0] > 0.5 else -1
        _draw_hero(hero, spec, spot, Puppet(paper, (0, 0), 1, facing, wear, spec.index))
    FINISHES[style.name](paper, light.palette, chance)
    save(paper, out)


def _draw_hero(hero: Hero, spec: ImageSpec, spot: Spot, puppet: Puppet) -> None:
    draw, height = _HEROES[hero]
    shot = _shot(spec)
    size = height * spot.scale * _NEAR[shot]
    puppet = replace(puppet, foot=_foot(spot, shot, spec.index, hero), size=size)
    stands = hero in _CARRIED and _scene(spec) not in ("table", "stage")
    puppet = _within(puppet, puppet.at(0, things.STAND) if stands else puppet.foot)
    if stands:
        things.stand(puppet)
    draw(puppet)


def save(paper: Paper, out: Path) -> None:
    bgr = cv2.cvtColor(paper.pixels, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])
    assert done, "OpenCV refuses no array of bytes"
    out.write_bytes(data.tobytes())


def _hour(spec: ImageSpec) -> Hour:
    """A story moves on through the day; night is night when the beat says so."""
    if "night" in spec.prompt.lower().split():
        return "night"
    return HOURS[(spec.index + spec.seed) % len(HOURS)]


def _scene(spec: ImageSpec) -> Scene:
    named = scene_of(spec.setting) or scene_of(spec.prompt)
    return named or SCENES[(spec.seed + 5 * spec.index) % len(SCENES)]


def _hero(spec: ImageSpec) -> Hero | None:
    """The beat's first character, else the one its prompt features; an unknown one is a person."""
    for name in spec.characters:
        if found := hero_of(name):
            return found[0]
    return featured_in(spec.prompt) or ("person" if spec.characters else None)


def _shot(spec: ImageSpec) -> str:
    words = spec.prompt.lower().split()[:2]
    return next(
        (word for word in words if word in _NEAR), ("wide", "medium", "close")[spec.index % 3]
    )


def _foot(spot: Spot, shot: str, index: int, hero: Hero) -> tuple[float, float]:
    """Beside the middle in a wide shot; nearer, and cut off below, in a close one."""
    aside = (0.0, -0.16, 0.14, 0.0, 0.18, -0.12)[index % 6]
    if hero not in LIVING or shot == "close":
        aside *= 0.35
    if hero in _AFLOAT:
        return spot.x + aside, spot.y - spot.lift
    lower = _LOWER[shot] * (1.0 if _HEROES[hero][1] > _SHORT else 0.2) if hero in LIVING else 0.0
    return spot.x + aside, spot.y + lower


def _within(puppet: Puppet, foot: Point) -> Puppet:
    """Low enough that its head is in the picture, however wide that is."""
    x, y = foot
    return replace(puppet, foot=(x, max(y, 0.06 + puppet.paper.up(1.06 * puppet.size))))
