"""How an event looks as a Kafka record, and what becomes of a record that can't be read. Pure.

A record that can't be read is one of two things. Its envelope tells them apart: type and version in
its headers, and a JSON object that names the same video as its key. With a sound envelope it is a
fact that another version wrote: that version reads it, so it is kept as it is. Without, no version
ever will, and it is set aside as a dead letter.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from shared.base.values import find_fault
from shared.ports import Heard, Unread
from shared.story.events import DeadLettered, Event, topic

LARGEST_BYTES = 1_000_000
"""A body may have so many. Brokers and clients take 1 MiB by default, headers and all."""

LONGEST_ID = 500
"""No video has an id of more letters."""
KEPT_BYTES = 6 * 1024
KEPT_ERROR = 500

# Both become steps of a field path in the document where an unread fact is kept.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SLOT = re.compile(r"[A-Za-z0-9_/-]+")

Headers = Sequence[tuple[str, bytes | None]]
Named = Mapping[str, bytes | None]
Types = Mapping[str, type[Event]]
"""The event types that a consumer reads, by name."""


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record, as raw as it came."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def position(self) -> str:
        """Return where it lies in its topic."""
        return f"{self.partition}-{self.offset}"


class BadRecord(Exception):
    """A record that is not an event: nobody can use it, now or later."""


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def key(event: Event) -> bytes | None:
    """Return the key. All of a video goes to one partition; what belongs to none goes anywhere."""
    return event.video_id.encode() or None


def headers(event: Event) -> list[tuple[str, bytes]]:
    """Return what a reader must know of an event, also one that can't read its body."""
    return [
        ("type", type(event).__name__.encode()),
        ("version", str(event.version).encode()),
        ("slot", event.slot.encode()),
    ]


def body(event: Event) -> bytes:
    """Return the event as JSON; raises ValueError where it can't be written as text."""
    return event.model_dump_json().encode()


def pack(events: Sequence[Event]) -> tuple[list[tuple[Event, bytes]], dict[str, str]]:
    """Return the events with their bodies; and by id, with the reason, those no bus can carry."""
    packed, refused = [], {}
    for event in events:
        try:
            data = body(event)
        except ValueError:
            refused[event.id] = "it holds half of a character, which can't be written"
            continue
        if len(data) <= LARGEST_BYTES:
            packed.append((event, data))
        else:
            sizes = f"{len(data):,} bytes, and the bus takes {LARGEST_BYTES:,}"
            refused[event.id] = f"it is too large: {sizes}"
    return packed, refused


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def read(record: Record, types: Types) -> Heard:
    """Return the event of a record, or what is to be kept of it; raises BadRecord."""
    known = dict(record.headers)  # of several with one name the last, as Kafka's own clients do
    name, version = _header(known, "type"), _header(known, "version")
    cls = types.get(name)
    if cls and not record.topic.endswith(topic(cls)):
        raise BadRecord(f"a {name} does not belong on topic {record.topic}")
    event = _parse(cls, record.value) if cls else None
    if event is None or version != str(event.version):
        return _keep(record, name, known)
    if record.key != key(event):
        raise BadRecord(f"its key {record.key!r} is not its video {event.video_id!r}")
    return event


def reread(event: Event, data: bytes, types: Types) -> Heard:
    """Return an event as it is for whoever reads these types: theirs may be of another version."""
    sent = Record(topic(type(event)), 0, 0, 0, key(event), data, headers(event))
    return read(sent, types)


def dead_letter(service: str, record: Record, error: BadRecord) -> DeadLettered:
    """Return what is kept of a record that no one can use; the same for the same record."""
    video = _text(record.key) or ""
    return DeadLettered(
        # a key may be as long as a message: with such a one the letter could not be sent
        video_id=video if len(video) <= LONGEST_ID else "",
        at=max(record.timestamp, 0),
        service=service,
        topic=record.topic,
        position=record.position,
        error=str(error)[:KEPT_ERROR],
        body=base64.b64encode((record.value or b"")[:KEPT_BYTES]).decode(),
    )


def _parse(cls: type[Event], value: bytes | None) -> Event | None:
    try:
        return cls.model_validate_json(value or b"")
    except ValueError:
        return None


def _keep(record: Record, name: str, known: Named) -> Unread:
    """Return what can't be read here, as it came; raises BadRecord over an unsound envelope."""
    try:
        fields: Any = from_json(record.value or b"")
    except ValueError as error:
        raise BadRecord(f"its body is no {name}, and no JSON: {error}") from error
    video = fields.get("video_id") if isinstance(fields, dict) else None
    if not video or record.key is None or video != _text(record.key):
        raise BadRecord(f"its body is no {name}, and its key {record.key!r} is not its video")
    if fault := find_fault(fields):  # whoever wrote it could not have stored it either
        raise BadRecord(f"its body is no {name}: {fault}")
    if not _NAME.fullmatch(name):
        raise BadRecord(f"{name!r} cannot be the name of a type")
    # which of its type's facts a record is; without that, each record is one of its own
    slot = _text(known.get("slot"))
    return Unread(video, name, slot if slot and _SLOT.fullmatch(slot) else record.position, fields)


def _header(known: Named, name: str) -> str:
    value = known.get(name)
    if value is None:
        raise BadRecord(f"it has no header {name!r}")
    text = _text(value)
    if text is None:
        raise BadRecord(f"its header {name!r} is no text: {value[:40]!r}")
    return text


def _text(value: bytes | None) -> str | None:
    try:
        return value.decode() if value is not None else None
    except UnicodeDecodeError:
        return None
