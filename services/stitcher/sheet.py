"""The contact sheet: a panel for every beat of the video."""

from dataclasses import dataclass

from shared.story.beats import Beat
from shared.story.events import BeatsPlanned
from shared.story.kinds import IMAGE, CutPanel, ImageReady
from shared.story.plan import active_beats
from shared.story.view import View


@dataclass(frozen=True)
class BeatImage:
    """A beat with the key of its storyboard image, where it has one."""

    beat: Beat
    key: str | None

    @property
    def name(self) -> str:
        """Return the name of its file in the cut's order."""
        return f"image/{self.beat.index}"

    def make_panel(self) -> CutPanel:
        """Return the panel that shows it: its number, when it starts, and its words."""
        minutes, seconds = divmod(int(self.beat.start), 60)
        return CutPanel(
            name=self.name,
            label=f"{self.beat.index + 1} · {minutes}:{seconds:02}",
            text=self.beat.narration or self.beat.prompt,
        )


def find_images(view: View, plan: BeatsPlanned) -> list[BeatImage]:
    """Return the beats of the video with their images, in the order of the story."""
    beats = active_beats(plan)
    images = [view.ready(ImageReady, IMAGE.job(plan, beat=beat.index)) for beat in beats]
    keys = [i.pick(beat.image) if i else None for beat, i in zip(beats, images, strict=True)]
    return [BeatImage(beat, key) for beat, key in zip(beats, keys, strict=True)]
