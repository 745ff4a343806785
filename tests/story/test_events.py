"""Events: what was stored years ago still parses, and every kind has its two ends."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.story.events import BeatsPlanned, Event, Failed, JobEnd, topic
from shared.story.kinds import KINDS, AnyKind, ImageReady

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
"""One file a generation of events; files are added, never changed."""


def samples() -> list[tuple[str, str, dict[str, object]]]:
    return [
        (sample["name"], sample["id"], sample["body"])
        for path in SAMPLES
        for sample in json.loads(path.read_text())
    ]


@pytest.mark.parametrize(("name", "id_", "body"), samples(), ids=lambda value: str(value)[:40])
def test_stored_samples_still_parse(name: str, id_: str, body: dict[str, object]) -> None:
    event = KINDS.parse(name, body)
    assert event.id == id_, "an id that changes would make an old fact a new one"
    kept = event.model_dump(mode="json")
    assert said_before(kept, body) == body, "nothing of what it said is lost"


def said_before(kept: object, body: object) -> object:
    """What was kept, without the fields that were added since, at whatever depth."""
    if isinstance(kept, dict) and isinstance(body, dict):
        return {key: said_before(kept[key], part) for key, part in body.items() if key in kept}
    if isinstance(kept, list) and isinstance(body, list) and len(kept) == len(body):
        return [said_before(one, part) for one, part in zip(kept, body, strict=True)]
    return kept


def test_every_event_has_a_sample() -> None:
    assert {name for name, _, _ in samples()} == set(KINDS.events)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_ends_well_or_badly(kind: AnyKind) -> None:
    ready, failed = kind.ready, kind.failed
    assert issubclass(ready, JobEnd | BeatsPlanned) and not issubclass(ready, Failed)
    assert issubclass(failed, Failed)
    assert {ready.__name__, failed.__name__} <= KINDS.events.keys()


def test_no_two_kinds_share_an_end() -> None:
    ends = [end for kind in KINDS for end in (kind.ready, kind.failed)]
    assert len(set(ends)) == len(ends) == 2 * len(list(KINDS))


def test_one_topic_a_type() -> None:
    topics = {topic(cls) for cls in KINDS.events.values()}
    assert len(topics) == len(KINDS.events)
    assert "image-ready" in topics


def test_ids_name_the_fact_and_not_the_telling() -> None:
    told = {"video_id": "v", "job": "v/image/2/0/1", "beat": 2, "take": 1, "key": "k"}
    first, again = ImageReady(**told, at=1), ImageReady(**told, at=2)
    assert first.id == again.id == "v/ImageReady/2/0/1"


@pytest.mark.parametrize("cls", list(KINDS.events.values()))
def test_slots_can_be_paths(cls: type[Event]) -> None:
    _, _, body = next(sample for sample in samples() if sample[0] == cls.__name__)
    assert not set(".$") & set(KINDS.parse(cls.__name__, body).slot)


def test_events_are_frozen_and_keep_what_they_do_not_know() -> None:
    event = ImageReady.model_validate(
        {"video_id": "v", "job": "v/image/0/0/0", "beat": 0, "key": "k", "mood": "blue"}
    )
    with pytest.raises(ValidationError):
        event.key = "other"  # type: ignore[misc]
    assert event.model_dump()["mood"] == "blue", "a newer version wrote it, and wants it back"


def test_a_version_from_the_future_is_refused() -> None:
    with pytest.raises(ValidationError):
        KINDS.parse("VideoDeleted", {"video_id": "v", "version": 2})
