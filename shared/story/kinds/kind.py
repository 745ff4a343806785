"""A kind of job: everything that the rest of the code needs to know of it, in one place.

A kind is declared once, beside its order and its two events. Decisions ask for its jobs, the ledger
runs them, events tell how they ended, the read model counts and names them: all of these read the
declaration, so that a new kind needs no second list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.story.events import DECIDED, NO_TIMES, BeatsPlanned, Event, Failed, Times
from shared.story.fact import Micros
from shared.story.view import GIVEN, JobSpec, job_id


class Stage(StrEnum):
    """The stages of a video, in the order in which a user sees them pass."""

    SCRIPT = "script"
    CHARACTERS = "characters"
    SETTINGS = "settings"
    SELECTION = "selection"
    PLAN = "plan"
    IMAGES = "images"
    SOUNDTRACK = "soundtrack"
    CLIPS = "clips"
    CUT = "cut"


OF_SCRIPTS = (Stage.SCRIPT, Stage.CHARACTERS, Stage.SETTINGS, Stage.SELECTION)
"""The stages that only a video from a script has."""

Change = Literal["picture", "choice", "sound", "shape", "length", "joint"]
"""The changes of a revision: how a beat looks, which of its pictures it has, what is said in it,
the aspect of the video, how long a part of it is, how much of what follows a transition may take.
"""


class Order(BaseModel):
    """The typed values that say what a job is to make. Each kind has an order of its own.

    It is stored as plain values in the job's row. Rows of earlier versions must still be read, so
    a field that comes later has a default.
    """

    # a row of a later version may hold more: its job is better done without than never
    model_config = ConfigDict(frozen=True, extra="ignore")

    PLACE: ClassVar[frozenset[str]] = frozenset()
    """The fields that say where in its video something belongs, and not what it is to be like."""

    def wish(self) -> dict[str, Any]:
        """Return all that says what is to be made: two orders with the same ask for the same."""
        return self.model_dump(mode="json", exclude=set(self.PLACE))


O = TypeVar("O", bound=Order)  # noqa: E741


@dataclass(frozen=True, slots=True)
class RetryRules:
    """The tries that a job has, and the milliseconds between them."""

    tries_a_model: int = 3
    backoff_ms: tuple[int, ...] = (2_000, 4_000)
    next_model_ms: int = 8_000


@dataclass(frozen=True, slots=True)
class Item:
    """One of the things that a kind makes: its beat, and its number where a beat is not enough."""

    beat: int = 0
    n: int = 0


Part = tuple[str, Item]
"""The name of a kind, and one of its items."""


@dataclass(frozen=True, slots=True)
class Success(Generic[O]):
    """A job that is done: all that its event is built from."""

    spec: JobSpec
    order: O
    result: Mapping[str, Any]
    """All that the engine and the last step said of it, and the keys of what was stored."""
    cost: Micros
    at: int
    reused: bool = False
    times: Times = NO_TIMES

    def facts(self, *names: str) -> dict[str, Any]:
        """Return the fields that all such events have, and those of the result named here."""
        # named, not merged: so no field of an event appears because two names happen to agree
        spec = self.spec
        common: dict[str, Any] = {
            "video_id": spec.video_id,
            "job": spec.id,
            "at": self.at,
            "beat": spec.beat,
            "n": spec.n,
            "take": spec.take,
            "cost": self.cost,
            "times": self.times,
            **({"reused": True} if self.reused else {}),
        }
        return common | {name: self.result[name] for name in names if name in self.result}


@dataclass(frozen=True, eq=False, kw_only=True)
class Kind(Generic[O]):
    """One kind of job. There is one instance of each, so two are compared by identity."""

    name: str
    order: type[O]
    ready: type[Event]
    failed: type[Failed]
    build: Callable[[Success[O]], Event]
    """Builds the event of a job that is done."""
    stage: Stage
    """The stage in which a user sees it, and in which its failure shows."""
    name_item: Callable[[Item, BeatsPlanned | None], str]
    """Returns what a person calls an item: "clip 3", "the end card"."""
    deadline_seconds: float
    """The longest that one attempt may take."""
    items: Callable[[BeatsPlanned], Iterable[Item]] = lambda plan: ()
    """Lists the items that a plan wants of this kind."""
    order_of: Callable[[BeatsPlanned, Item], O] | None = None
    """Returns the order of an item, which the plan alone decides. None: the work of a service
    itself, which costs nothing.
    """
    needs: Callable[[BeatsPlanned, Item], Iterable[str]] = lambda plan, item: ()
    """Lists the names of the files that an item starts from, if all goes well."""
    models_of: str = ""
    """The kind whose models make it, and whose wish for one counts; empty where it has its own."""
    takes_by: Literal["beat", "n", "rev"] = "beat"
    """A beat has its take, or a number, or the whole plan, whose revision is the take."""
    n_means: str = "n"
    """The name of an item's number in the log."""
    lacks: str = ""
    """Said of an item that failed, after its name: "beat 2 stays silent"."""
    is_counted: bool = True
    """A stage's total counts it, as in `images 3/6`."""
    touched_by: frozenset[Change] = frozenset()
    """The changes after which it must be made again, beside those of what it starts from."""
    starts_from: Callable[[BeatsPlanned, Item], Iterable["Part"]] = lambda plan, item: ()
    """Lists the items that it starts from: it must be made again once one of them is another."""
    passes_gate: bool = True
    """An attempt needs money, and the user's leave to run."""
    retries: RetryRules | None = None
    """Rules of its own, where the common ones do not suit it."""
    is_awaited: bool = True
    """While one of them is open, the video counts as busy, and its deletion waits."""

    def __str__(self) -> str:
        return self.name

    def take(self, plan: BeatsPlanned, item: Item) -> int:
        """Return the take that the plan wants of an item."""
        return self._find_take(plan, item.beat, item.n)

    def _find_take(self, plan: BeatsPlanned, beat: int, n: int) -> int:
        if self.takes_by == "rev":
            return plan.rev
        if not plan.takes:  # as in most plans; ids are asked for so often that names would cost
            return 0
        return plan.takes.get(self.take_name(Item(beat, n)), 0)

    def is_again(self, spec: JobSpec) -> bool:
        """Tell whether a job is a further take: somebody wants something else than there was."""
        return spec.take > (1 if self.takes_by == "rev" else 0)  # revisions count from 1

    def take_name(self, item: Item) -> str:
        """Return the name under which a plan keeps the take of an item."""
        return f"{self.name}/{item.n if self.takes_by == 'n' else item.beat}"

    def is_given(self, plan: BeatsPlanned, item: Item) -> bool:
        """Tell whether the user gave this item: it is not to be made."""
        return self.take_name(item) in plan.given

    def job(self, plan: BeatsPlanned, *, beat: int = 0, n: int = 0) -> str:
        """Return the id of the job that makes an item at its wanted take.

        A service finds what another makes under this id, which both derive from the plan. So a
        result at another take is not found, and not used: the plan no longer wants it.
        """
        return job_id(plan.video_id, self.name, beat, n, self._find_take(plan, beat, n))

    def jobs(self, plan: BeatsPlanned) -> list[str]:
        """Return the ids of all jobs of this kind that the plan wants."""
        return [self.job(plan, beat=item.beat, n=item.n) for item in self.items(plan)]

    def ask(
        self,
        plan: BeatsPlanned,
        order: O,
        *,
        beat: int = 0,
        n: int = 0,
        files: Mapping[str, str] | None = None,
        seconds: float = 1.0,
    ) -> JobSpec:
        """Return the job that makes an item at its wanted take, from this order and these files.

        Where the user gave what is to be made, it is made from that alone.
        """
        given = plan.given.get(self.take_name(Item(beat, n)))
        return JobSpec(
            kind=self.name,
            video_id=plan.video_id,
            owner=plan.brief.owner,
            beat=beat,
            n=n,
            take=self.take(plan, Item(beat, n)),
            input=order.model_dump(mode="json"),
            files={GIVEN: given} if given else files or {},
            models=self._find_wish(plan),
            seconds=seconds,
            priority=plan.brief.priority,
            reuse=plan.brief.reuse,
        )

    def _find_wish(self, plan: BeatsPlanned) -> tuple[str, ...]:
        """Return the models that are wished for; the work of a service itself has none."""
        return plan.brief.wish_for(self.models_of or self.name) if self.order_of else ()

    def expect(self, plan: BeatsPlanned) -> list[JobSpec]:
        """Return all jobs that the plan wants, as they will be asked for once their files exist."""
        if self.order_of is None:
            return []
        return [
            self.ask(
                plan,
                self.order_of(plan, item),
                beat=item.beat,
                n=item.n,
                files=dict.fromkeys(self.needs(plan, item), ""),
            )
            for item in self.items(plan)
        ]

    def read(self, spec: JobSpec) -> O:
        """Return the order of a job; raises pydantic's ValidationError when it can't be read."""
        return self.order.model_validate(spec.input)


