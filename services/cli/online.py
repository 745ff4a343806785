"""The commands that ask a server: what they are called, and what they take."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.options import (
    add_beside,
    add_command,
    add_server,
    add_timeout,
    add_video,
    add_wait,
)

if TYPE_CHECKING:
    from services.cli.options import Commands


def add_making(commands: "Commands") -> None:
    """Add the commands that ask for a video, or for its price."""
    about = "ask for a video, and return at once: `storywave watch` follows it"
    submit = add_command(commands, "submit", "services.cli.submit:submit", about)
    add_video(submit)
    submit.add_argument(
        "--idempotency-key", metavar="TEXT", help="the same key and wishes are the same video"
    )
    add_server(submit)
    add_wait(submit)
    about = "tell what a video would cost at most; nothing is made"
    estimate = add_command(commands, "estimate", "services.cli.submit:estimate", about)
    add_video(estimate)
    add_server(estimate)


def add_looks(commands: "Commands") -> None:
    """Add the commands that only look."""
    videos = _add_asking(
        commands, "list", "look:list_videos", "list videos, newest first", video=False
    )
    videos.add_argument("--limit", type=int, default=20, metavar="N", help="at most; default 20")
    only = "only those in this status, as running or failed; may be given several times"
    videos.add_argument("--status", action="append", default=[], metavar="STATUS", help=only)
    _add_asking(
        commands, "show", "look:show", "show a video: how far it is, and what is to be done"
    )
    _add_asking(commands, "receipt", "look:receipt", "show what a video has cost, row by row")
    timeline = _add_asking(commands, "timeline", "look:timeline", "show who ran when for a video")
    timeline.add_argument("--rev", type=int, metavar="N", help="a revision; default: the latest")
    watch = _add_asking(commands, "watch", "watch:watch", "follow a video to its end")
    add_timeout(watch)


def add_files(commands: "Commands") -> None:
    """Add the commands that get what was made."""
    download = _add_asking(commands, "download", "fetch:download", "write a film to a file")
    download.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: from the title"
    )
    add_beside(download)
    _add_asking(commands, "open", "fetch:open_page", "show a video's page in the browser")


def add_wishes(commands: "Commands") -> None:
    """Add what is asked of a video as a whole, by the names of its routes."""
    wishes = {
        "pause": "let a video rest: nothing more of it is begun, or paid",
        "resume": "let a paused video go on; without one: go on with what a stopped run left",
        "cancel": "cancel a video; what is finished is kept",
        "retry": "make again what failed or was cancelled of a video, and nothing else",
        "approve": "let a video go on beyond what it waits for, as that is now",
        "continue": "make more of a video that was to end with its plan or its storyboard",
    }
    for name, about in wishes.items():
        does = "go_on" if name == "continue" else name  # a word of the language's own
        wish = _add_asking(commands, name, f"wishes:{does}", about, video=name != "resume")
        if name == "resume":
            wish.add_argument("video", nargs="?", metavar="VIDEO", help="its id")
        if name == "approve":
            wish.add_argument("--what", help="plan or storyboard; by default what it waits for")
            wish.add_argument("--rev", type=int, metavar="N", help="by default the one it is at")
        if name == "continue":
            wish.add_argument("--to", default="full", help="full (default) or storyboard_only")
        if name not in {"pause", "cancel"}:
            add_wait(wish)
    delete = _add_asking(commands, "delete", "wishes:delete", "delete a video and all that it owns")
    delete.add_argument("--yes", action="store_true", help="do not ask first")


def add_changes(commands: "Commands") -> None:
    """Add the changes of one beat."""
    changes = {
        "edit": "change what a beat shows, what is said in it, or how long it lasts",
        "regenerate": "make another take of a beat's image, clips or voice",
        "skip": "leave a beat out",
        "choose": "go back to a take of a beat; without --take: list its takes",
    }
    for name, about in changes.items():
        change = _add_asking(commands, name, f"wishes:{name}", about)
        change.add_argument("beat", type=int, metavar="BEAT", help="its number; the first one is 0")
        change.add_argument(
            "--dry-run", action="store_true", help="only say what is made again, and its price"
        )
        _add_change(change, name)
        add_wait(change)


def _add_change(change: argparse.ArgumentParser, name: str) -> None:
    if name == "edit":
        change.add_argument("--prompt", metavar="TEXT", help="what it shows")
        change.add_argument("--narration", metavar="TEXT", help="what is said in it")
        change.add_argument("--duration", type=float, metavar="SECONDS")
        change.add_argument("--unskip", action="store_true", help="a skipped beat comes back")
    if name == "regenerate":
        change.add_argument("--what", default="image", help="image (default), clip, voice, all")
    if name == "choose":
        change.add_argument("--kind", default="image", help="image (default), clip or voice")
        change.add_argument("--take", type=int, metavar="N")
        change.add_argument("--image", type=int, metavar="N", help="of several pictures, one")


def add_keys(commands: "Commands") -> None:
    """Add the commands for API keys; without a server on the store, so that one can be first."""
    about = "make, list, replace and revoke API keys"
    keys = commands.add_parser("keys", help=about, description=about)
    kinds = keys.add_subparsers(title="commands", required=True, metavar="COMMAND")
    create = _add_asking(kinds, "create", "keys:create", "make a key: shown once", video=False)
    create.add_argument("--owner", required=True, metavar="NAME", help="whose videos it is for")
    create.add_argument("--role", required=True, help="viewer, maker, payer or admin")
    create.add_argument("--name", metavar="TEXT", help="so that people know it again")
    create.add_argument("--requests-a-minute", type=int, metavar="N")
    create.add_argument("--active-videos", type=int, metavar="N", help="asked for and not ended")
    create.add_argument("--spend-a-day", metavar="DOLLARS", help="the sum of budgets, as 20.00")
    _add_asking(kinds, "list", "keys:list_all", "list all keys, without secrets", video=False)
    rotate = _add_asking(kinds, "rotate", "keys:rotate", "give a key another token", video=False)
    rotate.add_argument("id", metavar="KEY", help="its id: `storywave keys list` lists all")
    rotate.add_argument(
        "--grace-hours", type=float, default=0.0, metavar="N", help="the old token is good so long"
    )
    revoke = _add_asking(kinds, "revoke", "keys:revoke", "let nobody in by a key", video=False)
    revoke.add_argument("id", metavar="KEY")
    about = "sign links with another secret from now on"
    links = add_command(kinds, "rotate-links", "services.cli.keys:rotate_links", about)
    links.add_argument("--now", action="store_true", help="and end all links that are out")


def _add_asking(
    commands: "Commands", name: str, run: str, about: str, *, video: bool = True
) -> argparse.ArgumentParser:
    command = add_command(commands, name, f"services.cli.{run}", about)
    if video:
        command.add_argument("video", metavar="VIDEO", help="its id: `storywave list` lists all")
    add_server(command)
    return command
