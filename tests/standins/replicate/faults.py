"""What goes wrong on purpose: by a script, exactly, and by rates, from a seed."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, model_validator

Stage = Literal["before", "answer", "run", "hook", "read", "download"]

FAULTS: dict[str, Stage] = {
    "429": "before",
    "401": "before",
    "402": "before",
    "5xx": "before",
    "slow_accept": "before",
    "5xx_after": "answer",
    "lost": "answer",
    "cut": "answer",
    "unreadable": "answer",
    "slow_answer": "answer",
    "fails": "run",
    "canceled": "run",
    "aborted": "run",
    "hangs": "run",
    "slow_run": "run",
    "no_output": "run",
    "empty": "run",
    "truncated": "run",
    "huge": "run",
    "wrong_type": "run",
    "answers": "run",
    "hook_lost": "hook",
    "hook_late": "hook",
    "hook_doubled": "hook",
    "hook_forged": "hook",
    "hook_stale": "hook",
    "read_429": "read",
    "read_5xx": "read",
    "read_lost": "read",
    "download_5xx": "download",
    "download_cut": "download",
}
"""Every fault, and when it strikes. The help of the command says what each of them is."""

Form = Literal["header", "body", "text"]

WRAPPED = "Director: unexpected error handling prediction ({})"
ERRORS: dict[str, str] = {
    "PA": "Prediction interrupted; please retry (code: PA)",
    "E1000": WRAPPED.format("E1000"),
    "E6716": WRAPPED.format("E6716"),
    "E8367": WRAPPED.format("E8367"),
    "E8765": WRAPPED.format("E8765"),
    "E9243": WRAPPED.format("E9243"),
    "E9825": WRAPPED.format("E9825"),
    "E1001": WRAPPED.format("E1001"),
    "OOM": "CUDA out of memory. Tried to allocate 2.00 GiB",
    "E4875": WRAPPED.format("E4875"),
    "E001": "The model's provider refused: out of credit (E001)",
    "E002": "The model's provider refused: invalid key (E002)",
    "E003": "Service is currently unavailable due to high demand. Please try again later. (E003)",
    "E004": "Service is temporarily unavailable. Please try again later. (E004)",
    "E005": "The input or output was flagged as sensitive. "
    "Please try again with different inputs. (E005)",
    "RISK": "Failure to pass the risk control system",
    "NSFW": "NSFW content detected. Try running it again, or try a different prompt.",
}
"""What a run says that fails, by the name that a script gives it."""


class Fault(BaseModel):
    """One fault of a script: what it is, whom it strikes, and how often."""

    model_config = ConfigDict(extra="forbid")

    name: str
    after: int = 0
    """So many that it fits are let pass before it strikes."""
    times: int = 1
    model: str = ""
    kind: str = ""
    prompt: str = ""
    """It fits only this model, this kind, an input with these words."""
    form: Form | None = None
    """How a 429 says when to come again; chance decides if nothing is said."""
    seconds: float | None = None
    status: int = 503
    error: str = ""
    """Of a run that fails: a name out of `ERRORS`, or any text."""
    pays: bool = False
    """The run costs what a good one would have cost."""
    megabytes: int = 512
    output: object = None
    """What a run `answers`, instead of what its model makes."""

    @model_validator(mode="after")
    def _is_known(self) -> "Fault":
        if self.name not in FAULTS:
            raise ValueError(f"no fault is called {self.name}: take one of {', '.join(FAULTS)}")
        return self

    @property
    def stage(self) -> Stage:
        """Return when it strikes."""
        return FAULTS[self.name]

    def fits(self, model: str, kind: str, words: str) -> bool:
        """Tell whether it is meant for this one."""
        return self.model in ("", model) and self.kind in ("", kind) and self.prompt in words


class Script:
    """The faults to come, and how many of each there have been."""

    def __init__(self, seed: int) -> None:
        self.queue: list[Fault] = []
        self.rates: dict[str, float] = {}
        self.struck: Counter[str] = Counter()
        self._seed = seed
        self._chance = {stage: random.Random(f"{seed}:{stage}") for stage in get_args(Stage)}

    def go_on_from(self, runs: int) -> None:
        """Take other chances than before a restart."""
        for stage in get_args(Stage):
            self._chance[stage] = random.Random(f"{self._seed}:{runs}:{stage}")

    def set_rates(self, rates: dict[str, float]) -> None:
        """Let these faults happen by chance from now on; ValueError for one that is none."""
        for name in rates:
            Fault(name=name)
        self.rates = rates

    def draw(self, stage: Stage, model: str = "", kind: str = "", words: str = "") -> Fault | None:
        """Return the fault that strikes here and now, if any: the script comes before chance."""
        fault = self._next(stage, model, kind, words) or self._by_chance(stage)
        if fault:
            self.struck[fault.name] += 1
        return fault

    def _next(self, stage: Stage, model: str, kind: str, words: str) -> Fault | None:
        for fault in self.queue:
            if fault.stage != stage or not fault.fits(model, kind, words):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self.queue.remove(fault)
            return fault
        return None

    def _by_chance(self, stage: Stage) -> Fault | None:
        chance = self._chance[stage]
        point = chance.random()
        for name, rate in self._rates_of(stage):
            if point < rate:
                return Fault(name=name, error=chance.choice(sorted(ERRORS)))
            point -= rate
        return None

    def _rates_of(self, stage: Stage) -> Iterator[tuple[str, float]]:
        return ((name, rate) for name, rate in self.rates.items() if FAULTS[name] == stage)

    def choose_form(self) -> Form:
        """Return one of the ways in which a 429 says when to come again."""
        return self._chance["before"].choice(get_args(Form))
