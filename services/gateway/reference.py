"""The API's description as a page for people: one document, without any script.

Pages that let one try an API out load their scripts from other hosts, or carry a megabyte of them.
Everything here can be tried out with curl.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_suffix(".css").read_text()

Schema = Mapping[str, Any]


def render_reference(document: Schema) -> str:
    """Return the page for an OpenAPI document: its operations, then the values that they name."""
    info, schemas = document["info"], document["components"]["schemas"]
    operations = [
        _render_operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "head"  # like GET, without the bytes
    ]
    schemes = [
        (name, scheme["type"], scheme["description"])
        for name, scheme in document["components"]["securitySchemes"].items()
    ]
    values = [_render_value(name, schema) for name, schema in sorted(schemas.items())]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}: the API</title>"
        '<link rel="stylesheet" href="/docs.css"></head><body>'
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['summary'])} "
        'This is <a href="/openapi.json">openapi.json</a> for reading.</p>'
        f"<h2>Who gets in</h2>{_render_table(schemes)}"
        f"<main>{''.join(operations)}</main><h2>Values</h2>{''.join(values)}</body></html>"
    )


def _render_operation(path: str, method: str, operation: Schema) -> str:
    # The document is our own, but a title or an example may hold what a page would take for a tag:
    # so all of its texts are escaped.
    bodies = operation.get("requestBody", {}).get("content", {})
    takes = [
        (each["name"], f"{_name(each['schema'])}, in the {each['in']}", each.get("description", ""))
        for each in operation.get("parameters", ())
    ]
    takes += [("body", f"{type_}: {_name(body['schema'])}", "") for type_, body in bodies.items()]
    gives = [
        (code, _name_content(answer), answer["description"])
        for code, answer in operation["responses"].items()
    ]
    return (
        f'<section id="{escape(operation["operationId"])}">'
        f"<h2><b>{method.upper()}</b> {escape(path)}</h2>"
        f"<p>{_render_text(operation.get('description', operation['summary']))}</p>"
        f"<p>For keys with the role {escape(operation['x-role'])}, or a higher one.</p>"
        f"{_render_table(takes)}<h3>Answers</h3>{_render_table(gives)}</section>"
    )


def _render_value(name: str, schema: Schema) -> str:
    needed = schema.get("required", ())
    fields = [
        (field, _name(each) + ("" if field in needed else " (optional)"), _describe(each))
        for field, each in schema.get("properties", {}).items()
    ]
    text = schema.get("description", "")
    options = "" if fields else f"<p>One of {_name(schema)}.</p>"
    return (
        f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{_render_text(text)}</p>'
        f"{options}{_render_table(fields)}</section>"
    )


def _describe(schema: Schema) -> str:
    # an empty default says no more than "optional" does
    default = schema.get("default")
    without = "" if default in (None, "", [], {}) else f" Without it: `{default}`."
    said: str = schema.get("description", "")
    return said + without


def _render_table(rows: Iterable[tuple[str, str, str]]) -> str:
    cells = (
        f"<tr><th><code>{escape(name)}</code></th><td>{type_}</td><td>{_render_text(text)}</td></tr>"
        for name, type_, text in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _render_text(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


# ── the names of types ──────────────────────────────────────────────────────────────────────────

_LIMITS = {
    "minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most",
    "exclusiveMaximum": "less than", "maxLength": "at most", "maxItems": "at most",
}  # fmt: skip


def _name_content(answer: Schema) -> str:
    return " or ".join(_name(each.get("schema", {})) for each in answer.get("content", {}).values())


def _name(schema: Schema) -> str:
    """Return the type of a value, as a person would say it; other values are linked to."""
    if ref := schema.get("$ref"):
        name = escape(ref.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if options := schema.get("anyOf"):
        return " or ".join(_name(option) for option in options)
    if options := schema.get("enum", [schema["const"]] if "const" in schema else None):
        return ", ".join(f"<code>{escape(str(option))}</code>" for option in options)
    if schema.get("type") == "array":
        return f"list of {_name(schema.get('items', {}))}"
    unit = " characters" if "maxLength" in schema else ""
    limits = [f"{word} {schema[limit]}{unit}" for limit, word in _LIMITS.items() if limit in schema]
    kind = schema.get("format") or schema.get("type", "anything")
    return escape(", ".join([kind, *limits]))
