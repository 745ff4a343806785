"""What the contact sheet shows: a panel for every beat of the video. Pure."""

from dataclasses import dataclass
from typing import Any

from shared.story.chunks import active_beats
from shared.story.events import Beat, BeatsPlanned, ImageReady, Kind
from shared.story.view import View
from shared.story.wanted import wanted


@dataclass(frozen=True)
class Pictured:
    """A beat with its storyboard image, where it has one."""

    beat: Beat
    key: str | None

    @property
    def name(self) -> str:
        return f"image/{self.beat.index}"

    def described(self) -> dict[str, Any]:
        """As the cut is told."""
        minutes, seconds = divmod(int(self.beat.start), 60)
        return {
            "name": self.name,
            "label": f"{self.beat.index + 1} · {minutes}:{seconds:02}",
            "text": self.beat.narration or self.beat.prompt,
        }


def panels_of(view: View, plan: BeatsPlanned) -> list[Pictured]:
    """In the order of the story."""
    return [_pictured(view, plan, beat) for beat in active_beats(plan)]


def _pictured(view: View, plan: BeatsPlanned, beat: Beat) -> Pictured:
    image = view.ready(ImageReady, wanted(plan, Kind.IMAGE, beat=beat.index))
    return Pictured(beat, image.key if image else None)
