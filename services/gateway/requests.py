"""Requests of users, checked field by field, and the brief that each becomes. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.gateway.amounts import Budget
from services.gateway.asked import GAPS
from services.gateway.contents import (
    EndCardRequest,
    ModelsRequest,
    Name,
    OwnBeatRequest,
    Pronounced,
)
from services.gateway.fields import EXACT, AtOnce, OneOf, Seconds, Whole
from services.gateway.plans import PlanRequest
from services.gateway.product import ProductRequest
from services.gateway.sources import SOURCES, check_source, check_style
from services.gateway.webhooks.requests import WebhookRequest
from shared.runtime.allowances import STANDARD, Allowances
from shared.runtime.defaults import Defaults, Missing
from shared.story.brief import (
    LONGEST_VIDEO,
    SHORTEST_VIDEO,
    Brief,
    ClipCheck,
    EndCard,
    OwnBeat,
    Review,
    Tier,
    Workflow,
)
from shared.story.byhand import fit_card_after
from shared.story.fact import Micros
from shared.story.formats import Aspect, Quality
from shared.story.goals import REVIEWS
from shared.story.looks import CAPTION_CHOICES, STYLES, TRANSITION_CHOICES
from shared.story.money import read_dollars
from shared.story.product import Product, write_wish
from shared.story.texts import VISIBLE, clean_text

PROMPT_LIMIT = 4000
SCRIPT_LIMIT = 60_000
"""Letters of a script within a request, which may have 64 KiB; longer ones are given before."""
NEARLY = 0.01
SCENE_SECONDS = 7.5
"""A scene of an ad is one clip up to this length: two short ones would cost as much or more."""


MetadataKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
MetadataValue = Annotated[str, StringConstraints(max_length=256)]


class ReframeRequest(BaseModel):
    """The same video in another shape."""

    model_config = EXACT

    aspect: Aspect


class ApprovalRequest(BaseModel):
    """What was looked at, and is wanted as it is."""

    model_config = EXACT

    what: Review = Field(description="As the video's `awaiting` says it.")
    rev: Whole = Field(ge=1, description="The revision that was looked at: the video's `rev`.")


class ContinueRequest(BaseModel):
    """How much of the video is to be made from now on."""

    model_config = EXACT

    workflow: Literal["storyboard_only", "full"] = "full"


class VideoRequest(BaseModel):
    """A video to make, of a prompt, a script or a product. Everything else has a default."""

    model_config = ConfigDict(**EXACT, json_schema_extra={"anyOf": SOURCES})

    script: (
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, max_length=SCRIPT_LIMIT, min_length=1),
        ]
        | None
    ) = Field(
        None,
        description="In place of a prompt: the text of a script that the video is a trailer of "
        "(Fountain, plain text or Markdown); or the id that POST /v1/uploads gave, for longer "
        "ones, FDX and PDF.",
    )
    product: ProductRequest | None = Field(
        None, description="In place of a prompt: what the video is an ad for."
    )
    plan: PlanRequest | None = Field(
        None,
        description="In place of a prompt: a plan of your own, beat by beat, as an object or as a "
        "text in YAML. No model is asked for one.",
    )
    from_video: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="In place of a prompt: the id of a video of yours whose storyboard is "
        "finished. The new one (`video_only`) has its plan, its pictures and its end card; what "
        "you give in `beats` comes before these. Nothing of it is made or paid again.",
    )
    prompt: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=PROMPT_LIMIT),
        AfterValidator(clean_text),
        AfterValidator(check_source),
        Field(description="What the video should show.", json_schema_extra={"pattern": VISIBLE}),
    ] = Field("", validate_default=True)
    duration: Seconds = Field(
        30, ge=SHORTEST_VIDEO, le=LONGEST_VIDEO, description="Seconds, end card included."
    )
    aspect: Aspect = "9:16"
    quality: Quality | None = Field(
        None,
        description="draft is 720p, full is 1080p. If left out, an ad is full, any other a draft.",
    )
    style: Annotated[str, OneOf(tuple(STYLES)), AfterValidator(check_style)] | None = Field(
        None,
        description="If left out, an ad is minimal, any other cinematic.",
    )
    voice: bool = True
    music: bool = True
    say: dict[Name, Pronounced] = Field(
        default_factory=dict,
        max_length=100,
        description="Words, and how they are pronounced.",
        examples=[{"AirFlex": "air flex"}],
    )
    captions: Annotated[str, OneOf(CAPTION_CHOICES)] = "karaoke"
    transition: Annotated[str, OneOf(TRANSITION_CHOICES)] = Field(
        "auto", description="What happens between two beats; auto is what suits the style."
    )
    transition_seconds: Seconds = Field(0.5, ge=0.1, le=2)
    clip_sound: bool = Field(False, description="Mix the clips' own sounds under the rest.")
    clip_check: ClipCheck | None = Field(
        None,
        description="What follows when a clip looks spoiled (black, frozen, flickering …): "
        "warn uses it and says so, retry pays for another try. null is what this server is set to.",
    )
    end_card: EndCardRequest | None = Field(
        default_factory=EndCardRequest, description="null leaves it out."
    )
    beats: list[OwnBeatRequest] = Field(
        default_factory=list,
        max_length=60,
        description="What you give yourself: images, clips, recordings, words. The rest is made.",
    )
    workflow: Workflow = Field(
        "full",
        description="How much is made: plan_only ends with the plan, storyboard_only with the "
        "pictures and an animatic; POST …/continue makes the rest. video_only starts from pictures "
        "that there are: `from_video`, or a `plan` and in `beats` an image or a clip for each.",
    )
    review: list[Review] = Field(
        default_factory=list,
        max_length=2,
        description="Stop there, and go on once it is approved (POST …/approve). Nothing beyond it "
        "is paid for before.",
        examples=[["storyboard"]],
    )
    missing: Missing = Field(
        "pan",
        description="What is shown where a clip is missing: a slow pan over its last frame or "
        "image, a still of the title, or nothing (omit).",
    )
    min_clips: Whole = Field(3, ge=1, le=60, description="Fewer clips than this fail the video.")
    clips_at_once: AtOnce | None = Field(
        None, description="0 is no limit. If left out, as this server is set: 6, or 3 paid ones."
    )
    image_takes: Whole = Field(
        1,
        ge=1,
        le=4,
        description="So many pictures for each beat, where its model makes several at a time. "
        "The first one is used.",
    )
    reuse: bool = Field(
        True, description="Copy what you have paid for before where the same is asked for."
    )
    seed: Whole = Field(0, ge=0, lt=2**31, description="The same seed makes the same video again.")
    priority: Whole = Field(1, ge=1, le=10, description="A weight, not a rank: nobody starves.")
    budget: Budget | None = Field(
        None,
        description="The most that it may cost, in dollars: never a cent more is spent. Where work "
        "costs nothing it is not needed.",
        examples=["2.50"],
    )
    on_cap: Literal["pause", "finish"] = Field(
        "pause",
        description="When there is no money for the rest: wait until the budget is raised, or "
        "finish with the clips that there are, if these are min_clips or more.",
    )

    webhook: WebhookRequest | None = Field(
        None,
        description="Told of this video alone, beside your own webhooks (POST /v1/webhooks). Its "
        "secret is that of GET /v1/webhook-secret.",
    )
    metadata: dict[MetadataKey, MetadataValue] = Field(
        default_factory=dict,
        max_length=16,
        description="Your own notes on the video: answers, live messages and webhooks repeat them.",
        examples=[{"order": "A-17"}],
        json_schema_extra={"additionalProperties": False},
    )

    dry_run: bool = Field(
        False,
        description="Only check all of it and tell its price, as `/v1/estimates` does: the answer "
        "is 200, and nothing is made, kept or paid.",
    )

    tier: Tier | None = Field(
        None,
        description="How good, and how dear, the models are that make it: standard if left out. "
        "Where nothing costs anything (STORYWAVE_PAID is off) it has no effect.",
    )
    models: ModelsRequest = Field(
        default_factory=ModelsRequest,
        description="Kind of work → the model that is to do it, or a tier of its own. A name that "
        "nobody knows is refused, with a list of those that there are. Where nothing costs "
        "anything it has no effect.",
    )

    @model_validator(mode="after")
    def _check_start(self) -> Self:
        """Refuse to start from another video, and not to make just the video."""
        asked = "workflow" in self.model_fields_set and self.workflow != "video_only"
        if self.from_video is not None and asked:
            raise ValueError("from_video starts from finished pictures: leave workflow out")
        return self

    @model_validator(mode="after")
    def _take_from_plan(self) -> Self:
        """Take over what the plan says of the whole video, unless the request itself does."""
        if self.plan is None:
            return self
        given = self.model_fields_set
        for name in ("style", "aspect"):
            if name not in given and (value := getattr(self.plan, name)) is not None:
                setattr(self, name, value)
        seconds = round(self.plan.seconds + self._card_seconds, 3)
        if not SHORTEST_VIDEO <= seconds <= LONGEST_VIDEO:
            raise ValueError(
                f"the plan lasts {seconds:g} s with its end card: "
                f"give {SHORTEST_VIDEO} to {LONGEST_VIDEO}"
            )
        if "duration" in given and abs(self.duration - seconds) > NEARLY:
            raise ValueError(
                f"the plan lasts {seconds:g} s with its end card: leave duration out, or change "
                "the plan's beats"
            )
        self.duration = seconds
        return self

    @property
    def _card_seconds(self) -> float:
        """Return how long the end card is behind the plan's beats."""
        assert self.plan is not None, "only of a plan it is known"
        card = EndCard(seconds=self.end_card.seconds) if self.end_card else None
        fitted = fit_card_after(card, self.plan.seconds)
        return fitted.seconds if fitted else 0.0

    def brief(self, owner: str, allowances: Allowances = STANDARD) -> Brief:
        """Return the request in the words of all services, within what is allowed."""
        other = {"beats", "budget", "dry_run", "end_card", "metadata", "plan", "product"}
        other |= {"script", "webhook", "from_video"}
        words = self.model_dump(exclude=other)
        words |= self._choose_open(allowances.defaults)
        words["gaps"] = GAPS[words.pop("missing")]
        words["tier"] = words["tier"] or ""
        words["review"] = tuple(review for review in REVIEWS if review in self.review)
        words["priority"] = min(self.priority, allowances.most_priority)
        if self.clips_at_once is None:
            words["clips_at_once"] = allowances.clips_at_once
        if self.script is not None:  # its title and id are known once it is read
            words |= {"prompt": "a script", "script": "-"}
        card = EndCard(**self.end_card.model_dump()) if self.end_card else None
        if self.plan is not None:
            plan = self.plan.read()
            words |= {"prompt": self.plan.prompt or plan.title, "plan": plan}
            card = self._complete_card(card)
        if self.product is not None:
            product = self._complete_product(self.product.product())
            words |= {"prompt": write_wish(product), "product": product}
            words["chunk_seconds"] = SCENE_SECONDS
        own = tuple(OwnBeat(**beat.model_dump()) for beat in self.beats)
        return Brief(**words, end_card=card, own=own, owner=owner, budget=self.cap)

    def _complete_card(self, card: EndCard | None) -> EndCard | None:
        """Return the end card with the plan's texts in place of those that were left empty."""
        assert self.plan is not None, "only a plan has such texts"
        fitted = fit_card_after(card, self.plan.seconds)
        return fitted and fitted.model_copy(
            update={
                "headline": fitted.headline or self.plan.headline or self.plan.title,
                "call_to_action": fitted.call_to_action or self.plan.call_to_action,
            }
        )

    def _read_prompt(self) -> dict[str, object]:
        """Return what the prompt asks for beside its story, where no field says otherwise."""
        if not self.prompt:
            return {}
        from shared.engines.local.brief import find_settings  # knows six languages

        asked = find_settings(self.prompt)
        off = {"voice": ("voice", False), "music": ("music", False), "screen": ("captions", "none")}
        found: dict[str, object] = dict(off[each] for each in asked.without & {*off})
        if asked.seconds:
            found["duration"] = min(max(asked.seconds, SHORTEST_VIDEO), LONGEST_VIDEO)
        open_ = {name: value for name, value in found.items() if name not in self.model_fields_set}
        return {**open_, "mood": asked.mood, "tones": asked.tones}

    def _choose_open(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that the request leaves open: as its prompt asks for it, or as it is usual."""
        found = {name: defaults[name] for name in self._list_open()}
        looks = self._choose_looks(defaults["style"], defaults["quality"])
        return found | looks | self._read_prompt() | {"models": self._choose_models(defaults)}

    def _choose_looks(self, style: str | None, quality: str | None) -> dict[str, str]:
        """Return style and quality: as asked for, or set, or else by what the video is of."""
        own = self.product.style if self.product else None
        usual = ("minimal", "full") if self.product else ("cinematic", "draft")
        return {
            "style": self.style or own or style or usual[0],
            "quality": self.quality or quality or usual[1],
        }

    def _choose_models(self, defaults: Mapping[str, Any]) -> dict[str, str]:
        """Return kind → model. A tier that is asked for comes before a model that is usual."""
        usual = {} if self.tier else defaults["models"]
        return {**usual, **self.models.model_dump(exclude_none=True)}

    def _list_open(self) -> set[str]:
        """Return the fields that have a default of this server, and are left to it."""
        given = self.model_fields_set
        return {
            name for name in Defaults.model_fields if name not in given or vars(self)[name] is None
        }

    def _complete_product(self, product: Product) -> Product:
        """Return the product with the call to action, which the end card may say alone."""
        said = self.end_card.call_to_action if self.end_card else ""
        call = product.call_to_action or said
        return product.model_copy(update={"call_to_action": call})

    @property
    def left_open(self) -> frozenset[str]:
        """Return the fields of a brief that say what was allowed, and not what was asked for."""
        open_ = {"gaps" if name == "missing" else name for name in self._list_open()}
        open_ |= {"clips_at_once"} if self.clips_at_once is None else set()
        return frozenset({"budget", "priority"} | open_)  # the budget is kept beside the brief

    @property
    def cap(self) -> Micros | None:
        """Return the most that may be spent; None where the request leaves that open."""
        return None if self.budget is None else read_dollars(self.budget)
