"""The assets of a video: each file that a job of it has made, and the jobs that made none. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from services.gateway.filetypes import find_format
from shared.jobs.job import Job, State
from shared.story.codes import Code, read_code
from shared.story.events import BeatsPlanned
from shared.story.fact import Fact
from shared.story.kinds import AnyKind, Item, Kinds, list_skipped
from shared.story.money import Dollars
from shared.story.view import JobSpec


class Asset(Fact):
    """One file that a job has made; without `key` the job has made none, or none yet."""

    job: str
    kind: str
    item: str = Field(description="What it is, as a person calls it: clip 3, the music.")
    beat: int | None = None
    chunk: int | None = None
    take: int
    tries: int = Field(
        description="How often it failed, and was tried again or given up, without anybody asking."
    )
    state: State | Literal["skipped"] = Field(
        description="What has become of its job; skipped is what its user wants to do without."
    )
    name: str = Field("", description="Which of the job's files it is: `key` is the main one.")
    key: str | None = Field(None, description="Where its bytes lie.")
    url: str | None = None
    formats: tuple[str, ...] = Field((), description="What `?format=` of its URL takes.")
    bytes: int | None = None
    sha256: str = ""
    model: str = ""
    run: str = Field("", description="The provider's id of the run.")
    cost: Dollars = 0
    reused: bool = Field(False, description="A copy of what was paid for before.")
    error: str = ""
    error_code: Code | None = Field(None, description="Why it failed, in a word for programs.")


class Assets(Fact):
    """All assets of a video, in the order in which their jobs were asked for."""

    video_id: str
    tries: int = Field(
        0, description="The sum of their tries. What users asked for again is `retries` of a video."
    )
    assets: tuple[Asset, ...] = ()


def list_assets(
    video_id: str, jobs: Iterable[Job], plan: BeatsPlanned | None, kinds: Kinds
) -> Assets:
    """Return the assets that these jobs have made, or are to make."""
    work = list(jobs)
    found = [asset for job in work for asset in _list_files(job, plan, kinds)]
    skipped = _list_skipped(plan, kinds) if plan else {}
    known = {asset.job for asset in found}
    marked = (
        asset.model_copy(update={"state": "skipped"})
        if asset.job in skipped and asset.key is None
        else asset
        for asset in found
    )
    never = (asset for job, asset in skipped.items() if job not in known)
    tries = sum(job.tries for job in work)
    return Assets(video_id=video_id, tries=tries, assets=(*marked, *never))


def _list_skipped(plan: BeatsPlanned, kinds: Kinds) -> dict[str, Asset]:
    """Return job → asset, of what the video's user wants to do without."""
    found = {}
    for kind, item in list_skipped(plan, kinds):
        job, take = kind.job(plan, beat=item.beat, n=item.n), kind.take(plan, item)
        spec = JobSpec(kind=kind.name, video_id="", beat=item.beat, n=item.n)
        found[job] = Asset(
            job=job,
            kind=kind.name,
            item=kind.name_item(item, plan),
            beat=find_beat(kind, spec),
            chunk=find_chunk(kind, spec),
            take=take,
            tries=0,
            state="skipped",
        )
    return found


def _list_files(job: Job, plan: BeatsPlanned | None, kinds: Kinds) -> Iterator[Asset]:
    spec, kind = job.spec, kinds[job.spec.kind]
    common = Asset(
        job=job.id,
        kind=kind.name,
        item=kind.name_item(Item(spec.beat, spec.n), plan),
        beat=find_beat(kind, spec),
        chunk=find_chunk(kind, spec),
        take=spec.take,
        tries=job.tries,
        state=job.state,
        model=job.model or "",
        run=job.external_id or "",
        cost=job.cost,
        reused=job.reused,
        error=job.error or "",
        error_code=read_code(job.code or "") if job.state is State.FAILED else None,
    )
    files = find_files(job)
    for name, file in files.items():
        about: dict[str, Any] = {"name": name, "key": file["key"], "url": make_url(spec, name)}
        other = find_format(file["key"])
        about["formats"] = (other,) if other else ()
        size = {"bytes": file.get("size"), "sha256": file.get("sha256") or ""}
        yield common.model_copy(update=about | size)
    if not files:
        yield common


def find_files(job: Job) -> Mapping[str, Mapping[str, Any]]:
    """Return what is stored of a job, by the name that a path can have."""
    stored: Mapping[str, Mapping[str, Any]] = job.result.get("stored") or {}
    return {name.replace("/", "-"): file for name, file in stored.items() if "key" in file}


def make_url(spec: JobSpec, name: str) -> str:
    """Return where a file of a job is served."""
    place = f"{spec.kind}/{spec.beat}/{spec.n}/{spec.take}"
    return f"/v1/videos/{spec.video_id}/assets/{place}/{name}"


def find_beat(kind: AnyKind, spec: JobSpec) -> int | None:
    """Return the beat that a job belongs to; None where it is of the whole video."""
    # the events of such a kind can't do without it
    field = kind.ready.model_fields.get("beat")
    return spec.beat if field is not None and field.is_required() else None


def find_chunk(kind: AnyKind, spec: JobSpec) -> int | None:
    """Return the chunk that a job is of; None where its number means something else."""
    return spec.n if kind.n_means == "chunk" else None
