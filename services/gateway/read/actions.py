"""The words for where a video stands, and the one table of what each allows. Pure."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """The state of a video, in one word."""

    QUEUED = "queued"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    PAUSED = "paused"
    BUDGET_EXCEEDED = "budget_exceeded"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETING = "deleting"


class Action(StrEnum):
    """A thing that a user may ask of a video."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    APPROVE = "approve"
    CONTINUE = "continue"
    REFRAME = "reframe"
    EDIT = "edit"
    REGENERATE = "regenerate"
    SKIP = "skip"
    SKIP_STEP = "skip_step"
    CHOOSE = "choose"
    DOWNLOAD = "download"
    DELETE = "delete"


OF_BEATS = frozenset({Action.EDIT, Action.REGENERATE, Action.SKIP, Action.CHOOSE})
"""Possible as long as there is a plan, and somebody wants its video."""

UNDER_WAY = OF_BEATS | {Action.CANCEL, Action.SKIP_STEP}

_ALLOWED: Mapping[Status, frozenset[Action]] = {
    Status.QUEUED: UNDER_WAY | {Action.PAUSE},
    Status.RUNNING: UNDER_WAY | {Action.PAUSE},
    Status.AWAITING_APPROVAL: UNDER_WAY | {Action.APPROVE, Action.PAUSE},
    Status.PAUSED: UNDER_WAY | {Action.RESUME},
    Status.BUDGET_EXCEEDED: UNDER_WAY,
    Status.COMPLETED: OF_BEATS | {Action.DOWNLOAD, Action.RETRY, Action.REFRAME, Action.CONTINUE},
    Status.FAILED: OF_BEATS | {Action.RETRY, Action.SKIP_STEP},
    Status.CANCELLED: frozenset({Action.RETRY}),
    Status.DELETING: frozenset(),
}
ALLOWED = {status: actions | {Action.DELETE} for status, actions in _ALLOWED.items()}
"""Status → the actions that it allows: every other is refused with a 409."""

OF_FILMS = frozenset({Action.DOWNLOAD, Action.REFRAME})
"""Of a completed video these need its film; without one it can be continued instead."""

FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


def list_actions(
    word: Status, *, is_film: bool = True, can_retry: bool = True
) -> frozenset[Action]:
    """Return what may be asked of a video in this status.

    `can_retry`: a retry would make something of it again, and could help.
    """
    beside = frozenset() if can_retry else {Action.RETRY}
    if word is Status.COMPLETED:
        beside |= {Action.CONTINUE} if is_film else OF_FILMS
    return ALLOWED[word] - beside
