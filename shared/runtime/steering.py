"""Makes a user's wishes count: for the gate, for the jobs there are, and for those that wait.

Only the service that is the first to know of every revision does this (`Service.steers_videos`).
Any other might stop, from what it knew a moment ago, what a later revision has begun. All of it can
be done again and again: the gate keeps the wish with the highest number, a job is asked to stop
once, and to be woken too often does no harm.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from shared.base.together import await_all
from shared.jobs.gate import MONEY, Gate, list_open_holds, sum_spent
from shared.jobs.ledger import Ledger
from shared.jobs.leftovers import free_leftovers
from shared.jobs.turns import Room, Turns
from shared.jobs.unreadable import tell
from shared.ports import Store
from shared.runtime.memory import Memo
from shared.story.errors import InfrastructureError
from shared.story.events import (
    BeatsPlanned,
    RevisionRequested,
    VideoCompleted,
    VideoDeleted,
    VideoFailed,
    VideoRequested,
    VideoSteered,
)
from shared.story.kinds import KINDS, list_skipped
from shared.story.reviews import find_awaited
from shared.story.view import View
from shared.story.wishes import UNTOUCHED, Wish, find_rev, find_wish, is_deleting, is_over

LATE_MS = 60_000
"""So long after its end, a service that hears late of it may still ask for a job."""

Look = Callable[[Collection[str]], Awaitable[Mapping[str, View]]]
"""Reads what is stored of these videos now."""


class Steering:
    """Stops the work on videos, and lets it go on."""

    def __init__(self, store: Store, gate: Gate, ledger: Ledger, room: Room, look: Look) -> None:
        self._gate = gate
        self._ledger = ledger
        self._look = look
        self._turns = (
            Turns(store, room, self._find_wanting, self._begin) if room.is_limited else None
        )
        self._told = Memo(10_000)

    def has_to_stop(self, view: View) -> bool:
        """Tell whether anything of a video must not go on; as a rule nothing is to be stopped."""
        return bool(_list_stops(view)) or find_wish(view).desired != "running"

    async def stop(self, view: View) -> bool:
        """Stop what must not go on; tell whether more is to come of a video that is over.

        This comes before the facts are stored: whoever dies in between hears of them again.
        """
        await self._stop_skipped(view)
        wish = find_wish(view)
        if wish.desired == "running":
            return False
        if is_deleting(view):
            await self._tell(view.video_id, wish)
            return await self._stop_jobs(view)
        completed = view.latest(VideoCompleted)
        # of a film that is finished nothing is left to begin
        is_film = completed is not None and completed.rev >= find_rev(view)
        if not is_film:
            await self._tell(view.video_id, wish)
        if not is_over(view):
            return False
        return await self._stop_jobs(view) or (not is_film and await self._has_unheard(view))

    async def delete(self, view: View) -> VideoDeleted | None:
        """Return the event of a deletion, once nothing of the video can cost anything any more.

        The gate was closed before, so no job that is not open by now can begin to cost something.
        """
        request = view.one(VideoRequested)
        if not is_deleting(view) or not await self._ledger.has_all_ended(view.video_id):
            return None
        money = await self._gate.read(view.video_id)
        if money and list_open_holds(money):  # nobody knows yet what an attempt has cost
            return None
        return VideoDeleted(
            video_id=view.video_id,
            at=self._ledger.now(),
            owner=request.brief.owner if request else "",
            cost=sum_spent(money) if money else 0,
        )

    async def go_on(self, views: Sequence[View]) -> list[None]:
        """Let go on what may, and give the places of those that have ended to others.

        This comes after the facts are stored: who asks for a turn is looked up there.
        """
        news = [view for view in views if self._may_be_news(view)]
        running = [view for view in news if _wants_place(view)]
        awaited = [view for view in news if view not in running and _is_wanted(view)]
        told = (self._tell(view.video_id, find_wish(view)) for view in awaited)
        await await_all(*map(self._go_on, running), *told)
        if self._turns is None:
            return [None] * len(views)
        resting = {view.video_id for view in views} - {view.video_id for view in running}
        if resting:
            await self._turns.leave(resting)
            await self._turns.hand_out()
        return [None] * len(views)

    async def hand_out(self) -> None:
        """Give free places to videos that wait for their turn."""
        if self._turns:
            await self._turns.hand_out()

    async def look_again(self, video_id: str) -> None:
        """Do what workers that died have left undone, and tell all wishes again from now on.

        Whoever should have freed money, or should have woken a job, may have died before it did.
        """
        self._told = Memo(10_000)
        try:
            await free_leftovers(self._gate, self._ledger, video_id)
        except InfrastructureError:
            raise
        except Exception as error:  # a newer version may read it; until then the holds stay
            tell(MONEY, video_id, error)
        await self._ledger.wake(video_id)

    async def _go_on(self, view: View) -> None:
        request = view.one(VideoRequested)
        if request is None or self._is_told(view.video_id, find_wish(view)):
            return
        has_turn = self._turns is None or await self._turns.ask(view.video_id, request.brief.owner)
        await self._tell(view.video_id, find_wish(view, has_turn=has_turn))

    def _may_be_news(self, view: View) -> bool:
        """Tell whether the gate may not know a wish: it was opened with the first of all videos."""
        return self._turns is not None or find_wish(view).number != UNTOUCHED

    async def _begin(self, video_id: str) -> None:
        view = (await self._look([video_id])).get(video_id)
        if view is None:
            return
        try:
            await self._tell(video_id, find_wish(view))
        except InfrastructureError:
            raise
        except Exception as error:  # it has its place, and the next look at it tries again
            tell(MONEY, video_id, error)

    async def _tell(self, video_id: str, wish: Wish) -> None:
        if self._is_told(video_id, wish):
            return
        await self._gate.steer(video_id, *wish)
        if wish.desired == "running":
            await self._ledger.wake(video_id)
        self._told.add([f"{video_id} {wish.number}"])

    def _is_told(self, video_id: str, wish: Wish) -> bool:
        return f"{video_id} {wish.number}" in self._told

    async def _stop_skipped(self, view: View) -> None:
        """Ask the jobs to stop that are under way for what the user wants to do without."""
        asked = _list_stops(view)
        if asked and (jobs := asked - view.ends.keys()):
            await self._ledger.cancel(view.video_id, only=jobs)

    async def _stop_jobs(self, view: View) -> bool:
        """Ask the open jobs of a video that is over to stop; tell whether there are any."""
        video = view.video_id
        jobs = {job.id for job in await self._ledger.open_jobs(video)}
        if not jobs:
            return False
        # Read after the jobs: if there is no later revision now, none of these is of a later one.
        stored = (await self._look([video])).get(video)
        if stored is None or find_rev(stored) <= find_rev(view):
            await self._ledger.cancel(video, only=jobs)
        return True

    async def _has_unheard(self, view: View) -> bool:
        """Tell whether a job has ended, or may soon, and it is not yet known here how.

        What it cost would be missing on the bill, and a retry would wait for it. The queue that
        holds the news may die with its process.
        """
        over = [end.at for end in (view.latest(VideoSteered), view.latest(VideoFailed)) if end]
        if self._ledger.now() - max(over, default=0) < LATE_MS:
            return True
        return bool(await self._ledger.list_ids(view.video_id) - view.ends.keys())

    async def _find_wanting(self, videos: Collection[str]) -> Collection[str]:
        """Return those of these videos that are to be made now."""
        views = await self._look(videos) if videos else {}
        return {video for video, view in views.items() if _wants_place(view)}


def _list_stops(view: View) -> set[str]:
    """Return the jobs of what the user wants to do without.

    Beside those that were under way then: who had not heard of it yet may have asked for others.
    """
    plan = view.latest(BeatsPlanned)
    skipped = list_skipped(plan, KINDS) if plan else []
    late = {kind.job(plan, beat=item.beat, n=item.n) for kind, item in skipped if plan}
    return late | {job for each in view.all(RevisionRequested) for job in each.stops}


def _wants_place(view: View) -> bool:
    """Tell whether a video is to be made now. One that waits for a person leaves its place to
    others; what is free goes on in it all the same.
    """
    return _is_wanted(view) and find_awaited(view) is None


def _is_wanted(view: View) -> bool:
    return find_wish(view).desired == "running"
