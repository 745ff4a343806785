"""One run: a steady load, replicas that follow it by the rules, and what came of the videos."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

import services
from benchmarks.scale.crowd import Crowd
from benchmarks.scale.flock import Flock
from benchmarks.scale.readings import Lags, count_jobs
from benchmarks.scale.rule import Change, Moment, Reading, Rule, ask, decide, read_rule
from shared.ports import Is
from shared.store.mongo import MongoStore

ROOT = Path(__file__).parents[2]
SCALED = ROOT / "deploy/k8s/components/keda/scaled.yaml"
BASE = ROOT / "deploy/k8s/base"
DATABASE, PREFIX = "scale", "scale."
MOST = 4
"""As many replicas as this machine can hold of each service."""
TAIL = 0.05
"""Small videos a second, once the load has ended: something goes on while replicas leave."""
LOOK = 15.0
"""Seconds between two looks of the autoscaler."""
VIEWS = services.load("gateway").views

SETTINGS = {
    "STORYWAVE_LOG_LEVEL": "WARNING",
    "STORYWAVE_MONGO_DATABASE": DATABASE,
    "STORYWAVE_KAFKA_PREFIX": PREFIX,
    "STORYWAVE_KAFKA_PARTITIONS": str(MOST),
    "STORYWAVE_KAFKA_SESSION_TIMEOUT_MS": "6000",
    "STORYWAVE_ACTIVE_AN_OWNER": "0",
    "STORYWAVE_PROCESSES": "1",
}


@dataclass(frozen=True)
class Course:
    """How much, and how fast."""

    rate: float
    """Videos a second."""
    seconds: float
    """In which they are asked for."""
    haste: float
    """All times of the rules are divided by this."""
    limit: float


@dataclass(frozen=True)
class Row:
    """One service at one moment."""

    at: float
    service: str
    replicas: int
    ready: int
    asked: int
    lag: int
    backlog: int
    cpu: float
    finished: int
    """Videos, of all."""


def load_rules(haste: float) -> dict[str, Rule]:
    """Return the rules of the manifests, at this haste and within this machine's bounds."""
    scaled = yaml.safe_load_all(SCALED.read_text())
    rules = [read_rule(each) for each in scaled]
    return {
        rule.service: replace(
            rule,
            most=min(rule.most, MOST),
            up=_hasten(rule.up, haste),
            down=_hasten(rule.down, haste),
        )
        for rule in rules
    }


def _hasten(change: Change, haste: float) -> Change:
    return replace(change, window=change.window / haste, period=change.period / haste)


def read_request(service: str) -> float:
    """Return the cores that the manifest requests for a replica."""
    deployment, *_ = yaml.safe_load_all((BASE / f"{service}.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    cpu = str(container["resources"]["requests"]["cpu"])
    return float(cpu.removesuffix("m")) / 1000 if cpu.endswith("m") else float(cpu)


@dataclass
class Run:
    """What takes part."""

    course: Course
    folder: Path
    environment: Mapping[str, str]
    rows: list[Row] = field(default_factory=list)
    past: dict[str, list[Moment]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rules = load_rules(self.course.haste)
        self.requests = {name: read_request(name) for name in self.rules}
        known = {**self.environment, **SETTINGS}
        self.flocks = {name: Flock(name, self.folder, known) for name in self.rules}
        self.crowd = Crowd(self._find_gateways)
        self.store = MongoStore(known["STORYWAVE_MONGO"], DATABASE)
        self.lags = Lags(known["STORYWAVE_KAFKA"], PREFIX)
        self.began = time.monotonic()

    async def play(self) -> None:
        """Play the course; `rows` and `crowd` tell afterwards what was."""
        await self.store.open({})
        await self.lags.open()
        try:
            await self._start()
            self.began = time.monotonic()
            async with asyncio.timeout(self.course.limit), asyncio.TaskGroup() as tasks:
                scaling = tasks.create_task(self._follow())
                watching = tasks.create_task(self.crowd.watch())
                await self.crowd.ask(self.course.rate, self.course.seconds)
                tail = tasks.create_task(self.crowd.ask(TAIL, self.course.limit, small=True))
                await self._await_calm()
                tail.cancel()
                await self._await_ends()
                scaling.cancel()
                watching.cancel()
        finally:
            await asyncio.gather(*(flock.end() for flock in self.flocks.values()))
            await self.lags.close()

    def at(self) -> float:
        """Return the seconds since the load began."""
        return time.monotonic() - self.began

    def _find_gateways(self) -> Sequence[str]:
        return [replica.url for replica in self.flocks["gateway"].here]

    async def _start(self) -> None:
        for flock in self.flocks.values():
            flock.scale(1)
        async with asyncio.timeout(90):
            while sum([await flock.count_ready() for flock in self.flocks.values()]) < len(
                self.flocks
            ):
                await asyncio.sleep(0.2)

    async def _follow(self) -> None:
        """Look, and let replicas follow, until cancelled."""
        pause, last = LOOK / self.course.haste, self.at()
        while True:
            await asyncio.sleep(max(0.0, last + pause - self.at()))
            last, since = self.at(), self.at() - last
            lags = await self.lags.count(list(self.rules))
            finished = await self.store.count(VIEWS, {"parts.VideoCompleted": Is("present")})
            look = (self._look(rule, lags[name], since) for name, rule in self.rules.items())
            self.rows += [replace(row, finished=finished) for row in await asyncio.gather(*look)]

    async def _look(self, rule: Rule, lag: int, since: float) -> Row:
        """Read what is so of one service, let its replicas follow, and return what was seen."""
        name, flock = rule.service, self.flocks[rule.service]
        backlog, ready = await asyncio.gather(count_jobs(self.store, rule), flock.count_ready())
        cores = flock.measure_cpu() / max(since, 0.1)
        before, at = len(flock.here), self.at()
        asked = ask(rule, Reading(lag, backlog, cores / self.requests[name]), before)
        past = self.past.setdefault(name, [])
        wanted = decide(rule, asked, past, at, before)
        past.append(Moment(at, asked, before))
        flock.scale(wanted)
        return Row(at, name, wanted, ready, asked, lag, backlog, cores, finished=0)

    async def _await_calm(self) -> None:
        """Wait until every service has one replica again."""
        while any(len(flock.here) > 1 for flock in self.flocks.values()):
            await asyncio.sleep(0.5)

    async def _await_ends(self) -> None:
        while await self.store.count(VIEWS, {"check_at": Is("present")}):
            await asyncio.sleep(0.5)


def reached(rows: Sequence[Row], service: str) -> list[int]:
    """Return the numbers of replicas that a service had, one after the other."""
    numbers: list[int] = [1]
    for row in rows:
        if row.service == service and row.replicas != numbers[-1]:
            numbers.append(row.replicas)
    return numbers


def as_dict(row: Row) -> dict[str, Any]:
    """Return a row with the names of its columns."""
    return {name: getattr(row, name) for name in Row.__dataclass_fields__}
