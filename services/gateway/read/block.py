"""What a video waits for that has no money left."""

from pydantic import Field

from shared.story.budget import explain_excess, find_block
from shared.story.events import Fit
from shared.story.fact import Fact
from shared.story.money import Dollars
from shared.story.view import View


class Exceeded(Fact):
    """Why a video waits for money. All amounts are dollars."""

    current: Dollars = Field(description="Spent already, or held for what is being made.")
    estimate: Dollars = Field(description="The most that is still to come.")
    cap: Dollars | None
    fits: Fit | None = Field(None, description="What the budget would be enough for.")
    message: str = Field(description="All of this in a sentence, and what to do.")


def describe_block(view: View) -> Exceeded | None:
    """Return why a video waits for money; None where it does not."""
    found = find_block(view)
    if found is None:
        return None
    return Exceeded(
        current=found.current,
        estimate=found.estimate,
        cap=found.cap,
        fits=found.fits,
        message=explain_excess(found),
    )
