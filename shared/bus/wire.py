"""How an event looks as a Kafka record, and what is wrong with a record that is none. Pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.story.events import DeadLettered, Event, topic
from shared.story.kinds import KINDS

KEPT_BYTES = 6 * 1024
KEPT_ERROR = 500

Headers = Sequence[tuple[str, bytes | None]]


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
        return f"{self.partition}-{self.offset}"


class BadRecord(Exception):
    """A record that is not an event: nobody can use it, now or later."""


def key(event: Event) -> bytes | None:
    """All of a video goes to one partition; what belongs to no video goes anywhere."""
    return event.video_id.encode() or None


def headers(event: Event) -> Mapping[str, str]:
    return {"type": type(event).__name__, "version": str(event.version)}


def body(event: Event) -> bytes:
    return event.model_dump_json().encode()


def read(record: Record) -> Event:
    """The event of a record; raises BadRecord, which says what is wrong with it."""
    name, version = _header(record, "type"), _header(record, "version")
    cls = KINDS.events.get(name)
    if cls is None:
        raise BadRecord(f"unknown event type {name!r}")
    if not record.topic.endswith(topic(cls)):
        raise BadRecord(f"a {name} does not belong on topic {record.topic}")
    event = _parse(cls, record.value)
    if version != str(event.version):
        raise BadRecord(f"unknown version {version!r} of {name}")
    if record.key != key(event):
        raise BadRecord(f"its key {record.key!r} is not its video {event.video_id!r}")
    return event


def dead_letter(service: str, record: Record, error: BadRecord) -> DeadLettered:
    """What is kept of a record that no one can use; the same record gives the same letter."""
    return DeadLettered(
        video_id=_video(record.key),
        at=max(record.timestamp, 0),
        service=service,
        topic=record.topic,
        position=record.position,
        error=str(error)[:KEPT_ERROR],
        body=base64.b64encode((record.value or b"")[:KEPT_BYTES]).decode(),
    )


def _parse(cls: type[Event], value: bytes | None) -> Event:
    if value is None:
        raise BadRecord("it has no body")
    try:
        return cls.model_validate_json(value)
    except ValueError as error:
        raise BadRecord(f"its body is no {cls.__name__}: {error}") from error


def _header(record: Record, name: str) -> str:
    """The last header of this name, as in Kafka's own clients."""
    value = next((value for key, value in reversed(record.headers) if key == name), None)
    if value is None:
        raise BadRecord(f"it has no header {name!r}")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadRecord(f"its header {name!r} is no text: {value[:40]!r}") from error


def _video(key: bytes | None) -> str:
    try:
        return (key or b"").decode()
    except UnicodeDecodeError:
        return ""
