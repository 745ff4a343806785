"""The user's wish for a video, in the words of all services."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from shared.story.beats import Beat
from shared.story.fact import Fact, Micros
from shared.story.formats import Aspect, Quality
from shared.story.product import Product

ClipCheck = Literal["off", "warn", "retry"]
"""What follows when a clip can be played, and still looks spoiled: nothing, a note, another try."""
Tier = Literal["draft", "standard", "best"]
"""Names a model of each kind, the cheapest first."""

SHORTEST_VIDEO, LONGEST_VIDEO = 5, 180
"""Seconds, end card included."""

Workflow = Literal["full", "plan_only", "storyboard_only", "video_only"]
"""How much of a video is made. `video_only` is all of it, from pictures that there are already."""
Review = Literal["plan", "storyboard"]
"""What a person looks at and approves before the video goes on."""


class EndCard(Fact):
    """The last seconds of a video. `colour` is a brand's, as #rrggbb.

    `product_image` is the id of a picture that the video's owner has given.
    """

    headline: str = ""
    call_to_action: str = ""
    seconds: float = 2.5
    style: str = "auto"
    colour: str | None = None
    product_image: str | None = None


class HandPlan(Fact):
    """A plan that the user has written: what there is to see and to say, beat by beat."""

    title: str
    beats: tuple[Beat, ...]


ClipSound = Literal["keep", "duck", "mute"]
"""What is heard of an own clip: all of it, or what lies under a voice, or nothing."""


class OwnBeat(Fact):
    """What a user gives for one beat: its files, by their ids, and its texts.

    What is given is used as it is, and nothing is made in its place.
    """

    index: int
    image: str | None = None
    clip: str | None = None
    voice: str | None = None
    music: str | None = None
    """One for the whole video, whichever beat brings it."""
    prompt: str = ""
    narration: str | None = None
    """None leaves it to the plan."""
    sound: ClipSound = "duck"


class Brief(Fact):
    """All that a user can ask of a video, with a value for everything left open."""

    # The names of looks are plain text and not a Literal: a later version may know more of them,
    # and this one must still read its briefs.

    prompt: str
    """Of a video from a script, the script's title; of an ad, what its product is."""
    script: str = ""
    """The id of the script that the video is a trailer of; empty where there is none."""
    plan: HandPlan | None = None
    """What the user has planned; then nobody else does."""
    product: Product | None = None
    """The product that the video is an ad for."""
    duration: float = 30.0
    aspect: Aspect = "9:16"
    quality: Quality = "draft"
    style: str = "cinematic"
    voice: bool = True
    music: bool = True
    captions: str = "karaoke"
    end_card: EndCard | None = EndCard()
    min_clips: int = 3
    clips_at_once: int = 6
    chunk_seconds: float = 5.0
    own: tuple[OwnBeat, ...] = ()
    """The beats for which the user gives something."""
    gaps: Literal["fill", "title", "leave"] = "fill"
    """Where a clip is missing: a slow pan over a still, a still of the title, or nothing."""
    transition: str = "auto"
    transition_seconds: float = 0.5
    mood: str = ""
    """What the music is like, where the prompt says so; else as the style has it."""
    tones: tuple[str, ...] = ()
    """What the narrator sounds like, where the prompt says so: a mood, female, male."""
    say: Mapping[str, str] = {}
    """Words, and how they are pronounced: AirFlex as "air flex"."""
    clip_sound: bool = False
    clip_check: ClipCheck = "warn"
    image_takes: int = 1
    """So many pictures are made for each beat, where its model makes several; the first is used."""
    reuse: bool = True
    """What its owner has paid for before is copied where the same is asked for."""
    budget: Micros | None = None
    """The most that it may cost, as it was asked for; a later wish may raise it."""
    on_cap: Literal["pause", "finish"] = "pause"
    """Without money for all of it: wait for more, or finish with the clips that there are."""
    tier: str = ""
    """A wish for all models that `models` does not name; empty where it is left open."""
    models: Mapping[str, str] = Field(default_factory=dict)
    """Kind → the model that is to make it, or a tier."""
    workflow: Workflow = "full"
    review: tuple[Review, ...] = ()
    """Each of these has to be approved before anything beyond it is made."""
    seed: int = 0
    owner: str = "local"
    priority: int = 1

    def wish_for(self, kind: str) -> tuple[str, ...]:
        """Return the models that are wished for a kind, the first one first; () for any."""
        wish = self.models.get(kind) or self.tier
        return (wish,) if wish else ()
