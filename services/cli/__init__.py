"""The command line. Parsing is here; the code of a command is imported when it runs.

Exit codes: 0 done; 1 a video or a file is not good; 2 the command or its input is off; 3 something
outside is in the way (a disk, a port, a server); 130 or 143 stopped by a signal; 70 a bug of ours.
"""

import argparse
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from shared.story.looks import CAPTION_CHOICES, CARD_CHOICES, STYLES, TRANSITION_CHOICES

if TYPE_CHECKING:
    # argparse has no public name for what add_subparsers returns
    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001

EXITS = """\
exit codes: 0 done · 1 a video or file is not good · 2 the command or its input is off
            3 a disk, port or server is in the way · 70 a bug · 130/143 stopped by a signal
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line on stderr, never a traceback."""
    given = build_parser().parse_args(arguments)
    from services.cli.outcome import run_command

    module, _, function = given.run.partition(":")
    return run_command(getattr(import_module(module), function), given)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each names the function that runs it."""
    whole = argparse.ArgumentParser(
        prog="storywave",
        description="A prompt becomes a finished short video: planned, drawn, voiced, scored, cut.",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action=SayVersion, nargs=0, help="say which version this is")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_make(commands)
    _add_plan(commands)
    _add_reframe(commands)
    _add_up(commands)
    _add_wishes(commands)
    _add_changes(commands)
    about = "list videos, or show one"
    status = _add_command(commands, "status", "services.cli.inspect:status", about)
    status.add_argument(
        "--owner", default="local", metavar="NAME", help="whose to list: default is who has no key"
    )
    which = status.add_mutually_exclusive_group()
    which.add_argument("video", nargs="?", metavar="VIDEO")
    which.add_argument(
        "--stuck", action="store_true", help="rows, videos and jobs that don't go on by themselves"
    )
    about = "tell all services every fact of a video again: the repair for one that is stuck"
    replay = _add_command(commands, "replay", "services.cli.inspect:replay", about)
    replay.add_argument("video", metavar="VIDEO")
    about = "list files that nothing needs any more, and folders of processes that are gone"
    sweep = _add_command(commands, "sweep", "services.cli.sweep:sweep", about)
    sweep.add_argument("--delete", action="store_true", help="and delete them")
    about = "check the installation, and say what is wrong with it and what to do"
    _add_command(commands, "doctor", "services.cli.doctor:doctor", about)
    _add_money(commands)
    _add_keys(commands)
    about = "check a video file frame by frame"
    verify = _add_command(commands, "verify", "services.cli.inspect:verify", about, data=False)
    verify.add_argument("file", type=Path, metavar="FILE")
    _add_service(commands)
    _add_preparations(commands)
    return whole


class SayVersion(argparse.Action):
    """Says the version, and ends; to look it up takes time that other commands need not spend."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"storywave {version('storywave')}")
        parser.exit()


def _add_command(
    commands: "Commands", name: str, run: str, about: str, *, data: bool = True
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=about, description=about)
    command.set_defaults(run=run)
    command.add_argument("--log-level", default=None, help="DEBUG, INFO (default), WARNING, ERROR")
    if data:
        command.add_argument(
            "--data", type=Path, default=None, metavar="DIR", help="default: ./storywave-data"
        )
    return command


def _add_product(make: argparse.ArgumentParser) -> None:
    make.add_argument(
        "--product",
        type=Path,
        metavar="FILE",
        help="the picture of a product: make an ad for it; with a prompt, show it on the end card",
    )
    make.add_argument("--name", metavar="TEXT", help="what the product is called: make an ad")
    make.add_argument("--about", metavar="TEXT", help="what the product is")
    make.add_argument("--fact", action="append", metavar="TEXT", help="of the product; repeatable")
    make.add_argument("--price", metavar="TEXT", help='with its currency, as "$49"')
    make.add_argument("--offer", metavar="TEXT", help='as "20%% off until Sunday"')
    make.add_argument("--url", metavar="URL", help="where the product is to be had")