AnyKind = Kind[Any]


class Kinds:
    """The kinds that a process knows, and the events that it knows by them.

    It is passed to all code that lists kinds or reads events, so that two versions can run side by
    side and a test can add a kind of its own.
    """

    def __init__(self, *kinds: AnyKind) -> None:
        self._by_name = {kind.name: kind for kind in kinds}
        ends = {end: kind for kind in kinds for end in (kind.ready, kind.failed)}
        self._by_end: Mapping[type[Event], AnyKind] = ends
        self.events: Mapping[str, type[Event]] = {c.__name__: c for c in (*DECIDED, *ends)}
        """Every event, by its name."""

    def __iter__(self) -> Iterator[AnyKind]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> AnyKind:
        return self._by_name[name]

    def of(self, end: Event) -> AnyKind:
        """Return the kind that this event is an end of."""
        return self._by_end[type(end)]

    def of_stage(self, stage: Stage) -> list[AnyKind]:
        """Return the kinds that a stage counts."""
        return [kind for kind in self if kind.stage is stage and kind.is_counted]

    def parse(self, name: str, body: Mapping[str, Any]) -> Event:
        """Return the event of this name; raises KeyError or pydantic's ValidationError."""
        return self.events[name].model_validate(body)


def list_skipped(plan: BeatsPlanned, kinds: Iterable[AnyKind]) -> list[tuple[AnyKind, Item]]:
    """Return what the plan would have, and its user wants to do without."""
    if not plan.skipped:
        return []
    whole = plan.model_copy(update={"skipped": ()})
    items = ((kind, item) for kind in kinds for item in kind.items(whole))
    return [(kind, item) for kind, item in items if kind.take_name(item) in plan.skipped]


def name_by_beat(item: Item, plan: BeatsPlanned | None) -> str:
    """Return the name of an item of which each beat has one."""
    return f"beat {item.beat}"


def name_always(name: str) -> Callable[[Item, BeatsPlanned | None], str]:
    """Return a function that names an item of which a video has only one."""
    return lambda item, plan: name
