"""Copies of frozen values with some fields changed."""

from dataclasses import fields, replace

from shared.base.copies import change
from shared.jobs.job import Job, State
from shared.story.view import JobSpec

JOB = Job(spec=JobSpec(kind="clip", video_id="v"), attempt=3, urls={"key": "https://a"})


def test_a_copy_is_what_dataclasses_would_make() -> None:
    made = change(JOB, state=State.DONE, publish_at=5)
    assert made == replace(JOB, state=State.DONE, publish_at=5)


def test_the_original_stays_as_it_was() -> None:
    before = {field.name: getattr(JOB, field.name) for field in fields(JOB)}
    after = change(JOB, attempt=4)
    assert (after.attempt, after.id) == (4, JOB.id)
    assert {field.name: getattr(JOB, field.name) for field in fields(JOB)} == before
