"""`storywave pause`, `resume`, `cancel` and `retry`: asked of a server that runs, over its API.

A data folder has one process. So these commands can't open it themselves while a server makes the
video that they are about.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from services.cli import make
from services.cli.environment import read_settings
from services.cli.outcome import say
from shared.runtime.settings import Settings
from shared.story.errors import BadInput, InfrastructureError, PermanentError

SECONDS = 30.0
"""A server that has not answered by then is not going to."""


class NoAnswer(InfrastructureError):
    """There is no server at this address, or it is something else."""


def pause(given: argparse.Namespace) -> int:
    """Let a video rest."""
    return _ask(given, "pause")


def resume(given: argparse.Namespace) -> int:
    """Let a paused video go on; without one, finish what earlier runs left unfinished."""
    return _ask(given, "resume") if given.video else make.resume(given)


def cancel(given: argparse.Namespace) -> int:
    """Cancel a video."""
    return _ask(given, "cancel")


def retry(given: argparse.Namespace) -> int:
    """Make again what has failed of a video."""
    return _ask(given, "retry")


def _ask(given: argparse.Namespace, action: str) -> int:
    chosen = read_settings(given)
    path = f"/v1/videos/{quote(given.video, '')}/{action}"
    now = _post(find_server(chosen), path, chosen.key)
    say(f"{now['id']}  {now['status']}  {now['percent']} %")
    return 0


def find_server(chosen: Settings) -> str:
    """Return the address of the server that these settings start, as it is reached from here."""
    if chosen.port == 0:
        raise BadInput("--port: name the port that `storywave up` has told", "port")
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    host = everywhere.get(chosen.host, chosen.host)
    return f"http://[{host}]:{chosen.port}" if ":" in host else f"http://{host}:{chosen.port}"


def _post(server: str, path: str, key: str) -> Mapping[str, Any]:
    """Return the answer to a request without a body; an error is told in the server's own words."""
    # never by a proxy: it would look for this machine's own addresses elsewhere
    opener = build_opener(ProxyHandler({}))
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    asked = Request(f"{server}{path}", method="POST", headers=headers)
    try:
        with opener.open(asked, timeout=SECONDS) as answer:
            return _read(server, answer.read())
    except HTTPError as error:
        problem = _read(server, error.read())
        raise _explain(error.code, str(problem.get("detail", error.reason))) from error
    except (URLError, OSError) as error:
        raise NoAnswer(
            f"nothing answers at {server}: start `storywave up`, or name its address "
            "with --host and --port"
        ) from error


def _explain(status: int, said: str) -> Exception:
    """Return the error that a command ends with: what a server can't do now is not our mistake."""
    return InfrastructureError(said) if status >= 500 else PermanentError(said)


def _read(server: str, body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NoAnswer(f"what answers at {server} is no Storywave: check --host and --port")
    return answer
