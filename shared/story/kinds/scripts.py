"""A script on its way to a plan: it is read, its characters and settings are found, moments chosen.

Each step is a job, and ends in an event that carries what came of it: so whatever dies between two
steps, none is done again. Only the scenes themselves are too much for an event, and are a file.
"""

from typing import Any

from shared.story.brief import Brief
from shared.story.events import Failed, JobEnd
from shared.story.kinds.kind import Kind, Order, Stage, Success, name_always
from shared.story.script.files import script_key
from shared.story.script.parts import Character, Pick, Setting
from shared.story.view import JobSpec


class ScriptOrder(Order):
    """The brief whose script is meant; the script itself, or its scenes, come as a file."""

    brief: Brief


class SelectionOrder(Order):
    """Who is in the script, and where it is played: its scenes come as a file."""

    brief: Brief
    characters: tuple[Character, ...] = ()
    settings: tuple[Setting, ...] = ()


class ScriptRead(JobEnd):
    """A script is read: its scenes lie under this key."""

    key: str
    title: str = ""
    scenes: int = 0


class ScriptFailed(Failed):
    """The script can't be read."""


class CharactersFound(JobEnd):
    """Everybody who speaks in the script."""

    characters: tuple[Character, ...] = ()


class CharactersFailed(Failed):
    """The characters can't be found."""


class SettingsFound(JobEnd):
    """The places of the script."""

    settings: tuple[Setting, ...] = ()


class SettingsFailed(Failed):
    """The settings can't be found."""


class ScenesSelected(JobEnd):
    """The moments that make the trailer, in its order, each with the reason for it."""

    title: str = ""
    picks: tuple[Pick, ...] = ()


class SelectionFailed(Failed):
    """Nothing could be selected."""


def _declare(name: str, stage: Stage, said: str, **known: Any) -> Kind[Any]:
    return Kind(
        name=name,
        stage=stage,
        name_item=name_always(said),
        deadline_seconds=120,
        takes_by="rev",
        **known,
    )


def _build_read(done: Success[ScriptOrder]) -> ScriptRead:
    return ScriptRead.model_validate(done.facts("key", "title", "scenes"))


def _build_characters(done: Success[ScriptOrder]) -> CharactersFound:
    return CharactersFound.model_validate(done.facts("characters"))


def _build_settings(done: Success[ScriptOrder]) -> SettingsFound:
    return SettingsFound.model_validate(done.facts("settings"))


def _build_selection(done: Success[SelectionOrder]) -> ScenesSelected:
    return ScenesSelected.model_validate(done.facts("title", "picks"))


SCRIPT = _declare(
    "script",
    Stage.SCRIPT,
    "the script",
    order=ScriptOrder,
    ready=ScriptRead,
    failed=ScriptFailed,
    build=_build_read,
)
CHARACTERS = _declare(
    "characters",
    Stage.CHARACTERS,
    "the characters",
    order=ScriptOrder,
    ready=CharactersFound,
    failed=CharactersFailed,
    build=_build_characters,
)
SETTINGS = _declare(
    "settings",
    Stage.SETTINGS,
    "the settings",
    order=ScriptOrder,
    ready=SettingsFound,
    failed=SettingsFailed,
    build=_build_settings,
)
SELECTION = _declare(
    "selection",
    Stage.SELECTION,
    "the selection",
    order=SelectionOrder,
    ready=ScenesSelected,
    failed=SelectionFailed,
    build=_build_selection,
)


def script_job(kind: Kind[Any], video_id: str, order: ScriptOrder, rev: int) -> JobSpec:
    """Return the job of a step that starts from the script as it was given."""
    brief = order.brief
    files = {"script": script_key(brief.owner, brief.script)}
    return _ask(kind, video_id, brief, order, rev, files)


def scenes_job(
    kind: Kind[Any], video_id: str, order: ScriptOrder | SelectionOrder, rev: int, scenes: str
) -> JobSpec:
    """Return the job of a step that starts from the scenes under this key."""
    return _ask(kind, video_id, order.brief, order, rev, {"scenes": scenes})


def _ask(
    kind: Kind[Any], video_id: str, brief: Brief, order: Order, rev: int, files: dict[str, str]
) -> JobSpec:
    # not by `Kind.ask`: that takes all it needs from a plan, and there is none yet
    return JobSpec(
        kind=kind.name,
        video_id=video_id,
        owner=brief.owner,
        take=rev,
        input=order.model_dump(mode="json"),
        files=files,
        priority=brief.priority,
    )
