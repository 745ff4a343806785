"""Events as Kafka records: round trips, and every sort of record that is none."""

import base64
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shared.bus import wire
from shared.bus.wire import BadRecord, Record
from shared.ports import Unread
from shared.story.events import DeadLettered, VideoDeleted, VideoSteered, topic
from shared.story.kinds import MusicReady


@dataclass(frozen=True)
class Sent:
    """What another version of a service sends."""

    type: str
    version: str
    body: dict[str, Any]
    slot: str

    def record(self, prefix: str = "p.") -> Record:
        name = self.type if self.type in TYPES else "VideoDeleted"
        headers = {"type": self.type, "version": self.version, "slot": self.slot}
        return replace(
            GOOD,
            topic=prefix + topic(TYPES[name]),
            value=json.dumps(self.body).encode(),
            headers=[(key, value.encode()) for key, value in headers.items()],
        )


EVENT = VideoDeleted(video_id="v1", at=7)
GOOD = Record(
    topic="p.video-deleted",
    partition=3,
    offset=44,
    timestamp=1_700_000_000_000,
    key=wire.key(EVENT),
    value=wire.body(EVENT),
    headers=wire.headers(EVENT),
)
TYPE, VERSION, SLOT = ("type", b"VideoDeleted"), ("version", b"1"), ("slot", b"0")
MUSIC = MusicReady(video_id="v1", job="v1/music/0/0/0", key="k", seconds=1)
TYPES = {cls.__name__: cls for cls in (VideoDeleted, VideoSteered, MusicReady)}

BAD = {
    "no body": (replace(GOOD, value=None), "no VideoDeleted, and no JSON"),
    "an empty body": (replace(GOOD, value=b""), "no VideoDeleted, and no JSON"),
    "a body of other bytes": (replace(GOOD, value=b"\xff\x00\xfe"), "no VideoDeleted"),
    "a body that is no object": (replace(GOOD, value=b"[1]"), "no VideoDeleted"),
    "a body without its fields": (replace(GOOD, value=b"{}"), "no VideoDeleted"),
    "no headers": (replace(GOOD, headers=[]), "no header 'type'"),
    "a null type": (replace(GOOD, headers=[("type", None), VERSION]), "no header 'type'"),
    "a type of other bytes": (replace(GOOD, headers=[("type", b"\xff"), VERSION]), "is no text"),
    "a type that is no name": (replace(GOOD, headers=[("type", b"a.$b"), VERSION]), "a type"),
    "no version": (replace(GOOD, headers=[TYPE]), "no header 'version'"),
    "a null version": (replace(GOOD, headers=[TYPE, ("version", None)]), "no header 'version'"),
    "no key": (replace(GOOD, key=None), "its key None"),
    "the key of another video": (replace(GOOD, key=b"v2"), "its key b'v2'"),
    "another topic's event": (
        replace(GOOD, value=wire.body(MUSIC), headers=[("type", b"MusicReady"), VERSION]),
        "does not belong on topic",
    ),
    "a newer event of another video": (
        replace(GOOD, key=b"v2", headers=[("type", b"Invented"), VERSION]),
        "its key b'v2'",
    ),
    "a newer event that no store can hold": (
        replace(GOOD, value=b'{"video_id": "v1", "n": 36893488147419103232, "version": 2}'),
        "n is an integer beyond 64 bits",
    ),
}

NEWER = {
    "an unknown type": Sent("Invented", "1", {"video_id": "v1", "mood": "calm"}, "7"),
    "an unknown version": Sent("VideoDeleted", "2", {"video_id": "v1", "version": 2}, "0"),
    "a version of which only the header tells": Sent("VideoDeleted", "2", {"video_id": "v1"}, "0"),
    "an unknown literal": Sent(
        "VideoSteered", "1", {"video_id": "v1", "rev": 3, "desired": "archived"}, "3"
    ),
    "a field of another type": Sent("VideoSteered", "1", {"video_id": "v1", "rev": "three"}, "3"),
    "a field that has gone": Sent("MusicReady", "1", {"video_id": "v1", "take": 0}, "0/0/0"),
}


def test_an_event_is_read_as_it_was_written() -> None:
    assert wire.read(GOOD, TYPES) == EVENT


