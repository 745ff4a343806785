"""Events as Kafka records: round trips, and every sort of record that is none."""

import base64
from dataclasses import replace

import pytest

from shared.bus import wire
from shared.bus.wire import BadRecord, Record
from shared.story.events import VideoDeleted
from shared.story.kinds import MusicReady

EVENT = VideoDeleted(video_id="v1", at=7)
GOOD = Record(
    topic="p.video-deleted",
    partition=3,
    offset=44,
    timestamp=1_700_000_000_000,
    key=wire.key(EVENT),
    value=wire.body(EVENT),
    headers=[(name, value.encode()) for name, value in wire.headers(EVENT).items()],
)
TYPE, VERSION = ("type", b"VideoDeleted"), ("version", b"1")
MUSIC = MusicReady(video_id="v1", job="v1/music/0/0/0", key="k", seconds=1)

BAD = {
    "no body": (replace(GOOD, value=None), "no body"),
    "an empty body": (replace(GOOD, value=b""), "no VideoDeleted"),
    "a body of other bytes": (replace(GOOD, value=b"\xff\x00\xfe"), "no VideoDeleted"),
    "a body that is no object": (replace(GOOD, value=b"[1]"), "no VideoDeleted"),
    "a body without its fields": (replace(GOOD, value=b"{}"), "no VideoDeleted"),
    "no headers": (replace(GOOD, headers=[]), "no header 'type'"),
    "a null type": (replace(GOOD, headers=[("type", None), VERSION]), "no header 'type'"),
    "a type of other bytes": (replace(GOOD, headers=[("type", b"\xff"), VERSION]), "is no text"),
    "an unknown type": (replace(GOOD, headers=[("type", b"Nope"), VERSION]), "type 'Nope'"),
    "no version": (replace(GOOD, headers=[TYPE]), "no header 'version'"),
    "a null version": (replace(GOOD, headers=[TYPE, ("version", None)]), "no header 'version'"),
    "an unknown version": (
        replace(GOOD, value=b'{"video_id": "v1", "version": 2}', headers=[TYPE, ("version", b"2")]),
        "version",
    ),
    "two versions": (replace(GOOD, headers=[TYPE, ("version", b"2")]), "unknown version '2'"),
    "no key": (replace(GOOD, key=None), "its key None"),
    "the key of another video": (replace(GOOD, key=b"v2"), "its key b'v2'"),
    "another topic's event": (
        replace(GOOD, value=wire.body(MUSIC), headers=[("type", b"MusicReady"), VERSION]),
        "does not belong on topic",
    ),
}


def test_an_event_is_read_as_it_was_written() -> None:
    assert wire.read(GOOD) == EVENT


def test_headers_of_others_are_none_of_our_business() -> None:
    others = [("traceparent", b"\xff"), ("x", None)]
    assert wire.read(replace(GOOD, headers=[*others, *GOOD.headers])) == EVENT


@pytest.mark.parametrize("case", BAD)
def test_a_bad_record_says_what_is_wrong_with_it(case: str) -> None:
    record, message = BAD[case]
    with pytest.raises(BadRecord, match=message):
        wire.read(record)


@pytest.mark.parametrize("case", BAD)
def test_a_dead_letter_can_be_published_and_read(case: str) -> None:
    letter = wire.dead_letter("chunker", BAD[case][0], BadRecord("why"))
    assert (letter.service, letter.topic, letter.position) == ("chunker", "p.video-deleted", "3-44")
    assert type(letter).model_validate_json(wire.body(letter)) == letter
    assert "." not in letter.slot


def test_a_dead_letter_keeps_the_video_where_the_key_names_one() -> None:
    assert wire.dead_letter("s", GOOD, BadRecord("")).video_id == "v1"
    for key in (None, b"", b"\xff\xfe"):
        letter = wire.dead_letter("s", replace(GOOD, key=key), BadRecord(""))
        assert letter.video_id == "" and wire.key(letter) is None


def test_a_dead_letter_keeps_a_few_kib_of_the_body() -> None:
    letter = wire.dead_letter("s", replace(GOOD, value=bytes(10**6)), BadRecord("x" * 10**6))
    assert base64.b64decode(letter.body) == bytes(wire.KEPT_BYTES)
    assert len(wire.body(letter)) < 12_000
