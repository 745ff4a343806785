"""How a story is shown: its places in words, the ways between them, the camera. Pure data."""

from collections.abc import Mapping

from shared.engines.local.topics import Scene, Weather

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
    "leaves": "among green leaves in the sunlight",
    "sky": "high in the sky above the clouds",
    "volcano": "before a volcano with glowing lava",
    "ruins": "among the ruins of an ancient temple",
}
"""The words for each place: the same wherever it is the same place. Its first word that names a
place is that place's own."""

WEATHER: Mapping[Weather | None, str] = {
    "storm": " in a storm",
    "rain": " in the rain",
    "snow": " in falling snow",
    "fog": " in thick fog",
    None: "",
}
"""What comes behind the words for a place, by the weather."""

ROUTES: Mapping[Scene, tuple[Scene, ...]] = {
    "hills": ("garden", "mountains", "forest", "sea"),
    "city": ("street", "room", "city", "stage"),
    "sea": ("hills", "sea", "mountains", "sea"),
    "forest": ("hills", "leaves", "garden", "mountains"),
    "mountains": ("forest", "snow", "hills", "sky"),
    "desert": ("hills", "mountains", "sky", "desert"),
    "space": ("sky", "desert", "space", "shapes"),
    "room": ("street", "garden", "city", "table"),
    "table": ("room", "table", "garden", "table"),
    "stage": ("room", "shapes", "city", "stage"),
    "garden": ("leaves", "hills", "forest", "garden"),
    "underwater": ("sea", "underwater", "sky", "underwater"),
    "street": ("city", "room", "street", "hills"),
    "snow": ("mountains", "forest", "sky", "snow"),
    "shapes": ("room", "sky", "city", "shapes"),
    "leaves": ("garden", "forest", "hills", "leaves"),
    "sky": ("hills", "mountains", "sea", "sky"),
    "volcano": ("mountains", "sky", "volcano", "sea"),
    "ruins": ("hills", "ruins", "sky", "ruins"),
}
"""The places where a story may go next, for each place where it may start: none is far from it."""

SHOTS = (
    "Wide view",
    "Medium view",
    "Close view",
    "Medium low view",
    "Wide high view",
    "Close low view",
)

MOVES = (
    "slow push in",
    "gentle drift to the right",
    "slow pull back",
    "rising slowly",
    "held still",
    "gentle drift to the left",
    "slow orbit",
)
"""Seven moves beside six shots: 42 beats pass before a camera repeats."""