@pytest.mark.parametrize("case", NEWER)
def test_what_a_newer_version_wrote_is_kept_as_it_came(case: str) -> None:
    sent = NEWER[case]
    kept = wire.read(sent.record(), TYPES)
    assert kept == Unread("v1", sent.type, sent.slot, sent.body)
    assert kept.id == f"v1/{sent.type}/{sent.slot}"


def test_an_unknown_field_is_kept_beside_those_that_are_known() -> None:
    body = {"video_id": "v1", "rev": 3, "mood": "calm"}
    read = wire.read(Sent("VideoSteered", "1", body, "3").record(), TYPES)
    assert isinstance(read, VideoSteered) and read.rev == 3
    assert read.model_dump()["mood"] == "calm"


def test_a_fact_is_kept_under_one_slot_however_often_it_comes() -> None:
    first = NEWER["an unknown literal"].record()
    again = replace(first, partition=1, offset=99)
    assert wire.read(first, TYPES) == wire.read(again, TYPES)


@pytest.mark.parametrize("slot", [None, b"", b"\xff", b"a.b", b"$a", b"a\0"])
def test_without_a_sound_slot_each_record_is_kept_as_one_of_its_own(slot: bytes | None) -> None:
    headers = [("type", b"Invented"), VERSION, ("slot", slot)]
    kept = wire.read(replace(GOOD, headers=headers), TYPES)
    assert isinstance(kept, Unread) and kept.slot == "3-44"


def test_an_event_of_another_version_is_reread_as_the_reader_knows_it() -> None:
    class Newer(VideoSteered):
        desired: str = "archived"  # type: ignore[assignment]
        mood: str = "calm"

    Newer.__name__ = "VideoSteered"
    plain, strange = Newer(video_id="v", rev=1, desired="paused"), Newer(video_id="v", rev=2)
    read = [wire.reread(event, wire.body(event), TYPES) for event in (plain, strange)]
    assert type(read[0]) is VideoSteered and read[0].desired == "paused"
    assert read[1] == Unread("v", "VideoSteered", "2", strange.model_dump(mode="json"))


def test_what_no_bus_can_carry_is_parted_from_the_rest() -> None:
    about = {"service": "s", "topic": "t", "error": "e"}
    large = DeadLettered(video_id="v", position="1", body="x" * wire.LARGEST_BYTES, **about)
    half = DeadLettered(video_id="v", position="2", body=json.loads('"\\ud83d"'), **about)
    packed, refused = wire.pack([EVENT, large, MUSIC, half])
    assert packed == [(EVENT, wire.body(EVENT)), (MUSIC, wire.body(MUSIC))]
    assert set(refused) == {large.id, half.id}
    assert "1,000,112 bytes, and the bus takes 1,000,000" in refused[large.id]


def test_headers_of_others_are_none_of_our_business() -> None:
    others = [("traceparent", b"\xff"), ("x", None)]
    assert wire.read(replace(GOOD, headers=[*others, *GOOD.headers]), TYPES) == EVENT


@pytest.mark.parametrize("case", BAD)
def test_a_bad_record_says_what_is_wrong_with_it(case: str) -> None:
    record, message = BAD[case]
    with pytest.raises(BadRecord, match=message):
        wire.read(record, TYPES)


@pytest.mark.parametrize("case", BAD)
def test_a_dead_letter_can_be_published_and_read(case: str) -> None:
    letter = wire.dead_letter("chunker", BAD[case][0], BadRecord("why"))
    assert (letter.service, letter.topic, letter.position) == ("chunker", "p.video-deleted", "3-44")
    assert type(letter).model_validate_json(wire.body(letter)) == letter
    assert "." not in letter.slot


def test_a_dead_letter_keeps_the_video_where_the_key_names_one() -> None:
    assert wire.dead_letter("s", GOOD, BadRecord("")).video_id == "v1"
    for key in (None, b"", b"\xff\xfe", b"v" * 900_000):
        letter = wire.dead_letter("s", replace(GOOD, key=key), BadRecord(""))
        assert letter.video_id == "" and wire.key(letter) is None


def test_a_dead_letter_keeps_a_few_kib_of_the_body() -> None:
    large = replace(GOOD, key=b"v" * 900_000, value=bytes(10**6))
    letter = wire.dead_letter("s", large, BadRecord("x" * 10**6))
    assert base64.b64decode(letter.body) == bytes(wire.KEPT_BYTES)
    assert len(wire.body(letter)) < 12_000
