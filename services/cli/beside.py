"""The files that are written beside a film, where they are asked for."""

from collections.abc import Mapping
from pathlib import Path

from shared.story.errors import BadInput

BESIDE: Mapping[str, str] = {
    "srt": ".srt",
    "vtt": ".vtt",
    "poster": ".jpg",
    "contact": "-contact.png",
}
"""A file that may be written beside a film → what its name ends with in place of the film's."""


def read_beside(text: str | None) -> dict[str, str]:
    """Return the files that `--with` names, with the ends of their names."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if name not in BESIDE:
            raise BadInput(f"--with: use {', '.join(BESIDE)}, not {name[:40]!r}", "with")
    return {name: BESIDE[name] for name in names}


def name_beside(film: Path, end: str) -> Path:
    """Return the path of a file beside a film."""
    return film.with_name(f"{film.stem}{end}")
