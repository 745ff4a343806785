"""The three ports: Bus, Store, Blobs. Two adapters each, one suite of contract tests a port.

Everything works in batches. One bad item never takes its batch along: each port says what happens
to that item, and to the others.
"""

from shared.ports.blobs import Blob, Blobs, Stored
from shared.ports.bus import Bus, Handler, Health, Heard, Unread
from shared.ports.store import EXPIRES_AT, EXPIRY, Doc, Index, Is, Store, Update, Where

__all__ = [
    "EXPIRES_AT",
    "EXPIRY",
    "Blob",
    "Blobs",
    "Bus",
    "Doc",
    "Handler",
    "Health",
    "Heard",
    "Index",
    "Is",
    "Store",
    "Stored",
    "Unread",
    "Update",
    "Where",
]
