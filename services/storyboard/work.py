"""The last step of a picture: decode all of it before anything is made from it.

The decoder is imported where it is used: the process that only hands out work needs none.
"""

from collections.abc import Mapping

from shared.jobs.engine import Finish, Workspace
from shared.jobs.outcomes import Made
from shared.story.errors import TransientError
from shared.story.kinds import CARD, IMAGE, REFERENCE, AnyKind, Order


def check_picture(order: Order, space: Workspace, made: Made) -> Made:
    """Refuse a picture that can't be decoded; a retry may bring a good one."""
    from PIL import Image

    if "key" not in made.files:
        raise TransientError("the engine finished without a picture")
    try:
        with Image.open(made.files["key"]) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises over broken files
        raise TransientError("the engine's picture can't be decoded") from error
    return made


FINISH: Mapping[AnyKind, Finish] = {
    REFERENCE: check_picture,
    IMAGE: check_picture,
    CARD: check_picture,
}
