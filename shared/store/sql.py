"""Guards, orders and indexes as SQL over JSON documents. Pure.

A field is spelt in one place: SQLite uses an index only where a query spells the field as the
index does.
"""

from collections.abc import Sequence
from typing import Any

from shared.ports import Index, Is, Where


def quote(name: str) -> str:
    """Return a name of a table or an index, as SQL."""
    return '"' + name.replace('"', '""') + '"'


def spell_field(path: str) -> str:
    """Return a field of the document, as SQL."""
    if path == "_id":
        return "id"
    # What stands between quotes can't be bound as a value: an index needs it as it is.
    if '"' in path or "'" in path or not all(path.split(".")):
        raise ValueError(f"{path!r} cannot be a field path")
    steps = "".join(f'."{step}"' for step in path.split("."))
    return f"json_extract(doc, '${steps}')"


def spell_where(where: Where) -> tuple[str, list[Any]]:
    """Return the WHERE clause and its values."""
    terms, values = [], []
    for path, wanted in where.items():
        term, used = _spell_term(spell_field(path), wanted)
        terms.append(term)
        values += used
    return " AND ".join(terms) or "TRUE", values


def spell_order(order: Sequence[str]) -> str:
    """Return the ORDER BY clause, empty where no order is asked for."""
    if not order:
        return ""
    return " ORDER BY " + ", ".join(
        spell_field(name.removeprefix("-")) + (" DESC" if name.startswith("-") else "")
        for name in order
    )


def name_index(collection: str, index: Index) -> str:
    """Return a name that says all that the index is, so that a changed index has another."""
    kind = "unique" if index.unique else "by"
    only = f" where {index.present}" if index.present else ""
    return f"{collection} {kind} {', '.join(index.fields)}{only}"


def spell_index(collection: str, index: Index) -> str:
    """Return the statement that creates an index where it is missing."""
    fields = ", ".join(spell_field(name) for name in index.fields)
    only = f" WHERE {spell_field(index.present)} IS NOT NULL" if index.present else ""
    return (
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX IF NOT EXISTS "
        f"{quote(name_index(collection, index))} ON {quote(collection)} ({fields}){only}"
    )


def _spell_term(field: str, wanted: Any) -> tuple[str, list[Any]]:
    if wanted is None:
        return f"{field} IS NULL", []
    if not isinstance(wanted, Is):
        return f"{field} = ?", [wanted]
    if wanted.op == "present":
        return f"{field} IS NOT NULL", []
    if wanted.op == "in":
        return f"{field} IN ({', '.join('?' * len(wanted.value))})", list(wanted.value)
    return f"{field} {wanted.op} ?", [wanted.value]