def _add_make(commands: "Commands") -> None:
    make = _add_command(commands, "make", "services.cli.make:make", "make one video, here and now")
    # Values are checked by the request and not here: the API and the command line accept the same,
    # and say the same about a mistake. So most options have no type, and no default.
    make.add_argument("prompt", nargs="?", metavar="PROMPT", help="what the video should show")
    make.add_argument(
        "--script",
        type=Path,
        metavar="FILE",
        help="make a trailer of it: Fountain, text, Markdown, FDX or PDF",
    )
    make.add_argument(
        "--plan", type=Path, metavar="FILE", help="make what it says, as `storywave plan` writes it"
    )
    _add_product(make)
    make.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: from the prompt")
    make.add_argument("--duration", type=float, metavar="SECONDS", help="5 to 180, default 30")
    make.add_argument("--aspect", help="9:16 (default), 16:9 or 1:1")
    make.add_argument("--style", help=f"{', '.join(STYLES)}; default: cinematic, of an ad minimal")
    quality = make.add_mutually_exclusive_group()
    for name, size in (("draft", "720p, the default"), ("full", "1080p, the default of an ad")):
        quality.add_argument(
            f"--{name}", dest="quality", action="store_const", const=name, help=size
        )
    make.add_argument("--captions", help=_list_choices(CAPTION_CHOICES, "karaoke"))
    make.add_argument(
        "--transition", help=f"{_list_choices(TRANSITION_CHOICES, 'auto')}; auto is by style"
    )
    make.add_argument("--transition-seconds", type=float, metavar="SECONDS", help="default 0.5")
    make.add_argument("--no-voice", dest="voice", action="store_false", default=None)
    make.add_argument("--no-music", dest="music", action="store_false", default=None)
    make.add_argument("--headline", metavar="TEXT", help="of the end card; default: the title")
    make.add_argument(
        "--call-to-action", "--cta", metavar="TEXT", help="the end card's button, said in an ad"
    )
    make.add_argument(
        "--card-style", help=f"{_list_choices(CARD_CHOICES, 'auto')}; auto is by style"
    )
    make.add_argument("--card-colour", metavar="#RRGGBB", help="a brand's colour")
    make.add_argument("--clip-sound", action="store_true", default=None)
    make.add_argument("--tier", help="of paid models: draft, standard (default) or best")
    make.add_argument(
        "--model",
        action="append",
        metavar="KIND=NAME",
        help="a paid model by name, as clip=google/veo-3.1; also plan, image, voice, music",
    )
    make.add_argument("--budget", metavar="DOLLARS", help="the most that it may cost, as 2.50")
    make.add_argument("--on-cap", help="when the money is gone: pause (default) or finish")
    make.add_argument(
        "--paid",
        action="store_true",
        default=None,
        help="let engines work that cost money; a token alone changes nothing",
    )
    make.add_argument("--image-takes", type=int, metavar="N", help="pictures for each beat: 1 to 4")
    make.add_argument(
        "--no-reuse",
        dest="reuse",
        action="store_false",
        default=None,
        help="copy nothing that was paid for before",
    )
    make.add_argument("--seed", type=int, help="another seed, another video of the same prompt")


def _list_choices(names: Iterable[str], default: str) -> str:
    """Return the names as a person lists them, the default first."""
    *others, last = (name for name in names if name != default)
    return f"{default} (default), {', '.join(others)} or {last}"


def _add_plan(commands: "Commands") -> None:
    about = "write a plan, to be changed by hand and made; nothing is made or spent"
    plan = _add_command(commands, "plan", "services.cli.plans:plan", about)
    plan.add_argument("prompt", nargs="?", metavar="PROMPT", help="what the video should show")
    plan.add_argument("--script", type=Path, metavar="FILE", help="as for `make`")
    plan.add_argument("--video", metavar="VIDEO", help="the plan of a video that there is")
    plan.add_argument("--duration", type=float, metavar="SECONDS", help="5 to 180, default 30")
    plan.add_argument("--aspect", help="9:16 (default), 16:9 or 1:1")
    plan.add_argument("--style", help=_list_choices(STYLES, "cinematic"))
    plan.add_argument("--seed", type=int, help="another seed, another plan of the same prompt")
    plan.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    plan.add_argument(
        "--ask",
        action="store_true",
        help="let the language model plan that the settings name: it may cost",
    )
    plan.add_argument("--paid", action="store_true", default=None, help="as for `make`")
    plan.add_argument("--budget", metavar="DOLLARS", help="as for `make`")
    plan.add_argument("--json", action="store_true", help="in place of YAML")


def _add_reframe(commands: "Commands") -> None:
    about = "make a finished video in another shape, from the clips there are"
    reframe = _add_command(commands, "reframe", "services.cli.make:reframe", about)
    reframe.add_argument("video", metavar="VIDEO", help="its id: `storywave status` lists all")
    reframe.add_argument("--aspect", required=True, help="9:16, 16:9 or 1:1")
    reframe.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: from the id")


def _add_money(commands: "Commands") -> None:
    about = "show what a video has cost, row by row"
    receipt = _add_command(commands, "receipt", "services.cli.money:receipt", about)
    receipt.add_argument("video", metavar="VIDEO")
    about = "let a video spend so much in all, and go on with it"
    budget = _add_command(commands, "budget", "services.cli.money:budget", about)
    budget.add_argument("video", metavar="VIDEO")
    budget.add_argument("dollars", metavar="DOLLARS", help="with what is spent already, as 5.00")
    budget.add_argument("--paid", action="store_true", default=None, help="as for `make`")
    about = "list the jobs that may have been paid for or not, or say what one has cost"
    jobs = _add_command(commands, "jobs", "services.cli.money:jobs", about)
    jobs.add_argument("which", choices=["unresolved"])
    answers = jobs.add_mutually_exclusive_group()
    answers.add_argument("--retry", metavar="JOB", help="and make again what failed of its video")
    answers.add_argument("--drop", metavar="JOB", help="and leave it at that")
    jobs.add_argument(
        "--charged", metavar="DOLLARS", help="by the provider; default: all that is held"
    )


