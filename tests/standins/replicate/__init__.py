"""A stand-in for Replicate, over real HTTP on loopback, that keeps its own books.

It is written from what is known of the real provider, and not from our engine: so it may judge it.
What was paid, and what was paid twice, is what *its* books say. It is never changed to suit us.

- `api`, `creates`, `door`, `refusals`: the API, and its answers word by word.
- `provider`, `runs`, `fates`, `outputs`, `hooks`, `files`: what becomes of a run.
- `ledger`, `judge`, `money`: the books (a file that only grows) and what they say.
- `faults`: what goes wrong, by a script or by rates. `admin`: how a test steers all of this.
- `models` and the tables beside it: what it can run, with prices of its own.

In a test: `async with standin(tmp_path) as replicate`. As a process:
`python -m tests.standins.replicate --help`.
"""

from tests.standins.replicate.judge import Verdict, job_or_input, judge, key_of
from tests.standins.replicate.ledger import read_runs
from tests.standins.replicate.runs import Run
from tests.standins.replicate.server import StandIn, serve, standin
from tests.standins.replicate.settings import Settings

__all__ = [
    "Run",
    "Settings",
    "StandIn",
    "Verdict",
    "job_or_input",
    "judge",
    "key_of",
    "read_runs",
    "serve",
    "standin",
]
