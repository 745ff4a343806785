"""What is asked of a server that runs, over its API: wishes for a video, changes of its beats.

A data folder has one process. So these commands can't open it themselves while a server makes the
video that they are about.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from services.cli import make
from services.cli.environment import read_settings
from services.cli.outcome import say
from shared.runtime.settings import Settings
from shared.story.errors import BadInput, InfrastructureError, PermanentError
from shared.story.texts import escape_line

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


def delete(given: argparse.Namespace) -> int:
    """Delete a video; ask before, since there is no way back."""
    chosen = read_settings(given)
    if not given.yes and not _agrees(f"Delete {given.video} with everything that belongs to it?"):
        say("nothing was deleted")
        return 1
    now = _send(chosen, "DELETE", f"/v1/videos/{quote(given.video, '')}")
    # what runs at a provider is ended and paid first; the server goes on by itself
    say(f"{given.video}  {now.get('status', 'deleted')}")
    return 0


def _agrees(question: str) -> bool:
    """Return what a person answers; refuse where there is nobody to ask."""
    try:
        return input(f"{escape_line(question)} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        raise BadInput("nobody is there to be asked: say --yes", "yes") from None


def retry(given: argparse.Namespace) -> int:
    """Make again what has failed of a video."""
    return _ask(given, "retry")


def approve(given: argparse.Namespace) -> int:
    """Approve what a video waits for, as it is now, or at the revision that is named."""
    chosen, path = read_settings(given), f"/v1/videos/{quote(given.video, '')}"
    now = _send(chosen, "GET", path)
    asked = {"what": given.what or now["awaiting"], "rev": given.rev or now["rev"]}
    if asked["what"] is None:
        raise PermanentError(f"The video is {now['status']}: nothing of it waits for an approval.")
    return _ask(given, "approve", asked)


def go_on(given: argparse.Namespace) -> int:
    """Make more of a video that was to end with its plan or its storyboard."""
    return _ask(given, "continue", {"workflow": given.to})


def edit(given: argparse.Namespace) -> int:
    """Change what a beat shows, what is said in it, or how long it lasts."""
    names = ("prompt", "narration", "duration")
    asked = {name: value for name in names if (value := getattr(given, name)) is not None}
    if given.unskip:
        asked["skipped"] = False
    return _change(given, "PATCH", "", asked)


def regenerate(given: argparse.Namespace) -> int:
    """Make another take of a beat's image, clips or voice."""
    return _change(given, "POST", "/regenerate", {"what": given.what})


def skip(given: argparse.Namespace) -> int:
    """Leave a beat out."""
    return _change(given, "POST", "/skip", None)


def choose(given: argparse.Namespace) -> int:
    """Go back to a take of a beat; without one, list those there are."""
    if given.take is None:
        found = _send(read_settings(given), "GET", f"{_beat(given)}/takes")
        say(*map(_describe_take, found["takes"]))
        return 0
    asked = {"kind": given.kind, "take": given.take}
    asked |= {} if given.image is None else {"image": given.image}
    return _change(given, "POST", "/choose", asked)


def _describe_take(take: Mapping[str, Any]) -> str:
    state = "chosen" if take["is_chosen"] else "ready" if take["is_ready"] else "not made"
    words = take["narration"] or take["prompt"]
    return f"{take['kind']:<6} {take['take']:>2}  {state:<8}  {words[:70]}"


def _change(given: argparse.Namespace, method: str, path: str, body: object) -> int:
    """Ask for a change of a beat, or only for what it would make again."""
    query = "?dry_run=true" if given.dry_run else ""
    answer = _send(read_settings(given), method, f"{_beat(given)}{path}{query}", body)
    if given.dry_run:
        say(*_describe_offer(answer))
    else:
        say(f"{answer['id']}  {answer['status']}  revision {answer['rev']}")
    return 0


def _describe_offer(offer: Mapping[str, Any]) -> Iterator[str]:
    for each in offer["stale"]:
        yield f"{each['kind']:<9} {each['item']}, take {each['take']}"
    for each in offer["windows"]:
        yield f"{'window':<9} between {each['before']} and {each['after']}"
    yield f"costs up to ${offer['total']}"


def _beat(given: argparse.Namespace) -> str:
    return f"/v1/videos/{quote(given.video, '')}/beats/{given.beat}"


def _ask(given: argparse.Namespace, action: str, body: object = None) -> int:
    chosen = read_settings(given)
    path = f"/v1/videos/{quote(given.video, '')}/{action}"
    now = _send(chosen, "POST", path, body)
    say(f"{now['id']}  {now['status']}  {now['percent']} %")
    return 0


def find_server(chosen: Settings) -> str:
    """Return the address of the server that these settings start, as it is reached from here."""
    if chosen.port == 0:
        raise BadInput("--port: name the port that `storywave up` has told", "port")
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    host = everywhere.get(chosen.host, chosen.host)
    return f"http://[{host}]:{chosen.port}" if ":" in host else f"http://{host}:{chosen.port}"


def _send(chosen: Settings, method: str, path: str, body: object = None) -> Mapping[str, Any]:
    """Return the answer to a request; an error is told in the server's own words."""
    server = find_server(chosen)
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    headers |= {"Authorization": f"Bearer {chosen.key}"} if chosen.key else {}
    asked = Request(f"{server}{path}", data, headers, method=method)
    # never by a proxy: it would look for this machine's own addresses elsewhere
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(asked, timeout=SECONDS) as answer:
            return {} if answer.status == 204 else _read(server, answer.read())
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
