"""Draws a beat's storyboard image: the place in its light, then the hero, then the style's finish.

Everything that is random comes from the video's seed, the beat's number and its take, so the same
take of a beat is always the same picture, and another take another one. The colours come from the
video's seed alone, and the hero from that and its name: they stay the same from beat to beat,
whatever is drawn again.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from shared.engines.local import (
    elsewhere,
    landscapes,
    lessons,
    places,
    weather,
)
from shared.engines.local.figure import Figure, choose_look
from shared.engines.local.finish import FINISHES
from shared.engines.local.light import HOURS, Hour, Light, Spot, light_at
from shared.engines.local.paper import Paper, mix
from shared.engines.local.placing import SIZES, View, draw_hero, draw_pair
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
    companion_of_beat,
    companion_words,
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

_FLOOR: frozenset[Hero] = frozenset(("mattress", "desk", "washer", "fridge", "vacuum", "chair"))
"""What stands on the floor of a room, and on no table."""


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
    if placed is None:
        _draw_heroes(spec, paper, light, spot, base)
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


def _draw_heroes(spec: ImageSpec, paper: Paper, light: Light, spot: Spot, base: Palette) -> None:
    """Draw who or what the beat is about, and who acts together with them."""
    hero, name = _choose_seen(spec), _find_name(spec)
    if hero is None:
        return
    view = View(_choose_shot(spec), _choose_scene(spec), spec.index)
    # Towards the light, which then falls on the face.
    facing = 1 if light.sun[0] > 0.5 else -1

    def stand(who: Hero, called: str) -> Figure:
        style, named = style_of(spec.style), bool(called) and who in PEOPLE
        seed = _seed_look(spec.seed, called)
        look = choose_look(base, seed, style.outlined, spec.style == "noir", named)
        return Figure(paper, (0, 0), 1, facing, look, spec.index)

    beside = companion_of_beat(spec.prompt)
    if beside and hero in LIVING:
        called = _name_in(companion_words(spec.prompt))
        second = stand(beside, called)
        if not called and not PEOPLE & {hero, beside}:  # two animals of no name, told apart
            look = second.look
            second = replace(second, look=replace(look, main=mix(look.second, look.main, 0.3)))
        draw_pair((hero, beside), view, spot, (stand(hero, name), second))
    else:
        draw_hero(hero, view, spot, stand(hero, name))


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
    hero = _choose_hero(spec)
    if named in ("room", "table") and hero == "house":
        return "hills"  # a house is seen from outside
    if named == "table" and hero in _FLOOR:
        return "room"
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
        if found := hero_of_beat(name):
            return found
    # A character that is in no table is most likely someone's name.
    return hero_of_beat(spec.prompt) or ("person" if spec.characters else None)


def _seed_look(seed: int, name: str) -> int:
    """Return the seed of somebody's look: each who has a name looks like nobody else."""
    return seed ^ crc32(name.casefold().encode()) if name else seed


def _find_name(spec: ImageSpec) -> str:
    """Return what the one who is shown is called; empty for "the fox" and "a person"."""
    if spec.characters:
        return spec.characters[0]
    _, marked, featured = spec.prompt.rpartition(f" {FEATURING} ")
    return _name_in(featured) if marked else ""


def _name_in(featured: str) -> str:
    named = re.match(r"[A-ZÀ-Þ][^,(]*?(?= the |,| \(|$)", featured)
    return named.group() if named else ""


def _choose_shot(spec: ImageSpec) -> str:
    """Return the shot that the prompt begins with, else another one than in the beats around."""
    words = spec.prompt.lower().split()[:2]
    other = ("wide", "medium", "close")[spec.index % 3]
    return next((word for word in words if word in SIZES), other)
