"""The ledger: insert once, claim once, fair order, the fence."""

import asyncio
from typing import Any

from shared.jobs import signals
from shared.jobs.job import Rules, State
from shared.jobs.ledger import JOBS, Ledger
from shared.ports import Store, Update
from shared.story.kinds import CLIP, IMAGE, KINDS, AnyKind
from shared.story.view import JobSpec
from tests.histories import ANY_ORDER

RULES = Rules()


def job(kind: AnyKind, **known: Any) -> JobSpec:
    order = kind.order.model_validate(ANY_ORDER)
    return JobSpec(kind=kind.name, input=order.model_dump(mode="json"), **known)


def specs(count: int, owner: str = "ann", **known: Any) -> list[JobSpec]:
    return [job(IMAGE, video_id=f"{owner}-{n}", owner=owner, beat=n, **known) for n in range(count)]


def note_looks(store: Store) -> list[Any]:
    """The list that each question to the store is added to from now on."""
    find, asked = store.find, list[Any]()

    async def ask(collection: str, where: Any, **known: Any) -> Any:
        asked.append(where)
        return await find(collection, where, **known)

    store.find = ask  # type: ignore[method-assign]
    return asked


async def test_work_is_inserted_once(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    assert len(await ledger.insert(specs(3))) == 3
    assert [job.id for job in await ledger.insert(specs(4))] == [specs(4)[3].id]


async def test_work_is_born_in_a_free_hand(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    jobs = await ledger.insert(specs(3), {IMAGE.name: 2})
    assert [job.state for job in jobs] == [State.SUBMITTING, State.SUBMITTING, State.NEW]
    assert await ledger.insert(specs(3), {IMAGE.name: 9}) == []  # what is known is nobody's again
    assert [job.id for job in await ledger.claim({IMAGE.name: 9})] == [jobs[2].id]
    held = await ledger.advance(jobs[0], signals.Finished({}))
    assert held is not None and held.state is State.DONE


async def test_work_is_not_born_past_those_who_wait(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    await ledger.insert(specs(1, "first"))
    (late,) = await ledger.insert(specs(1, "second"), {IMAGE.name: 9})
    assert late.state is State.NEW


async def test_of_many_owners_the_fair_first_is_born_in_the_free_hand(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    jobs = await ledger.insert(specs(2, "slow") + specs(2, "fast", priority=3), {IMAGE.name: 2})
    assert {job.spec.owner for job in jobs if job.attempt} == {"fast"}


async def test_much_old_work_of_one_kind_holds_up_no_other_kind(store: Store) -> None:
    ledger = Ledger(store, KINDS, Rules(lease_ms=-1))  # all that is claimed is due again at once
    clips = [job(CLIP, video_id="v")]
    await ledger.insert(specs(9), {IMAGE.name: 9})
    await ledger.insert(clips, {CLIP.name: 1})
    taken = await ledger.claim({IMAGE.name: 1, CLIP.name: 1})
    assert [job.spec.kind for job in taken] == [IMAGE.name, CLIP.name]


async def test_racing_workers_claim_each_job_once(store: Store) -> None:
    workers = [Ledger(store, KINDS, RULES, seed) for seed in range(8)]
    await workers[0].insert(specs(200))
    claimed: list[str] = []

    async def work(ledger: Ledger) -> None:
        while jobs := await ledger.claim({IMAGE.name: 10}):
            claimed.extend(job.id for job in jobs)

    await asyncio.gather(*map(work, workers))
    assert len(claimed) == len(set(claimed)) == 200


async def test_a_newcomer_is_served_before_the_rest_of_a_dump(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES, seed=1)
    await ledger.insert(specs(200, "dumper"))
    await ledger.claim({IMAGE.name: 20})
    await ledger.insert(specs(2, "newcomer"))
    served = []
    while jobs := await ledger.claim({IMAGE.name: 4}):
        served += [job.spec.owner for job in jobs]
    # claims draw from a window a few claims deep: soon, not first
    assert max(i for i, owner in enumerate(served) if owner == "newcomer") < 60


async def test_priority_is_a_weight_and_starves_nobody(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES, seed=1)
    await ledger.insert(specs(60, "slow") + specs(60, "fast", priority=3))
    served = []
    while jobs := await ledger.claim({IMAGE.name: 5}):
        served += [job.spec.owner for job in jobs]
    fast = served[:40].count("fast")
    assert 22 <= fast <= 36


async def test_the_fence_holds_off_a_writer_that_lost_its_claim(store: Store) -> None:
    ledger = Ledger(store, KINDS, Rules(lease_ms=-1))  # a lease that has passed when it begins
    await ledger.insert(specs(1))
    (late,) = await ledger.claim({IMAGE.name: 1})
    (now,) = await ledger.claim({IMAGE.name: 1})
    assert (late.attempt, now.attempt) == (1, 2)
    assert await ledger.advance(late, signals.Finished({"key": "late"})) is None
    await ledger.renew([now, late])
    ours, taken_over = await ledger.look_at([late, now])
    assert ([job.attempt for job in ours], taken_over) == ([2], [late])
    done = await ledger.advance(now, signals.Finished({"key": "now"}))
    assert done and done.state is State.DONE
    assert (await store.get(JOBS, [now.id]))[now.id]["result"] == {"key": "now"}


async def test_delayed_and_held_work_is_not_found_before_its_time(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    await ledger.insert(specs(1))
    (job,) = await ledger.claim({IMAGE.name: 1})
    later = await ledger.advance(job, signals.Later(60_000))
    assert later and later.state is State.NEW
    assert await ledger.claim({IMAGE.name: 1}) == []
    await store.update(JOBS, [Update(job.id, set={"due_at": store.now() - 1})])
    (again,) = await ledger.claim({IMAGE.name: 1})
    assert again.attempt == 2 and not again.is_unsure


async def test_slots_are_kept_for_each_kind(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    clips = [job(CLIP, video_id="v", n=n) for n in range(5)]
    await ledger.insert([*specs(5), *clips])
    jobs = await ledger.claim({IMAGE.name: 2, CLIP.name: 3})
    kinds = [job.spec.kind for job in jobs]
    assert (kinds.count(IMAGE.name), kinds.count(CLIP.name)) == (2, 3)


async def test_cancel_ends_what_waits_and_flags_what_runs(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    work = [job(CLIP, video_id="v", n=n) for n in range(3)]
    await ledger.insert(work)
    (running,) = await ledger.claim({CLIP.name: 1})
    await ledger.cancel("v")
    left = await ledger.open_jobs("v")
    assert [job.id for job in left] == [running.id] and left[0].cancel
    # the worker that has it in hand is not fenced off by the wish
    assert await ledger.advance(running, signals.Stopped())


async def test_the_only_process_frees_what_a_dead_one_had_in_hand(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    await ledger.insert(specs(2))
    taken = await ledger.claim({IMAGE.name: 2})
    await ledger.advance(taken[0], signals.Later(60_000))
    assert await ledger.release() == 1, "what waits for its time goes on waiting"
    (again,) = await ledger.claim({IMAGE.name: 2})
    assert again.id == taken[1].id and again.attempt == 2


async def test_a_lease_whose_renewal_got_no_answer_is_read_back_and_renewed_again(
    store: Store,
) -> None:
    ledger = Ledger(store, KINDS, RULES)
    await ledger.insert(specs(1))
    (job,) = await ledger.claim({IMAGE.name: 1})
    await asyncio.sleep(0.005)  # a lease moved within the same millisecond has not moved
    await ledger.renew([job])  # it was written, and the answer was lost
    assert await ledger.renew([job]) == [], "the lease that we know of is older than the row's"
    ([ours], taken_over) = await ledger.look_at([job])
    assert taken_over == [] and ours.due_at != job.due_at
    assert [again.id for again in await ledger.renew([ours])] == [job.id]


async def test_a_write_whose_answer_was_lost_is_still_ours(store: Store) -> None:
    """Who asks again, since the store was away for the answer, has not lost its claim."""
    work = Ledger(store, KINDS, Rules())
    order = {"chunk": 0, "kind": "reference", "prompt": "", "style": "", "seed": 0}
    size = {"seconds": 5, "width": 9, "height": 16}
    await work.insert([JobSpec(kind=CLIP.name, video_id="v", input={**order, **size})])
    (job,) = await work.claim({CLIP.name: 1})
    for _ in range(2):
        posted = await work.advance(job, signals.Posted(10, "fast"))
        assert posted is not None and posted.posted_attempt == job.attempt
    await store.update(JOBS, [Update(job.id, set={"attempt": job.attempt + 1})])
    assert await work.advance(job, signals.Posted(10, "fast")) is None


async def test_two_looks_say_that_nothing_waits_of_any_kind(store: Store) -> None:
    asked = note_looks(store)
    ledger, hands = Ledger(store, KINDS, RULES), {kind.name: 9 for kind in KINDS}
    assert await ledger.claim(hands) == [] and len(asked) == 2
    await ledger.insert(specs(1))
    (taken,) = await ledger.claim(hands)
    assert taken.spec.kind == IMAGE.name
    await ledger.advance(taken, signals.Later(0))
    assert [job.id for job in await ledger.claim(hands)] == [taken.id], "what is due is found, too"


async def test_the_open_jobs_of_many_videos_are_one_look(store: Store) -> None:
    ledger = Ledger(store, KINDS, RULES)
    await ledger.insert(specs(3))
    asked = note_looks(store)
    videos = ["ann-2", "ann-0", "nobody"]
    found = await asyncio.gather(*map(ledger.open_jobs, videos))
    assert [[job.spec.video_id for job in jobs] for jobs in found] == [["ann-2"], ["ann-0"], []]
    assert len(asked) == 1
