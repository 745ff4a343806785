"""When documents expire: milliseconds to us, a date to MongoDB, which asks for dates. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.ports import EXPIRES_AT, Doc


def to_server(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document, or what is set in one, as MongoDB can expire it."""
    at = values.get(EXPIRES_AT)
    dated = {} if at is None else {EXPIRES_AT: datetime.fromtimestamp(at / 1000, UTC)}
    return {**values, **dated}


def from_server(doc: Doc) -> Doc:
    """Return a document as it was stored."""
    at = doc.get(EXPIRES_AT)
    if isinstance(at, datetime):
        doc[EXPIRES_AT] = round(at.replace(tzinfo=UTC).timestamp() * 1000)
    return doc
