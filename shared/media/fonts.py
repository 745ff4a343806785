"""Fonts out of Python packages, and an honest fallback for scripts they don't have.

The packaged faces cover Latin, Greek and Cyrillic. For a text with other letters the first
installed system font that has all of them is taken. When there is none, `covered` says so, and
burnt captions step aside for the .srt, .vtt and subtitle track, which carry any script: a viewer
never sees rows of empty boxes.
"""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from PIL import ImageFont

Face = Literal["plain", "strong", "elegant", "elegant-strong", "clean", "clean-strong", "playful"]

_PACKAGED: dict[Face, tuple[str, str]] = {
    "plain": ("font_roboto", "Roboto-Medium.ttf"),
    "strong": ("font_roboto", "Roboto-Black.ttf"),
    "elegant": ("font_source_sans_pro", "SourceSansPro-Light.ttf"),
    "elegant-strong": ("font_source_sans_pro", "SourceSansPro-Semibold.ttf"),
    "clean": ("font_hanken_grotesk", "HankenGrotesk-Medium.otf"),
    "clean-strong": ("font_hanken_grotesk", "HankenGrotesk-Bold.otf"),
    "playful": ("font_fredoka_one", "FredokaOne-Regular.ttf"),
}
_SYSTEM_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
)
_SYSTEM_HINTS = ("noto", "dejavu", "unifont", "wqy", "droidsansfallback", "arial", "cjk", "gothic")
_ABSENT = "\U0010fffe"  # a code point no font may have: it draws the "missing" box


def font(face: Face, size: int, text: str = "") -> ImageFont.FreeTypeFont:
    """The face at a size in pixels; another one when only that can write this text."""
    return _load(_path_for(face, _letters(text), system_fonts()), size)


def covered(face: Face, text: str) -> bool:
    """Whether some font at hand can write all of this text."""
    letters = _letters(text)
    return _has_all(_path_for(face, letters, system_fonts()), letters)


def _letters(text: str) -> str:
    return "".join(sorted({c for c in text if not c.isspace() and c.isprintable()}))


@lru_cache(maxsize=256)
def _path_for(face: Face, letters: str, installed: tuple[str, ...]) -> str:
    own = _packaged(face)
    if _has_all(own, letters):
        return own
    others = (_packaged("plain"), *installed)
    return next((path for path in others if _has_all(path, letters)), own)


def _packaged(face: Face) -> str:
    package, name = _PACKAGED[face]
    return str(files(package) / "files" / name)


@lru_cache(maxsize=1)
def system_fonts() -> tuple[str, ...]:
    """Return the installed fonts that are likely to have many letters, the plainest first."""
    found = [
        path
        for folder in _SYSTEM_FOLDERS
        for path in _font_files(Path(folder))
        if any(hint in path.name.lower() for hint in _SYSTEM_HINTS)
    ]
    return tuple(str(path) for path in sorted(found, key=_liking))


def _font_files(folder: Path) -> Iterator[Path]:
    return (p for p in folder.rglob("*") if p.suffix.lower() in {".ttf", ".otf", ".ttc"})


def _liking(path: Path) -> tuple[bool, bool, str]:
    """Upright sans bold first."""
    name = path.name.lower()
    odd = any(word in name for word in ("mono", "italic", "oblique", "serif", "light"))
    return (odd, "bold" not in name, name)


@lru_cache(maxsize=512)
def _has_all(path: str, letters: str) -> bool:
    try:
        face = _load(path, 24)
    except OSError:
        return False
    missing = bytes(face.getmask(_ABSENT))
    return all(bytes(face.getmask(letter)) != missing for letter in letters)


@lru_cache(maxsize=64)
def _load(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
