"""Runs the stand-in as a process of its own."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from tests.standins.replicate.faults import ERRORS, Fault
from tests.standins.replicate.server import serve
from tests.standins.replicate.settings import Settings

ABOUT = """
A stand-in for Replicate on loopback. Point a client at it by REPLICATE_BASE_URL and
REPLICATE_API_TOKEN (r8_standin, unless a setting says another). When it can be asked, it writes one
line: `ready http://127.0.0.1:PORT`. SIGTERM ends it. Its folder holds its books (ledger.jsonl),
which survive even a SIGKILL: started again on the same folder and port, its runs go on.
"""

MORE = f"""
faults, by stage; each strikes a create (or a read, a download, a webhook) that it fits:
  before    429, 401, 402, 5xx: refused, nothing runs. slow_accept: accepted only after `seconds`
  answer    accepted, then: 5xx_after; lost (no answer); cut (half an answer); unreadable;
            slow_answer (after `seconds`)
  run       fails (`error`: {", ".join(ERRORS)}, or any text; `pays`);
            canceled; aborted; hangs (until it is stopped); slow_run (`seconds` more);
            no_output (`pays`); answers (`output`);
            files that are empty, truncated, huge (`megabytes`), wrong_type
  hook      hook_lost, hook_late (`seconds`), hook_doubled, hook_forged, hook_stale
  read      read_429, read_5xx, read_lost
  download  download_5xx, download_cut
a fault of the script: name, and where wanted: after, times, model, kind, prompt, form (header,
body or text, of a 429), seconds, status, error, pays, megabytes, output

over HTTP, without a token:
  GET, POST         /_standin/settings  {{"refuse": "402"}} until {{"refuse": null}}; list_lag; …
  GET, POST, DELETE /_standin/faults    {{"next": [{{"name": "lost", "times": 2}}],
                                        "rates": {{"429": 0.1, "5xx_after": 0.05}}}}
  GET, POST         /_standin/clock     {{"seconds": 3600}} lets an hour pass
  GET               /_standin/ledger    every run, what it cost, what was refused
  GET               /_standin/judge     ?by=webhook.job | input | input.seed,model | …: what was
                                        paid, and paid twice, in each group

settings, with their defaults: {Settings().model_dump_json()}
"""


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        "python -m tests.standins.replicate",
        description=ABOUT,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--state", type=Path, required=True, help="the folder of its books")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", type=int, default=0, help="of all chances")
    parser.add_argument("--pace", type=float, default=1.0, help="so many times faster than real")
    parser.add_argument("--skew", type=float, default=0.0, help="its clock is ahead, in seconds")
    parser.add_argument("--shrink", type=int, default=1, help="divides the sides of pictures")
    parser.add_argument("--settings", type=json.loads, default={}, help="further ones, in JSON")
    parser.add_argument("--rates", type=json.loads, default={}, help='{"429": 0.1, …}')
    parser.add_argument("--next", type=json.loads, default=[], help='[{"name": "lost"}, …]')
    return parser.parse_args()


async def run(given: argparse.Namespace) -> None:
    """Serve until a signal comes."""
    named: dict[str, Any] = {"seed": given.seed, "pace": given.pace, "shrink": given.shrink}
    settings = Settings(**(named | given.settings))
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serve(given.state, settings, given.host, given.port, given.skew) as served:
        served.provider.script.set_rates(given.rates)
        served.provider.script.queue += [Fault(**fault) for fault in given.next]
        print(f"ready {served.url}", flush=True)
        await stopped.wait()


def main() -> None:
    """Run the command."""
    given = read_arguments()
    try:
        asyncio.run(run(given))
    except (OSError, ValueError) as error:
        sys.exit(f"the stand-in can't start: {error}")


if __name__ == "__main__":
    main()
