"""What a change of a plan would make again, in the words of the API. Pure."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from shared.story.estimate import Estimate
from shared.story.events import BeatsPlanned
from shared.story.fact import Fact
from shared.story.kinds import CONFORM, AnyKind, Item
from shared.story.money import Dollars
from shared.story.stale import list_windows


class StaleItem(Fact):
    """One thing that must be made again."""

    kind: str
    item: str = Field(description="What it is, as a person calls it: beat 2, clip 3, the end card.")
    beat: int
    n: int = Field(description="Its number, where a beat is not enough: of a clip, the chunk.")
    take: int


class Window(Fact):
    """A transition that must be encoded again, between two segments."""

    before: str
    after: str


class RevisionOffer(Estimate):
    """What a change would make again, and what that costs at most. Nothing is asked for yet."""

    rev: int = Field(description="The revision that it would be.")
    stale: tuple[StaleItem, ...] = ()
    windows: tuple[Window, ...] = ()
    committed: Dollars = Field(0, description="What is spent on the video, or held for it, so far.")
    budget: Dollars | None = None
    is_within_budget: bool


def describe_stale(
    after: BeatsPlanned, stale: Sequence[tuple[AnyKind, Item]]
) -> Iterator[StaleItem]:
    """Yield what must be made for a plan."""
    for kind, item in stale:
        yield StaleItem(
            kind=kind.name,
            item=kind.name_item(item, after),
            beat=item.beat,
            n=item.n,
            take=kind.take(after, item),
        )


def describe_windows(before: BeatsPlanned, after: BeatsPlanned) -> Iterator[Window]:
    """Yield the transitions that must be encoded again."""
    for left, right in list_windows(before, after):
        yield Window(before=CONFORM.name_item(left, after), after=CONFORM.name_item(right, after))
