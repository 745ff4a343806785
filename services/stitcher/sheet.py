"""What the contact sheet shows: a panel for every beat of the video."""

from dataclasses import dataclass

from shared.story.beats import Beat
from shared.story.events import BeatsPlanned
from shared.story.kinds import IMAGE, CutPanel, ImageReady
from shared.story.plan import active_beats
from shared.story.view import View


@dataclass(frozen=True)
class Pictured:
    """A beat with its storyboard image, where it has one."""

    beat: Beat
    key: str | None

    @property
    def name(self) -> str:
        return f"image/{self.beat.index}"

    def panel(self) -> CutPanel:
        """Return the panel that shows it."""
        minutes, seconds = divmod(int(self.beat.start), 60)
        return CutPanel(
            name=self.name,
            label=f"{self.beat.index + 1} · {minutes}:{seconds:02}",
            text=self.beat.narration or self.beat.prompt,
        )


def pictured_beats(view: View, plan: BeatsPlanned) -> list[Pictured]:
    """Return the beats of the video with their images, in the order of the story."""
    return [_pictured(view, plan, beat) for beat in active_beats(plan)]


def _pictured(view: View, plan: BeatsPlanned, beat: Beat) -> Pictured:
    image = view.ready(ImageReady, IMAGE.wanted(plan, beat=beat.index))
    return Pictured(beat, image.key if image else None)
