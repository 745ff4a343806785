"""What the stand-in's language models say, and its transcripts: made up, but of the right form."""

import json
import random
import re
from collections.abc import Mapping
from typing import Any

from tests.standins.replicate.asked import Asked, speaking_time

Json = dict[str, Any]

_FILLING = ("the", "light", "moves", "slowly", "over", "a", "quiet", "place", "while", "it", "goes")
_PLACES = ("index", "number", "order", "id", "beat")
_SHORT = ("title", "headline", "cta", "setting", "call_to_action")
_NAMES = ("name", "character", "characters")
_SILENT = ("refusal", "error", "warning")  # a model that can do what it is asked says nothing there
_MANY = 6  # of a list of objects, where the schema does not say how many


def answer_text(asked: Asked, seed: int) -> str:
    """Return what a language model writes: JSON where a schema is given, else a few sentences."""
    schema = find_schema(asked)
    if schema is not None:
        return json.dumps(Sampler(schema, asked.words, seed).sample(schema))
    return " ".join(f"{_line(asked.words, seed + n, 9).capitalize()}." for n in range(4))


def to_output(asked: Asked, answer: str) -> Any:
    """Return an answer in the form of its model: pieces to join, or an object."""
    if asked.model.makes == "structured":
        return {"json_output": json.loads(answer)} if find_schema(asked) else {"text": answer}
    return [answer[start : start + 12] for start in range(0, len(answer), 12)]


def find_schema(asked: Asked) -> Json | None:
    """Return the JSON schema that an input gives: in its field, or anywhere in its texts."""
    given = asked.get("json_schema")
    if given:
        return _unwrap(json.loads(given) if isinstance(given, str) else given)
    for name in ("prompt", "system_prompt", "system_instruction", "instructions"):
        found = _find_in_text(str(asked.get(name) or ""))
        if found is not None:
            return found
    return _find_in_text(json.dumps(asked.get("messages") or "", ensure_ascii=False))


def _unwrap(schema: Json) -> Json:
    """Return a schema without the envelopes in which callers send it."""
    for name in ("format", "json_schema", "schema"):
        if isinstance(schema.get(name), dict) and "properties" not in schema:
            return _unwrap(schema[name])
    return schema


def _find_in_text(text: str) -> Json | None:
    if '\\"' in text:
        text = text.replace('\\"', '"').replace("\\n", " ")
    decoder = json.JSONDecoder()
    for start in (found.start() for found in re.finditer(r"\{", text)):
        try:
            value, _ = decoder.raw_decode(text, start)
        except ValueError:
            continue
        if isinstance(value, dict) and ("properties" in value or "$ref" in value):
            return value
    return None


def _line(words: str, seed: int, count: int) -> str:
    """Return so many words, of the prompt and of our own."""
    known = re.findall(r"[^\W\d_]{3,}", words.lower())[:40] or _FILLING
    chance = random.Random(f"{seed}:{words}")
    return " ".join(chance.choice(known if n % 2 else _FILLING) for n in range(count))


class Sampler:
    """Makes a value that a JSON schema accepts, and that reads like a plan where it is one."""

    def __init__(self, root: Json, words: str, seed: int) -> None:
        self._root, self._words = root, words
        self._chance = random.Random(f"{seed}:{words}")
        asked = re.search(r"(\d+)\s+(?:beats|scenes|shots)", words)
        self._many = min(40, int(asked[1])) if asked else _MANY
        long = re.search(r"(\d+(?:\.\d+)?)\s+seconds", words)
        self._seconds = float(long[1]) / self._many if long else 5.0
        self._hero = max(re.findall(r"[^\W\d_]+", words) or ["Hero"], key=len).title()

    def sample(self, schema: Json, name: str = "", place: int = 0) -> Any:
        """Return a value for a part of the schema; `place` is its place in the list around it."""
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._chance.choice(schema["enum"])
        kind = schema.get("type")
        kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
        match kind or ("object" if "properties" in schema else "string"):
            case "object":
                return {
                    key: self.sample(part, key, place)
                    for key, part in schema.get("properties", {}).items()
                }
            case "array":
                return self._list(schema, name)
            case "integer" | "number":
                return self._number(schema, name, place, whole=kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return self._text(schema, name, place)

    def _resolve(self, schema: Json) -> Json:
        """Return a schema with its references followed and its alternatives chosen."""
        if "$ref" in schema:
            target: Any = self._root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return self._resolve({**target, **{k: v for k, v in schema.items() if k != "$ref"}})
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                options = [part for part in schema[choice] if part.get("type") != "null"]
                return self._resolve(options[0] if options else schema[choice][0])
        for part in schema.get("allOf", []):
            schema = {**self._resolve(part), **{k: v for k, v in schema.items() if k != "allOf"}}
        return schema

    def _list(self, schema: Json, name: str) -> list[Any]:
        items = schema.get("items") or {}
        of_objects = self._resolve(items).get("type") == "object" if items else False
        count = max(self._many if of_objects else 1, schema.get("minItems", 0))
        count = min(count, schema.get("maxItems", count))
        fixed = [self.sample(part, name, n) for n, part in enumerate(schema.get("prefixItems", []))]
        return fixed + [self.sample(items, name, n) for n in range(len(fixed), count)]

    def _number(self, schema: Mapping[str, Any], name: str, place: int, whole: bool) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(low + 100, 100)))
        guess: float = place if name in _PLACES else self._seconds
        if not low < guess < high and not (guess in (low, high) and "minimum" in schema):
            guess = (low + high) / 2
        step = schema.get("multipleOf", 1 if whole else None)
        guess = round(guess / step) * step if step else guess
        return int(guess) if whole else float(guess)

    def _text(self, schema: Mapping[str, Any], name: str, place: int) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 400)
        if name in _SILENT and not least:
            return ""
        if name in _NAMES:
            return str(self._hero[:most])
        short = name in _SHORT
        text = _line(self._words, self._chance.randrange(10**6) + place, 3 if short else 11)
        while len(text) < least:
            text += " " + _line(self._words, self._chance.randrange(10**6), 8)
        return text.capitalize()[:most].strip() or "a"


def word_times(text: str, speed: float = 1.0) -> list[tuple[str, float, float]]:
    """Return each word of a text with its start and end, as the stand-in's voices say it."""
    words = text.split()
    letters = sum(len(word) + 1 for word in words) or 1
    seconds, at, times = speaking_time(text, speed), 0.0, []
    for word in words:
        length = seconds * (len(word) + 1) / letters
        times.append((word, round(at, 3), round(at + length * 0.85, 3)))
        at += length
    return times


def to_transcript(model: Asked, said: list[tuple[str, float, float]], seconds: float) -> Json:
    """Return a recording's words in the form of the model that was asked."""
    text = " ".join(word for word, _, _ in said)
    if model.model.makes == "whisper":
        by_word = model.get("timestamp") == "word"
        pieces = said if by_word else [(text, 0.0, seconds)]
        chunks = [{"text": f" {word}", "timestamp": [start, end]} for word, start, end in pieces]
        return {"text": text, "chunks": chunks}
    segment: Json = {"start": 0.0, "end": seconds, "text": f" {text}"}
    if model.get("align_output"):
        segment["words"] = [_aligned(*heard) for heard in said]
    return {"segments": [segment], "detected_language": "en"}


def _aligned(word: str, start: float, end: float) -> Json:
    """Return an aligned word; the aligner knows no digits, so numbers have no times."""
    if any(letter.isdigit() for letter in word):
        return {"word": word}
    return {"word": word, "start": start, "end": end, "score": 0.9}
