"""A video that starts from the finished storyboard of another one of the same owner.

It becomes a request like any other: with the plan of that video, and its pictures as given ones. So
nothing of them is made or paid again, and the other video may change or go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from services.gateway.errors.problems import NoSuchVideo, VideoGone, explain_input
from services.gateway.errors.wording import trim_text
from services.gateway.images import Images
from services.gateway.plans import describe_plan, list_values
from services.gateway.read.videos import Videos
from services.gateway.requests import VideoRequest
from shared.ports import Blobs
from shared.story.brief import OwnBeat
from shared.story.errors import BadInput
from shared.story.events import BeatsPlanned
from shared.story.images import picture_id
from shared.story.kinds import IMAGE, ImageReady, chosen_image
from shared.story.plan import active_beats
from shared.story.view import View

R = TypeVar("R", bound=VideoRequest)
FIELD = "from_video"


@dataclass(frozen=True)
class Storyboards:
    """Finds the storyboards that requests start from."""

    videos: Videos
    images: Images
    blobs: Blobs

    async def take_over(self, asked: R, owner: str, *, keep: bool = True) -> R:
        """Return the request with the plan and pictures of the video that it names.

        Without `keep` nothing is stored: its pictures then have names that lead nowhere.
        """
        if asked.from_video is None:
            return asked
        plan, keys = await self._find(asked.from_video, owner)
        given = {
            index: await self._give(key, owner) if keep else picture_id(key.encode())
            for index, key in keys.items()
        }
        try:
            return type(asked).model_validate(_merge(asked, plan, given))
        except ValidationError as error:
            raise explain_input(error, type(asked).model_fields) from error

    async def _find(self, video_id: str, owner: str) -> tuple[BeatsPlanned, dict[int, str]]:
        """Return a plan, and beat → the key of its picture; refuse what is not finished."""
        try:
            view = await self.videos.find(video_id, owner)
        except (NoSuchVideo, VideoGone) as error:
            named = trim_text(video_id)
            raise BadInput(
                f"there is no video {named!r} of yours: GET /v1/videos lists them", FIELD
            ) from error
        plan = view.latest(BeatsPlanned)
        if plan is None:
            raise BadInput("that video has no plan (yet): wait for its storyboard", FIELD)
        keys = dict(_list_pictures(view, plan))
        if lacking := [b.index for b in active_beats(plan) if b.index not in keys]:
            named = ", ".join(map(str, lacking))
            raise BadInput(
                f"the storyboard of that video is not finished: beat {named} has no picture", FIELD
            )
        return plan, keys

    async def _give(self, key: str, owner: str) -> str:
        """Return the id of a stored picture, given as if its owner had uploaded it."""
        return (await self.images.take(await self.blobs.get(key), owner)).id


def _list_pictures(view: View, plan: BeatsPlanned) -> Iterator[tuple[int, str]]:
    for beat in active_beats(plan):
        image = view.ready(ImageReady, IMAGE.job(plan, beat=beat.index))
        if image is not None:
            yield beat.index, chosen_image(plan, image)


def _merge(asked: VideoRequest, plan: BeatsPlanned, images: dict[int, str]) -> dict[str, Any]:
    """Return the fields of the request: what it says itself comes before the other video."""
    own = {own.index: own for own in plan.brief.own}
    said = asked.model_dump(exclude_unset=True, exclude={FIELD})
    mine = {beat["index"]: beat for beat in said.get("beats", ())}
    # skipped beats are left out of the plan, so the others move up
    beats = [
        _join(_describe(own.get(beat.index), images[beat.index]), mine.pop(place, {}), place)
        for place, beat in enumerate(active_beats(plan))
    ]
    card = plan.brief.end_card
    usual: dict[str, Any] = {"end_card": card.model_dump() if card else None}
    said |= {"beats": [*beats, *mine.values()], "workflow": "video_only"}
    return {**usual, **said, "plan": list_values(describe_plan(plan))}


def _join(there: dict[str, Any], mine: dict[str, Any], place: int) -> dict[str, Any]:
    """Return what is given for a beat; a picture or clip of the request's own is the only one."""
    shown = {"image", "clip", "sound"} if mine.keys() & {"image", "clip"} else set()
    kept = {name: value for name, value in there.items() if name not in shown}
    return {**kept, **mine, "index": place}


def _describe(own: OwnBeat | None, image: str) -> dict[str, Any]:
    """Return what is given for a beat: its picture, or the clip and voice that its user gave."""
    if own is None:
        return {"image": image}
    files = {name: id_ for name in ("voice", "music") if (id_ := getattr(own, name))}
    shown = {"clip": own.clip, "sound": own.sound} if own.clip else {"image": image}
    spoken = {"narration": own.narration} if own.voice and own.narration is not None else {}
    return {**files, **shown, **spoken}