def _add_keys(commands: "Commands") -> None:
    """Add the commands for API keys: on the store itself, so that the first can be made."""
    about = "make, list, replace and revoke API keys"
    keys = commands.add_parser("keys", help=about, description=about)
    kinds = keys.add_subparsers(title="commands", required=True, metavar="COMMAND")
    create = _add_command(kinds, "create", "services.cli.keys:create", "make a key: shown once")
    create.add_argument("--owner", required=True, metavar="NAME", help="whose videos it is for")
    create.add_argument("--role", required=True, help="viewer, maker, payer or admin")
    create.add_argument("--name", metavar="TEXT", help="so that people know it again")
    create.add_argument("--requests-a-minute", type=int, metavar="N")
    create.add_argument("--active-videos", type=int, metavar="N", help="asked for and not ended")
    create.add_argument("--spend-a-day", metavar="DOLLARS", help="the sum of budgets, as 20.00")
    _add_command(kinds, "list", "services.cli.keys:list_all", "list all keys, without secrets")
    about = "give a key another token"
    rotate = _add_command(kinds, "rotate", "services.cli.keys:rotate", about)
    rotate.add_argument("id", metavar="KEY", help="its id: `storywave keys list` lists all")
    rotate.add_argument(
        "--grace-hours", type=float, default=0.0, metavar="N", help="the old token is good so long"
    )
    revoke = _add_command(kinds, "revoke", "services.cli.keys:revoke", "let nobody in by a key")
    revoke.add_argument("id", metavar="KEY")
    about = "sign links with another secret from now on"
    links = _add_command(kinds, "rotate-links", "services.cli.keys:rotate_links", about)
    links.add_argument("--now", action="store_true", help="and end all links that are out")


def _add_wishes(commands: "Commands") -> None:
    """Add what is asked of a server that runs, by the names of its routes."""
    wishes = {
        "pause": "let a video rest: nothing more of it is begun, or paid",
        "resume": "let a paused video go on; without one: go on with what a stopped run left",
        "cancel": "cancel a video; what is finished is kept",
        "delete": "delete a video with everything that belongs to it: there is no way back",
        "retry": "make again what failed or was cancelled of a video, and nothing else",
        "approve": "let a video go on beyond what it waits for, as that is now",
        "continue": "make more of a video that was to end with its plan or its storyboard",
    }
    for name, about in wishes.items():
        does = "go_on" if name == "continue" else name  # a word of the language's own
        wish = _add_command(commands, name, f"services.cli.wishes:{does}", about)
        if name == "delete":
            wish.add_argument("--yes", action="store_true", help="without being asked")
        optional = "?" if name == "resume" else None
        wish.add_argument("video", nargs=optional, metavar="VIDEO", help="its id")
        if name == "approve":
            wish.add_argument("--what", help="plan or storyboard; by default what it waits for")
            wish.add_argument("--rev", type=int, metavar="N", help="by default the one it is at")
        if name == "continue":
            wish.add_argument("--to", default="full", help="full (default) or storyboard_only")
        _add_address(wish, "of the server, `storywave up`")


def _add_changes(commands: "Commands") -> None:
    """Add the changes of one beat that are asked of a server that runs."""
    changes = {
        "edit": "change what a beat shows, what is said in it, or how long it lasts",
        "regenerate": "make another take of a beat's image, clips or voice",
        "skip": "leave a beat out",
        "choose": "go back to a take of a beat; without --take: list its takes",
    }
    for name, about in changes.items():
        change = _add_command(commands, name, f"services.cli.wishes:{name}", about)
        change.add_argument("video", metavar="VIDEO", help="its id")
        change.add_argument("beat", type=int, metavar="BEAT", help="its number; the first one is 0")
        change.add_argument(
            "--dry-run", action="store_true", help="only say what is made again, and its price"
        )
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
        _add_address(change, "of the server, `storywave up`")


def _add_up(commands: "Commands") -> None:
    up = _add_command(commands, "up", "services.cli.serve:up", "serve all services in this process")
    _add_address(up)


def _add_service(commands: "Commands") -> None:
    about = "run one service (its servers are named by STORYWAVE_… in the environment)"
    service = _add_command(commands, "service", "services.cli.serve:service", about)
    service.add_argument("name", metavar="NAME", help="gateway, planner, storyboard, …")
    _add_address(service)


def _add_preparations(commands: "Commands") -> None:
    about = "make the topics that are missing on Kafka, and compare the others with the settings"
    topics = _add_command(commands, "topics", "services.cli.prepare:topics", about, data=False)
    topics.add_argument("--grow", action="store_true", help="add partitions where there are fewer")
    about = "make the indexes that are missing on MongoDB"
    _add_command(commands, "indexes", "services.cli.prepare:indexes", about, data=False)


def _add_address(command: argparse.ArgumentParser, whose: str = "") -> None:
    port = whose and f"{whose}; default 8000"
    command.add_argument(
        "--port", type=int, default=None, help=port or "default 8000; 0 is any free one"
    )
    host = whose and f"{whose}; default 127.0.0.1"
    command.add_argument(
        "--host", default=None, help=host or "default 127.0.0.1: this machine only"
    )
