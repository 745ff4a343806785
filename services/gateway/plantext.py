"""A plan as text, in YAML or JSON: its values, and the line on which each of them stands. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from shared.story.errors import BadInput

LONGEST = 256 << 10
"""Letters."""
DEEPEST = 12

Place = tuple[str | int, ...]


class Unreadable(BadInput):
    """The text is neither YAML nor JSON, or has something that no plan needs."""

    def __init__(self, line: int, advice: str) -> None:
        super().__init__(f"line {line}: {advice}", "plan")


@dataclass(frozen=True)
class PlanText:
    """The values of a text, and the lines of them."""

    values: Any
    lines: Mapping[Place, int]

    def find_line(self, place: Sequence[str | int]) -> int:
        """Return the line of a value; where it is missing, of what should hold it."""
        known = (tuple(place[:end]) for end in range(len(place), -1, -1))
        return next((self.lines[each] for each in known if each in self.lines), 1)


def read_text(text: str) -> PlanText:
    """Return what stands in a text; raises Unreadable, which names the line."""
    if len(text) > LONGEST:
        raise Unreadable(1, f"the plan is longer than {LONGEST >> 10} KiB: shorten it")
    is_json = text.lstrip("\ufeff \t\r\n").startswith("{")
    values = _read_json(text) if is_json else None
    # JSON may be indented with tabs, which YAML does not take; within its texts there are none
    tree = _read_tree(text.replace("\t", " ") if is_json else text)
    lines = dict(_list_lines(tree, ()))
    return PlanText(values if is_json else _build(tree), lines)


def _read_json(text: str) -> Any:
    try:
        return json.loads(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        at = f"this is no valid JSON from column {error.colno} on: look for a comma or a quote"
        raise Unreadable(error.lineno, at) from error
    except RecursionError as error:
        raise Unreadable(1, "it is nested far deeper than any plan") from error


def _read_tree(text: str) -> yaml.Node:
    try:
        _check_events(yaml.parse(text, yaml.SafeLoader))
        tree = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        advice = f"this can't be read from column {column} on: look at indentation, quotes, colons"
        raise Unreadable(line, advice) from error
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise Unreadable(line, "there is a sign that is no text: remove it") from error
    if tree is None:
        raise Unreadable(1, "the plan is empty: give at least `beats`")
    return tree


def _check_events(events: Iterator[yaml.Event]) -> None:
    depth = 0
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(line, "write it out: references (*name) are not taken")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Unreadable(line, "it is nested far deeper than any plan")


def _list_lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for number, each in enumerate(node.value):
            yield from _list_lines(each, (*place, number))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            within = (*place, str(key.value))
            yield from _list_lines(value, within)
            yield within, key.start_mark.line + 1


def _build(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_build(each) for each in node.value]
    if isinstance(node, yaml.MappingNode):
        built: dict[str, Any] = {}
        for key, value in node.value:
            name = _read_name(key)
            if name in built:
                raise Unreadable(key.start_mark.line + 1, f"`{name[:60]}` is there twice")
            built[name] = _build(value)
        return built
    return _read_value(node)


def _read_name(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise Unreadable(node.start_mark.line + 1, "give a name before the colon")
    return str(node.value)


def _read_value(node: yaml.Node) -> Any:
    line = node.start_mark.line + 1
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except Exception as error:  # of any sort: a tag, a date that is none, a number without end
        raise Unreadable(line, "this is no text and no number: put it in quotes") from error
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise Unreadable(line, "this reads as a date or the like: put it in quotes")
