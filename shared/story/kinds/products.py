"""The picture of a product on its way to a plan: the product is cut out, and its colours read.

It is a job of its own, which ends in an event that carries what came of it: so whatever dies before
the plan is made, it is not done again.
"""

from shared.story.brief import Brief
from shared.story.events import Failed, JobEnd
from shared.story.images import image_key
from shared.story.kinds.kind import Kind, Order, Stage, Success, name_always
from shared.story.product import ProductLook
from shared.story.view import JobSpec


class ProductOrder(Order):
    """The brief whose product is meant; its picture comes as a file."""

    brief: Brief


class ProductSeen(JobEnd):
    """A product is cut out of its picture: the cut-out lies under this key."""

    key: str
    palette: tuple[str, ...] = ()
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    method: str = "whole"

    @property
    def look(self) -> ProductLook:
        """Return what was seen."""
        return ProductLook(key=self.key, palette=self.palette, box=self.box, method=self.method)


class ProductFailed(Failed):
    """The picture of a product can't be read."""


def _build_seen(done: Success[ProductOrder]) -> ProductSeen:
    return ProductSeen.model_validate(done.facts("key", "palette", "box", "method"))


PRODUCT = Kind(
    name="product",
    order=ProductOrder,
    ready=ProductSeen,
    failed=ProductFailed,
    build=_build_seen,
    stage=Stage.PLAN,
    name_item=name_always("the picture of the product"),
    deadline_seconds=120,
    takes_by="rev",
    is_counted=False,  # a user expects one plan
)


def product_job(video_id: str, brief: Brief, picture: str, rev: int) -> JobSpec:
    """Return the job that looks at the picture of this id."""
    # not by `PRODUCT.ask`: that takes all it needs from a plan, and there is none yet
    return JobSpec(
        kind=PRODUCT.name,
        video_id=video_id,
        owner=brief.owner,
        take=rev,
        input=ProductOrder(brief=brief).model_dump(mode="json"),
        files={"picture": image_key(brief.owner, picture)},
        priority=brief.priority,
    )
