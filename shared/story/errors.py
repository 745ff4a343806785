"""The one tree of errors. An error's place in it decides what happens next.

StorywaveError
├── PermanentError            asking again changes nothing: the job fails, the request is refused
│   ├── BadInput              the user's words are off; the message says what to do
│   ├── BlobMissing           a key that should exist does not
│   ├── Unstorable            a value that no store can hold; nothing was written
│   └── Unpublishable         an event that the bus can never carry; all others were published
├── TransientError            another try may succeed: the job is retried, tries are counted
│   ├── WorkTimedOut          a worker process had not finished when its time was over
│   └── WorkerDied            a worker process ended before it had finished
└── InfrastructureError       a server is away: nobody's fault, nothing is counted, all backs off
    ├── StoreUnavailable
    ├── BusUnavailable
    ├── BlobsUnavailable
    ├── WorkersUnavailable    no worker process can be started
    ├── DiskFull
    └── TooManyOpen
"""

import errno
import re
from collections.abc import Mapping

TOLD = 2_000
"""How many letters of an error are kept where it is written down: a message has a size limit."""


class StorywaveError(Exception):
    """The root of everything we raise on purpose."""

    @property
    def message(self) -> str:
        """Return the text for users, to whom our folders and keys mean nothing; logs have `str`."""
        return str(self)


class PermanentError(StorywaveError):
    """Asking again changes nothing."""


class BadInput(PermanentError):
    """The user's input can't be used; the message names the field and says what to do."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class BlobMissing(PermanentError):
    """A blob that should exist does not."""

    def __init__(self, key: str) -> None:
        super().__init__("no bytes are stored for this file: they were deleted or never arrived")
        self.key = key
        self.add_note(f"its key is {key!r}")  # for the log: a key means nothing to users


class Unstorable(PermanentError):
    """No store can hold these, and the call wrote nothing at all. `refused`: id → why."""

    def __init__(self, refused: Mapping[str, str]) -> None:
        super().__init__(f"this can't be stored: {_list_reasons(refused)}")
        self.refused = refused


class Unpublishable(PermanentError):
    """The bus can never carry these; it carried all others of the call. `refused`: id → why."""

    def __init__(self, refused: Mapping[str, str]) -> None:
        super().__init__(f"this can't be published: {_list_reasons(refused)}")
        self.refused = refused


class TransientError(StorywaveError):
    """Another try may succeed."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class WorkTimedOut(TransientError):
    """A worker process had not finished when its time was over, and was killed."""


class WorkerDied(TransientError):
    """A worker process ended before it had finished: killed, broken, or out of memory."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        """The exit code of the process; below zero, the signal that killed it."""


class InfrastructureError(StorywaveError):
    """A server we need is away; work waits and nothing is counted against anyone."""


class StoreUnavailable(InfrastructureError):
    """The database does not answer."""


class BusUnavailable(InfrastructureError):
    """Kafka does not answer."""


class BlobsUnavailable(InfrastructureError):
    """The object store, or the disk, takes no bytes."""


class WorkersUnavailable(InfrastructureError):
    """This machine has no room for a worker process."""


class DiskFull(InfrastructureError):
    """The disk that work is done on takes no bytes."""

    def __init__(self, error: OSError) -> None:
        # the file is named: on a machine with several disks, the full one must be found
        at = f" ({error.filename})" if error.filename else ""
        super().__init__(
            f"the disk takes no bytes{at}: {error.strerror}: free some space, or make it writable; "
            "work then goes on by itself"
        )


def _list_reasons(refused: Mapping[str, str]) -> str:
    """Return the first few ids with their reasons, in letters that every log can take."""
    first = "; ".join(f"{id_}: {why}" for id_, why in list(refused.items())[:5])
    more = f"; and {len(refused) - 5} more" if len(refused) > 5 else ""
    # an id may hold half a character, which is often why it was refused: no file takes that
    return (first + more).encode(errors="backslashreplace").decode()


class TooManyOpen(InfrastructureError):
    """The system opens no more files and connections for this process."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"no more files or connections can be opened ({error.strerror}): raise the limit "
            "(`ulimit -n`), or run fewer processes here; work then goes on by itself"
        )


def machine_trouble(error: BaseException) -> InfrastructureError | None:
    """Return what is wrong with our own machine, if that is what this error is about.

    Then no input and no engine is at fault: the work waits, and no try is counted.
    """
    if not isinstance(error, OSError):
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return DiskFull(error)
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS):
        return TooManyOpen(error)
    return None


_FOLDERS = re.compile(r"""(?<![\w:/.])/(?:[^/'"\s](?:[^/'"\n]*[^/'"\s])?/)+(?=[^/'"\s])""")
"""The folders before a file's name; a folder's name may hold spaces, but not begin or end so."""


def cause(error: BaseException) -> str:
    """Return the words of an error from elsewhere, without folders: users read them.

    Those of a time-out say nothing by themselves: then it is its name that does.
    """
    # the system's errors name a file only outside of `strerror`
    words: str | None = getattr(error, "strerror", None)
    return words or _FOLDERS.sub("", str(error)) or type(error).__name__
