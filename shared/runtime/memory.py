"""What a process remembers of what it has written and read. It only saves asking again."""

from collections.abc import Iterable
from itertools import islice

from shared.runtime.known import Known


class Memo:
    """Ids that this process has seen written. It only saves writing them again."""

    def __init__(self, size: int = 200_000) -> None:
        self._size = size
        self._ids: dict[str, None] = {}

    def __contains__(self, id_: object) -> bool:
        return id_ in self._ids

    def add(self, ids: Iterable[str]) -> None:
        self._ids.update(dict.fromkeys(ids))
        self.forget(list(islice(self._ids, max(0, len(self._ids) - self._size))))

    def forget(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._ids.pop(id_, None)


class Recent:
    """What this process last wrote or read of each video. It only saves reading: where it is out
    of date, the guard on the version says so.
    """

    def __init__(self, size: int = 1_000) -> None:
        self._size = size
        self._known: dict[str, Known] = {}

    def get(self, video_id: str) -> Known | None:
        return self._known.get(video_id)

    def put(self, known: Known) -> None:
        self._known.pop(known.video_id, None)  # the latest stand last
        self._known[known.video_id] = known
        if len(self._known) > self._size:
            del self._known[next(iter(self._known))]

    def forget(self, videos: Iterable[str]) -> None:
        for video in videos:
            self._known.pop(video, None)
