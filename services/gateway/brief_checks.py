"""What a request for a video asks for, checked as far as the request itself tells. Pure."""

from services.gateway.errors.wording import trim_text
from shared.story.brief import Brief
from shared.story.byhand import check_own_of_plan
from shared.story.errors import BadInput
from shared.story.material import read_id
from shared.story.own import check_own, list_uses

UPLOAD = "/v1/uploads"


def check_brief(brief: Brief) -> None:
    """Refuse what can't be made, as far as the request itself tells."""
    check_own_of_plan(brief)
    _check_workflow(brief)
    _check_words(brief)
    check_own(brief)
    _check_picture(brief)


def _check_workflow(brief: Brief) -> None:
    """Refuse to make only the video where pictures to make it from are missing."""
    if brief.workflow != "video_only":
        return
    if brief.plan is None:
        raise BadInput(
            "video_only starts from pictures that there are: name a finished video in "
            "`from_video`, or give a `plan`, and in `beats` an image or a clip for each",
            "workflow",
        )
    given = {own.index for own in brief.own if own.image or own.clip}
    if missing := [beat.index for beat in brief.plan.beats if beat.index not in given]:
        named = ", ".join(map(str, missing))
        raise BadInput(f"give an image or a clip for each beat: none is there for {named}", "beats")


def _check_words(brief: Brief) -> None:
    """Refuse a plan by hand whose words its beats can't hold: nothing of it would be shortened."""
    if brief.plan is None:
        return
    from shared.engines.narration import refuse_narration  # knows languages: few requests need it

    given = {own.index: (place, own) for place, own in enumerate(brief.own)}
    for beat in brief.plan.beats:
        place, own = given.get(beat.index, (0, None))
        if own and own.voice:
            continue  # its words are those of the recording, which has been measured
        field, text = f"plan.beats.{beat.index}.narration", beat.narration
        if own and own.narration is not None:
            field, text = f"beats.{place}.narration", own.narration
        refuse_narration(text, beat.duration, brief, field)


def _check_picture(brief: Brief) -> None:
    """Refuse a picture of a product that is a clip or a sound, as far as its id tells."""
    picture = brief.product.picture if brief.product else None
    if picture is not None and (what := read_id(picture).what) != "image":
        raise BadInput(
            f"this is the id of a {what}: give that of a picture (PNG, JPEG or WebP)",
            "product.picture",
        )


def list_files(brief: Brief) -> list[tuple[str, str, str]]:
    """Return each file that a request names: the field, the id, and where such are given."""
    card = brief.end_card.product_image if brief.end_card else None
    picture = brief.product.picture if brief.product else None
    named = (("end_card.product_image", card), ("product.picture", picture))
    found = [(field, image, "/v1/images") for field, image in named if image is not None]
    return [*found, *((use.field, use.id, UPLOAD) for use in list_uses(brief))]


def refuse_script() -> BadInput:
    """Return the refusal of a script that was never given."""
    return BadInput(
        "there is no script of this id: upload it first (POST /v1/uploads) and give the id of the "
        "answer",
        "script",
    )


def refuse_file(field: str, id_: str, path: str) -> BadInput:
    """Return the refusal of a file that was never given."""
    if id_.startswith(("http://", "https://")):
        return BadInput(
            'this takes the id of a file, and no URL: give {"url": …} to POST /v1/uploads, and '
            "here the id of the answer",
            field,
        )
    return BadInput(
        f"there is no {'upload' if path == UPLOAD else 'image'} {trim_text(id_)!r}: "
        f"upload it first (POST {path}) and give the id of the answer",
        field,
    )
