"""What a change of a plan makes stale, and which takes are wanted from then on. Pure.

A take is known by what it was made from: the parts of the plan that its kind is touched by, and the
takes of all that it starts from. So a change makes again what it reaches, and nothing else; and
what was made for the same before is wanted again, at no cost.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from shared.story.beats import Beat, Chunk, count_frames
from shared.story.events import BeatsPlanned
from shared.story.formats import FPS, measure_frames
from shared.story.kinds import CONFORM, AnyKind, Item, Kinds
from shared.story.kinds.kind import Change
from shared.story.texts import VISIBLE

_SHOWN: frozenset[Change] = frozenset({"picture", "choice", "sound"})
"""What a provider looks at, or listens to: whether it takes offence hangs on nothing else."""

Takes = Mapping[str, int]
Origin = tuple[object, ...]
"""All that a take was made from."""


class Origins:
    """What every take was made from, by the plans that have wanted it, the first one first."""

    def __init__(self, history: Sequence[BeatsPlanned], kinds: Kinds) -> None:
        self._kinds = kinds
        self._by_take: dict[str, dict[int, set[Origin]]] = {}
        stopped = frozenset(history[-1].stopped if history else ())
        for plan in history:
            for name, take in plan.takes.items():
                self._by_take.setdefault(name, {}).setdefault(take, set())
            for kind, item in list_parts(plan, kinds):
                # all of them count: a clip that is chosen for a shorter beat still fits the longer
                name, origin = kind.take_name(item), self.trace(plan, plan.takes, kind, item)
                takes = self._by_take.setdefault(name, {})
                made = takes.setdefault(plan.takes.get(name, 0), set())
                if kind.job(plan, beat=item.beat, n=item.n) not in stopped:
                    made.add(origin)

    def trace(self, plan: BeatsPlanned, takes: Takes, kind: AnyKind, item: Item) -> Origin:
        """Return what an item is made from, where these takes are wanted."""
        return self._trace(plan, takes, kind, item, kind.touched_by)

    def _trace(
        self,
        plan: BeatsPlanned,
        takes: Takes,
        kind: AnyKind,
        item: Item,
        changes: Collection[Change],
    ) -> Origin:
        if kind.is_given(plan, item):  # whatever else is changed, it stays what the user gave
            return (plan.given[kind.take_name(item)],)
        own = [_READ[change](plan, item) for change in sorted(changes)]
        sources = (
            (self._kinds[name].take_name(source), source)
            for name, source in kind.starts_from(plan, item)
        )
        return (*own, *((name, source, takes.get(name, 0)) for name, source in sources))

    def shows_same(
        self, plan: BeatsPlanned, other: BeatsPlanned, kind: AnyKind, item: Item
    ) -> bool:
        """Tell whether an item shows and says the same in two plans, however long it is.

        Letters that nobody sees, spaces and capitals make no difference to who takes offence.
        """
        one, two = (
            self._trace(each, each.takes, kind, item, kind.touched_by & _SHOWN)
            for each in (plan, other)
        )
        return _leave_plain(one) == _leave_plain(two)

    def find(self, name: str, origin: Origin, wanted: int) -> int | None:
        """Return the take that was made from this: the wanted one, or else the latest."""
        same = [take for take, made in self._by_take.get(name, {}).items() if origin in made]
        return wanted if wanted in same else max(same, default=None)

    def next_take(self, name: str) -> int:
        """Return the number of a take that there never was."""
        return max(self._by_take.get(name, ()), default=-1) + 1


def _leave_plain(made_of: object) -> object:
    """Return what something is made from, with its texts as no more than what is read in them."""
    if isinstance(made_of, str):
        return "".join(re.findall(VISIBLE, made_of)).casefold()
    if isinstance(made_of, tuple):
        return tuple(map(_leave_plain, made_of))
    return made_of


def settle_takes(
    plan: BeatsPlanned,
    history: Sequence[BeatsPlanned],
    kinds: Kinds,
    again: Collection[str] = (),
    chosen: Takes = {},  # noqa: B006
) -> dict[str, int]:
    """Return the takes that a plan wants after a change; `history` ends with the plan before it.

    `again`: what is made anew though nothing has changed. `chosen`: the takes that a user wants.
    """
    origins, takes = Origins(history, kinds), dict(plan.takes)
    takes |= {name: take for name, take in chosen.items() if take != takes.get(name, 0)}
    for kind, item in list_parts(plan, kinds):
        name = kind.take_name(item)
        if name in chosen:
            continue
        wanted = takes.get(name, 0)
        made = origins.find(name, origins.trace(plan, takes, kind, item), wanted)
        take = origins.next_take(name) if made is None or name in again else made
        if take != wanted:
            takes[name] = take
    return takes


def list_parts(plan: BeatsPlanned, kinds: Kinds) -> Iterator[tuple[AnyKind, Item]]:
    """Yield all that has takes of its own, each after what it starts from."""
    # what belongs to the whole plan has another take with each revision anyway
    parts = [kind for kind in kinds if kind.takes_by != "rev"]
    yield from ((kind, item) for kind in parts for item in kind.items(plan))


def list_stale(
    before: BeatsPlanned, after: BeatsPlanned, kinds: Kinds, is_made: Callable[[str], bool]
) -> list[tuple[AnyKind, Item]]:
    """Return what must be made for a plan that was not wanted before it, nor made."""
    wanted = {kind.job(before, beat=i.beat, n=i.n) for kind, i in list_parts(before, kinds)}
    return [
        (kind, item)
        for kind, item in list_parts(after, kinds)
        if (job := kind.job(after, beat=item.beat, n=item.n)) not in wanted and not is_made(job)
    ]


def list_windows(before: BeatsPlanned, after: BeatsPlanned) -> list[tuple[Item, Item]]:
    """Return the pairs of segments between which a transition must be encoded anew."""
    old = {_name_pair(before, pair) for pair in _list_joints(before)}
    return [pair for pair in _list_joints(after) if _name_pair(after, pair) not in old]


def _list_joints(plan: BeatsPlanned) -> Iterator[tuple[Item, Item]]:
    pairs = pairwise(CONFORM.items(plan))
    yield from ((left, right) for left, right in pairs if left.beat != right.beat)


def _name_pair(plan: BeatsPlanned, pair: tuple[Item, Item]) -> tuple[str, ...]:
    return tuple(CONFORM.job(plan, beat=item.beat, n=item.n) for item in pair)


# ── what a change changes ───────────────────────────────────────────────────────────────────────


def _find_beat(plan: BeatsPlanned, item: Item) -> Beat | None:
    return next((beat for beat in plan.beats if beat.index == item.beat), None)


def _find_chunk(plan: BeatsPlanned, item: Item) -> Chunk | None:
    found = (chunk for chunk in plan.chunks if chunk.index == item.n)
    return next((chunk for chunk in found if chunk.beat == item.beat), None)


def _read_picture(plan: BeatsPlanned, item: Item) -> object:
    beat = _find_beat(plan, item)
    return beat and (beat.prompt, beat.characters, beat.setting, beat.camera)


def _read_choice(plan: BeatsPlanned, item: Item) -> object:
    beat = _find_beat(plan, item)
    return beat and beat.image


def _read_sound(plan: BeatsPlanned, item: Item) -> object:
    beat = _find_beat(plan, item)
    return beat and (beat.narration, beat.speaker)


def _measure_length(plan: BeatsPlanned, item: Item) -> int:
    chunk = _find_chunk(plan, item)
    return count_frames(chunk) if chunk else _measure_card(plan)


def _measure_joint(plan: BeatsPlanned, item: Item) -> int:
    """Return how many frames of what follows a transition may take."""
    following = next((c for c in plan.chunks if c.index == item.n + 1), None)
    frames = count_frames(following) if following else _measure_card(plan)
    return min(round(plan.brief.transition_seconds * FPS), frames // 2)


def _measure_card(plan: BeatsPlanned) -> int:
    last = plan.beats[-1]
    return measure_frames(round(last.start + last.duration, 6), plan.brief.duration)


_READ: Mapping[Change, Callable[[BeatsPlanned, Item], object]] = {
    "picture": _read_picture,
    "choice": _read_choice,
    "sound": _read_sound,
    "shape": lambda plan, item: plan.brief.aspect,
    "length": _measure_length,
    "joint": _measure_joint,
}
"""Change → the part of the plan in which it shows, for one item."""
