"""What runs give back, in the one form that the ledger takes: URLs by name, or data. Pure.

A model answers with a text, a list or an object; which one differs even between versions of one.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

LATEST = 86_400.0
"""Seconds: no word is heard later in any recording of ours."""


def name_files(output: object) -> dict[str, str]:
    """Return the files of a run by name: the first one is `key`, others are `key/1`, `key/2` …"""
    urls = list(dict.fromkeys(_walk(output)))
    return {f"key/{n}" if n else "key": url for n, url in enumerate(urls)}


def _walk(output: object) -> Iterator[str]:
    if isinstance(output, str) and output.startswith(("https://", "http://")):
        yield output
    elif isinstance(output, list):
        for each in output:
            yield from _walk(each)
    elif isinstance(output, dict):
        for each in output.values():
            yield from _walk(each)


def join_text(output: object) -> str:
    """Return what a language model has said; empty where it said nothing."""
    if isinstance(output, str):
        return output
    if isinstance(output, list):
        return "".join(part for part in output if isinstance(part, str))
    if isinstance(output, dict):
        found = output.get("json_output")
        return json.dumps(found) if found else join_text(output.get("text"))
    return ""


def read_words(output: object) -> list[dict[str, Any]]:
    """Return the spoken words with their times. One without times lies between its neighbours."""
    timed = [word for word in _find_words(output) if word[0]]
    words: list[dict[str, Any]] = []
    for place, (text, start, end) in enumerate(timed):
        before = words[-1]["end"] if words else 0.0
        begins = before if start is None else max(before, start)
        after = next((s for _, s, _ in timed[place + 1 :] if s is not None), begins)
        words.append(
            {"text": text, "start": begins, "end": max(begins, after if end is None else end)}
        )
    return words


def is_silent(output: object) -> bool:
    """Tell whether somebody has listened, and there was nothing to hear."""
    return isinstance(output, Mapping) and [] in (output.get("segments"), output.get("chunks"))


Timed = tuple[str, float | None, float | None]


def _find_words(output: object) -> Iterator[Timed]:
    if not isinstance(output, Mapping):
        return
    for segment in _objects(output.get("segments")):
        for word in _objects(segment.get("words")):
            text = str(word.get("word") or word.get("text") or "").strip()
            yield text, _number(word.get("start")), _number(word.get("end"))
    for chunk in _objects(output.get("chunks")):
        span = chunk.get("timestamp")
        start, end = span if isinstance(span, list) and len(span) == 2 else (None, None)
        yield str(chunk.get("text") or "").strip(), _number(start), _number(end)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    """Return a time in seconds; None where it is none, so that the others can still be used."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < LATEST else None
