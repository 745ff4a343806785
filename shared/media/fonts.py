"""Fonts from Python packages; for letters that they lack, the fonts of the system.

The packaged faces have Latin, Greek and Cyrillic letters. For a text with other letters, the first
system font that has them all is taken. If there is none, `can_write` says so, and the text is left
out of the picture: a viewer never sees rows of empty boxes. Captions are still in the .srt and
.vtt files and in the subtitle track, because players bring fonts of their own.
"""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from PIL import ImageFont

from shared.story.looks import Face

_PACKAGES: dict[Face, tuple[str, str]] = {
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
# Families that cover many scripts: to look into every font of a system would take seconds.
_SYSTEM_HINTS = ("noto", "dejavu", "unifont", "wqy", "droidsansfallback", "arial", "cjk", "gothic")
_SUFFIXES = {".ttf", ".otf", ".ttc"}
_ABSENT = "\U0010fffe"  # a code point that no font may have: it draws the "missing" box


def font(face: Face, size: int, text: str = "") -> ImageFont.FreeTypeFont:
    """Return the face at a size in pixels; another face, if only that can write the text."""
    return _load(_path_for(face, _letters(text), system_fonts()), size)


def can_write(face: Face, text: str) -> bool:
    """Return whether there is a font that can write all of this text."""
    letters = _letters(text)
    return _has_all(_path_for(face, letters, system_fonts()), letters)


def _letters(text: str) -> str:
    """Return the letters of a text, each once: texts of the same letters then share a lookup."""
    return "".join(sorted({c for c in text if not c.isspace() and c.isprintable()}))


@lru_cache(maxsize=256)
def _path_for(face: Face, letters: str, installed: tuple[str, ...]) -> str:
    """Return the file of the first font with all these letters, else that of the face itself."""
    own = _own_path(face)
    if _has_all(own, letters):
        return own
    others = (_own_path("plain"), *installed)
    return next((path for path in others if _has_all(path, letters)), own)


def _own_path(face: Face) -> str:
    package, name = _PACKAGES[face]
    return str(files(package) / "files" / name)


@lru_cache(maxsize=1)
def system_fonts() -> tuple[str, ...]:
    """Return the files of system fonts that may help, the most fitting ones first."""
    found = [
        path
        for folder in _SYSTEM_FOLDERS
        for path in Path(folder).rglob("*")
        if path.suffix.lower() in _SUFFIXES
        and any(hint in path.name.lower() for hint in _SYSTEM_HINTS)
    ]
    return tuple(str(path) for path in sorted(found, key=_rank))


def _rank(path: Path) -> tuple[bool, bool, str]:
    """Return a sort key: upright sans-serif fonts first, and bold ones among them."""
    name = path.name.lower()
    odd = any(word in name for word in ("mono", "italic", "oblique", "serif", "light"))
    return (odd, "bold" not in name, name)


@lru_cache(maxsize=512)
def _has_all(path: str, letters: str) -> bool:
    return all(_has(path, letter) for letter in letters)


@lru_cache(maxsize=32_768)
def _has(path: str, letter: str) -> bool:
    """Return whether the font draws this letter, and not the box for what it lacks."""
    # Pillow does not tell which letters a font has. But each missing one is drawn as the same box.
    try:
        return bytes(_load(path, 24).getmask(letter)) != _missing_box(path)
    except (OSError, RuntimeError, ValueError):
        return False  # a font that can't be used has nothing


@lru_cache(maxsize=64)
def _missing_box(path: str) -> bytes:
    return bytes(_load(path, 24).getmask(_ABSENT))


@lru_cache(maxsize=64)
def _load(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
