"""Guards, orders and indexes as SQL over JSON documents. Pure.

The expression of a path is spelt in one place: SQLite uses an index only where it is spelt alike.
"""

from collections.abc import Sequence
from typing import Any

from shared.ports import Index, Is, Where


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def expression(path: str) -> str:
    """A field of the document, as SQL."""
    if path == "_id":
        return "id"
    if '"' in path or "'" in path or not all(path.split(".")):
        raise ValueError(f"{path!r} cannot be a field path")
    steps = "".join(f'."{step}"' for step in path.split("."))
    return f"json_extract(doc, '${steps}')"


def condition(where: Where) -> tuple[str, list[Any]]:
    """The WHERE clause and its values."""
    terms, values = [], []
    for path, wanted in where.items():
        term, used = _term(expression(path), wanted)
        terms.append(term)
        values += used
    return " AND ".join(terms) or "TRUE", values


def ordering(order: Sequence[str]) -> str:
    if not order:
        return ""
    return " ORDER BY " + ", ".join(
        expression(name.removeprefix("-")) + (" DESC" if name.startswith("-") else "")
        for name in order
    )


def index_name(collection: str, index: Index) -> str:
    """Says all that the index is, so that a changed index has another name."""
    kind = "unique" if index.unique else "by"
    only = f" where {index.present}" if index.present else ""
    return f"{collection} {kind} {', '.join(index.fields)}{only}"


def create_index(collection: str, index: Index) -> str:
    fields = ", ".join(expression(name) for name in index.fields)
    only = f" WHERE {expression(index.present)} IS NOT NULL" if index.present else ""
    return (
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX IF NOT EXISTS "
        f"{quoted(index_name(collection, index))} ON {quoted(collection)} ({fields}){only}"
    )


def _term(field: str, wanted: Any) -> tuple[str, list[Any]]:
    if wanted is None:
        return f"{field} IS NULL", []
    if not isinstance(wanted, Is):
        return f"{field} = ?", [wanted]
    if wanted.op == "present":
        return f"{field} IS NOT NULL", []
    if wanted.op == "in":
        return f"{field} IN ({', '.join('?' * len(wanted.value))})", list(wanted.value)
    return f"{field} {wanted.op} ?", [wanted.value]
