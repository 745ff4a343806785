"""The files of the web page, read once; their common hash is part of their addresses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from html import escape
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("page")

TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class File:
    """A file of the page, as it is sent."""

    data: bytes
    type: str


@dataclass(frozen=True)
class Page:
    """The document, and the tag by which a browser knows it again."""

    html: str
    tag: str


def _read_files() -> dict[str, File]:
    return {
        path.name: File(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(FOLDER.iterdir())
        if path.suffix in TYPES
    }


def _hash(parts: Mapping[str, bytes]) -> str:
    found = blake2b(digest_size=8)
    for name, data in parts.items():
        found.update(f"{name} {len(data)}\n".encode())
        found.update(data)
    return found.hexdigest()


FILES: Mapping[str, File] = _read_files()
VERSION = _hash({name: file.data for name, file in FILES.items()})
_DOCUMENT = (FOLDER / "index.html").read_text(encoding="utf-8")


def render_page(document: Mapping[str, Any]) -> Page:
    """Return the page of an API: it loads all modules at once, and knows what can be asked for."""
    modules = "".join(
        f'<link rel="modulepreload" href="/page/{VERSION}/{name}">'
        for name in FILES
        if name.endswith(".js") and name != "theme.js"
    )
    known = {"operations": _list_operations(document), "fields": _list_choices(document)}
    html = (
        _DOCUMENT.replace("<!-- modules -->", modules)
        .replace("{version}", VERSION)
        .replace("{known}", escape(json.dumps(known, separators=(",", ":"))))
    )
    return Page(html, f'"{_hash({"": html.encode()})}"')


def _list_operations(document: Mapping[str, Any]) -> list[str]:
    """Return every operation, as `POST /v1/videos`: the page offers no other."""
    paths = document["paths"].items()
    found = (f"{method.upper()} {path}" for path, methods in paths for method in methods)
    return [operation for operation in found if not operation.startswith("HEAD")]


def _list_choices(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return each field of a request for a video, with the names that it may have."""
    fields = document["components"]["schemas"]["VideoRequest"]["properties"]
    return {name: _find_names(schema) for name, schema in fields.items()}


def _find_names(schema: Mapping[str, Any]) -> list[str]:
    options = [schema, *schema.get("anyOf", ())]
    return next((list(option["enum"]) for option in options if "enum" in option), [])
