"""What is asked of a video that there is: that it rests, goes on or is changed in one beat."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from services.cli import make
from services.cli.outcome import say
from services.cli.watch import follow, settle, waits
from services.cli.where import ask, ask_or_do, say_json
from shared.client import Client
from shared.story.errors import BadInput


def pause(given: argparse.Namespace) -> int:
    """Let a video rest."""
    return _steer(given, "pause")


def resume(given: argparse.Namespace) -> int:
    """Let a paused video go on; without one, finish what earlier runs left unfinished."""
    return _steer(given, "resume") if given.video else make.resume(given)


def cancel(given: argparse.Namespace) -> int:
    """Cancel a video."""
    return _steer(given, "cancel")


def retry(given: argparse.Namespace) -> int:
    """Make again what has failed of a video."""
    return _steer(given, "retry")


def approve(given: argparse.Namespace) -> int:
    """Approve what a video waits for, as it is now, or at the revision that is named."""

    async def send(client: Client) -> int:
        now = await client.show(given.video)
        what = given.what or (now.model_extra or {}).get("awaiting")
        if what is None:
            raise BadInput(f"the video is {now.status}: nothing of it waits for an approval")
        asked = {"what": what, "rev": given.rev or now.rev}
        return await settle(client, given, await client.steer(given.video, "approve", asked))

    return ask(given, send, works=waits(given))


def reframe(given: argparse.Namespace) -> int:
    """Ask for a video in another shape; on a folder, make it and write its file."""
    aspect = make.read_aspect(given)

    async def send(client: Client) -> int:
        if given.output:
            said = f"`storywave download {given.video} -o FILE` writes it once it is completed"
            raise BadInput(f"-o: a server keeps the film: {said}", "output")
        asked = {"aspect": aspect}
        return await settle(client, given, await client.steer(given.video, "reframe", asked))

    return ask_or_do(given, send, lambda: make.reframe(given))


def go_on(given: argparse.Namespace) -> int:
    """Make more of a video that was to end with its plan or its storyboard."""
    return _steer(given, "continue", {"workflow": given.to})


def _steer(given: argparse.Namespace, action: str, body: object = None) -> int:
    async def send(client: Client) -> int:
        return await settle(client, given, await client.steer(given.video, action, body))

    return ask(given, send, works=waits(given))


def delete(given: argparse.Namespace) -> int:
    """Delete a video and all that it owns, after a question."""
    if not given.yes:
        _confirm(f"Delete the video {given.video} and all that it owns? [y/N] ")

    async def send(client: Client) -> int:
        # what runs at a provider is ended and paid first; the server goes on by itself
        is_gone = await client.delete(given.video)
        if given.json:
            say_json({"id": given.video, "deleted": is_gone})
        else:
            say(f"{given.video}  {'deleted' if is_gone else 'deleting'}")
        return 0

    return ask(given, send)


def _confirm(question: str) -> None:
    """Refuse where nobody has said yes."""
    try:
        said = input(question).strip().lower()
    except (EOFError, OSError):
        raise BadInput("say --yes: nobody can be asked here", "yes") from None
    if said not in {"y", "yes"}:
        raise BadInput("nothing was deleted", "yes")


def edit(given: argparse.Namespace) -> int:
    """Change what a beat shows, what is said in it, or how long it lasts."""
    names = ("prompt", "narration", "duration")
    asked = {name: value for name in names if (value := getattr(given, name)) is not None}
    if given.unskip:
        asked["skipped"] = False
    if not asked:
        raise BadInput("say what is to change: --prompt, --narration, --duration or --unskip")
    return _change(given, "edit", asked)


def regenerate(given: argparse.Namespace) -> int:
    """Make another take of a beat's image, clips or voice."""
    return _change(given, "regenerate", {"what": given.what})


def skip(given: argparse.Namespace) -> int:
    """Leave a beat out."""
    return _change(given, "skip", None)


def choose(given: argparse.Namespace) -> int:
    """Go back to a take of a beat; without one, list those there are."""
    if given.take is None:
        return ask(given, lambda client: _list_takes(client, given))
    asked = {"kind": given.kind, "take": given.take}
    asked |= {} if given.image is None else {"image": given.image}
    return _change(given, "choose", asked)


async def _list_takes(client: Client, given: argparse.Namespace) -> int:
    found = await client.list_takes(given.video, given.beat)
    if given.json:
        say_json(found)
    else:
        say(*map(_describe_take, found["takes"]))
    return 0


def _describe_take(take: Mapping[str, Any]) -> str:
    state = "chosen" if take["is_chosen"] else "ready" if take["is_ready"] else "not made"
    words = take["narration"] or take["prompt"]
    return f"{take['kind']:<6} {take['take']:>2}  {state:<8}  {words[:70]}"


def _change(given: argparse.Namespace, change: str, body: object) -> int:
    """Ask for a change of a beat, or only for what it would make again."""

    async def send(client: Client) -> int:
        answer = await client.change_beat(
            given.video, given.beat, change, body, dry_run=given.dry_run
        )
        if waits(given) and not given.dry_run:
            return await follow(client, given, given.video)
        if given.json:
            say_json(answer)
        elif given.dry_run:
            say(*_describe_offer(answer))
        else:
            say(f"{answer['id']}  {answer['status']}  revision {answer['rev']}")
        return 0

    return ask(given, send, works=waits(given))


def _describe_offer(offer: Mapping[str, Any]) -> Iterator[str]:
    for each in offer["stale"]:
        yield f"{each['kind']:<9} {each['item']}, take {each['take']}"
    for each in offer["windows"]:
        yield f"{'window':<9} between {each['before']} and {each['after']}"
    yield f"costs up to ${offer['total']}"
