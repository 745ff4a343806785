"""Events: what was stored years ago still parses, and every kind has its two ends."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.story.events import (
    ENDS,
    EVENTS,
    TWIN,
    BeatsPlanned,
    Event,
    Failed,
    ImageReady,
    JobEnd,
    Kind,
    parse,
    topic,
)

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
    event = parse(name, body)
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
    assert {name for name, _, _ in samples()} == set(EVENTS)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_ends_well_or_badly(kind: Kind) -> None:
    ready, failed = ENDS[kind]
    assert issubclass(ready, JobEnd | BeatsPlanned) and not issubclass(ready, Failed)
    assert issubclass(failed, Failed) and TWIN[ready] is failed
    assert {ready.__name__, failed.__name__} <= EVENTS.keys()


def test_no_two_kinds_share_an_end() -> None:
    ends = [end for both in ENDS.values() for end in both]
    assert len(set(ends)) == len(ends) == 2 * len(Kind)


def test_one_topic_a_type() -> None:
    topics = {topic(cls) for cls in EVENTS.values()}
    assert len(topics) == len(EVENTS)
    assert "image-ready" in topics


def test_ids_name_the_fact_and_not_the_telling() -> None:
    told = {"video_id": "v", "job": "v/image/2/0/1", "beat": 2, "key": "k"}
    first, again = ImageReady(**told, at=1), ImageReady(**told, at=2)
    assert first.id == again.id == "v/ImageReady/2/0/1"


@pytest.mark.parametrize("cls", list(EVENTS.values()))
def test_slots_can_be_paths(cls: type[Event]) -> None:
    _, _, body = next(sample for sample in samples() if sample[0] == cls.__name__)
    assert not set(".$") & set(parse(cls.__name__, body).slot)


def test_events_are_frozen_and_deaf_to_what_they_do_not_know() -> None:
    event = ImageReady.model_validate(
        {"video_id": "v", "job": "v/image/0/0/0", "beat": 0, "key": "k", "mood": "blue"}
    )
    with pytest.raises(ValidationError):
        event.key = "other"  # type: ignore[misc]
    assert "mood" not in event.model_dump()


def test_a_version_from_the_future_is_refused() -> None:
    with pytest.raises(ValidationError):
        parse("VideoDeleted", {"video_id": "v", "version": 2})
