"""How many replicas a ScaledObject asks for: what KEDA and the autoscaler under it do. Pure.

Read from the manifest itself, so that what is measured is what is deployed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from re import search
from typing import Any

TOLERANCE = 0.1
"""The autoscaler leaves a number alone that is off by less."""


@dataclass(frozen=True)
class Change:
    """How fast replicas may become more, or fewer."""

    window: float
    """Seconds of which the most that was asked for counts (of fewer replicas)."""
    percent: int
    """By so many percent at most …"""
    period: float
    """… within so many seconds."""


@dataclass(frozen=True)
class Rule:
    """One ScaledObject."""

    service: str
    least: int
    most: int
    lag: float
    """Events that wait, for each replica."""
    backlog: float | None
    """Jobs that wait or are at work, for each replica; None where it runs none."""
    kinds: frozenset[str]
    states: frozenset[str]
    cpu: float | None
    """The part of the requested CPU that a replica should use, if that counts."""
    up: Change
    down: Change


@dataclass(frozen=True)
class Reading:
    """What is so now, of one service."""

    lag: float
    backlog: float = 0.0
    cpu: float = 0.0
    """Used by all replicas together, in requests of one replica."""


def read_rule(scaled: Mapping[str, Any]) -> Rule:
    """Return the rule that a ScaledObject states."""
    spec = scaled["spec"]
    triggers = {each["type"]: each["metadata"] for each in spec["triggers"]}
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    jobs, cpu = triggers.get("prometheus"), triggers.get("cpu")
    return Rule(
        service=spec["scaleTargetRef"]["name"],
        least=spec["minReplicaCount"],
        most=spec["maxReplicaCount"],
        lag=float(triggers["kafka"]["lagThreshold"]),
        backlog=float(jobs["threshold"]) if jobs else None,
        kinds=_read_label(jobs, "kind"),
        states=_read_label(jobs, "state"),
        cpu=float(cpu["value"]) / 100 if cpu else None,
        up=_read_change(behavior["scaleUp"]),
        down=_read_change(behavior["scaleDown"]),
    )


def _read_label(jobs: Mapping[str, Any] | None, label: str) -> frozenset[str]:
    """Return the values that a query asks for; it names them in one regular expression."""
    found = search(label + r'=~"([^"]*)"', jobs["query"]) if jobs else None
    return frozenset(found[1].split("|")) if found else frozenset()


def _read_change(behavior: Mapping[str, Any]) -> Change:
    (policy,) = behavior["policies"]
    if policy["type"] != "Percent":
        raise ValueError("this reads policies in percent alone")
    seconds = behavior["stabilizationWindowSeconds"]
    return Change(float(seconds), policy["value"], float(policy["periodSeconds"]))


def ask(rule: Rule, now: Reading, replicas: int) -> int:
    """Return how many replicas the readings ask for, bounded, however fast that may be reached."""
    shares = [now.lag / rule.lag]
    if rule.backlog is not None:
        shares.append(now.backlog / rule.backlog)
    if rule.cpu is not None:
        shares.append(now.cpu / rule.cpu)
    most = max(_round(share, replicas) for share in shares)
    return max(rule.least, min(rule.most, most))


def _round(share: float, replicas: int) -> int:
    """Return a number of replicas; the present one, where that is nearly right."""
    return replicas if abs(share / replicas - 1) <= TOLERANCE else ceil(share)


@dataclass(frozen=True)
class Moment:
    """What was asked for at a time, and how many there were."""

    at: float
    asked: int
    replicas: int


def decide(rule: Rule, asked: int, past: Sequence[Moment], at: float, replicas: int) -> int:
    """Return how many replicas there are to be now, given what was before, the latest last."""
    if asked > replicas:
        recent = [each.asked for each in past if each.at > at - rule.up.window]
        calm = min([asked, *recent])
        base = min([replicas, *_counts_within(past, at - rule.up.period)])
        return max(replicas, min(calm, ceil(base * (1 + rule.up.percent / 100))))
    recent = [each.asked for each in past if each.at > at - rule.down.window]
    calm = max([asked, *recent])
    base = max([replicas, *_counts_within(past, at - rule.down.period)])
    return min(replicas, max(calm, int(base * (1 - rule.down.percent / 100))))


def _counts_within(past: Sequence[Moment], since: float) -> list[int]:
    return [each.replicas for each in past if each.at > since]
