"""The command line. Parsing is here; the code of a command is imported when it runs.

Exit codes: 0 done; 1 a video or a file is not good; 2 the command or its input is off; 3 something
outside is in the way (a disk, a port, a server); 4 a video is still under way, or waits for you;
130 or 143 stopped by a signal; 70 a bug of ours.
"""

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli import online
from services.cli.options import (
    add_address,
    add_beside,
    add_command,
    add_server,
    add_video,
    list_choices,
)
from shared.story.looks import STYLES

if TYPE_CHECKING:
    from services.cli.options import Commands

WHERE = """\
where commands act: with a server named (--server URL or STORYWAVE_URL, with --key or
STORYWAVE_API_KEY) they ask it. Without one they act on the data folder here (--data), by the
`storywave up` that runs on it, if one does.

exit codes: 0 done · 1 a video or file is not good · 2 the command or its input is off
            3 a disk, port or server is in the way · 4 a video is still under way, or waits for you
            70 a bug · 130/143 stopped by a signal
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
        epilog=WHERE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action=SayVersion, nargs=0, help="say which version this is")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_make(commands)
    _add_plan(commands)
    _add_reframe(commands)
    _add_up(commands)
    online.add_making(commands)
    online.add_looks(commands)
    online.add_files(commands)
    online.add_wishes(commands)
    online.add_changes(commands)
    _add_status(commands)
    _add_money(commands)
    online.add_keys(commands)
    _add_checks(commands)
    _add_service(commands)
    _add_preparations(commands)
    return whole


class SayVersion(argparse.Action):
    """Says the version, and ends; to look it up takes time that other commands need not spend."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"storywave {version('storywave')}")
        parser.exit()


def _add_make(commands: "Commands") -> None:
    make = add_command(commands, "make", "services.cli.make:make", "make one video, here and now")
    add_video(make)
    make.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: from the prompt")
    add_beside(make)


def _add_plan(commands: "Commands") -> None:
    about = "write a plan, to be changed by hand and made; nothing is made or spent"
    plan = add_command(commands, "plan", "services.cli.plans:plan", about)
    plan.add_argument("prompt", nargs="?", metavar="PROMPT", help="what the video should show")
    plan.add_argument("--script", type=Path, metavar="FILE", help="as for `make`")
    plan.add_argument("--video", metavar="VIDEO", help="the plan of a video that there is")
    plan.add_argument("--duration", type=float, metavar="SECONDS", help="5 to 180, default 30")
    plan.add_argument("--aspect", help="9:16 (default), 16:9 or 1:1")
    plan.add_argument("--style", help=list_choices(STYLES, "cinematic"))
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
    reframe = add_command(commands, "reframe", "services.cli.wishes:reframe", about)
    reframe.add_argument("video", metavar="VIDEO", help="its id: `storywave list` lists all")
    reframe.add_argument("--aspect", required=True, help="9:16, 16:9 or 1:1")
    output = "on a folder; default: from the id"
    reframe.add_argument("-o", "--output", type=Path, metavar="FILE", help=output)
    add_server(reframe)


def _add_status(commands: "Commands") -> None:
    about = "list the videos of a data folder, of any owner; show one as JSON; or what is stuck"
    status = add_command(commands, "status", "services.cli.inspect:status", about)
    status.add_argument(
        "--owner", default="local", metavar="NAME", help="whose to list: default is who has no key"
    )
    which = status.add_mutually_exclusive_group()
    which.add_argument("video", nargs="?", metavar="VIDEO")
    which.add_argument(
        "--stuck",
        action="store_true",
        help="rows, videos and jobs that don't go on by themselves; providers that take no work",
    )
    about = "tell all services every fact of a video again: the repair for one that is stuck"
    replay = add_command(commands, "replay", "services.cli.inspect:replay", about)
    replay.add_argument("video", metavar="VIDEO")


def _add_checks(commands: "Commands") -> None:
    about = "list files that nothing needs any more, and folders of processes that are gone"
    sweep = add_command(commands, "sweep", "services.cli.sweep:sweep", about)
    sweep.add_argument("--delete", action="store_true", help="and delete them")
    sweep.add_argument(
        "--strange", action="store_true", help="also what the database knows nothing of"
    )
    about = "check the installation, and say what is wrong with it and what to do"
    add_command(commands, "doctor", "services.cli.doctor:doctor", about)
    about = "check a video file frame by frame"
    verify = add_command(commands, "verify", "services.cli.inspect:verify", about, data=False)
    verify.add_argument("file", type=Path, metavar="FILE")
    about = "write a script that completes commands and options in a shell: see `--help` of it"
    run = "services.cli.completion:completion"
    completion = add_command(commands, "completion", run, about, data=False)
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])
    completion.formatter_class = argparse.RawDescriptionHelpFormatter
    completion.epilog = COMPLETION


COMPLETION = """\
bash: storywave completion bash > ~/.local/share/bash-completion/completions/storywave
zsh:  storywave completion zsh > a folder of $fpath, as _storywave
fish: storywave completion fish > ~/.config/fish/completions/storywave.fish
"""


def _add_money(commands: "Commands") -> None:
    about = "let a video spend so much in all: it goes on"
    budget = add_command(commands, "budget", "services.cli.money:budget", about)
    budget.add_argument("video", metavar="VIDEO")
    budget.add_argument("dollars", metavar="DOLLARS", help="with what is spent already, as 5.00")
    budget.add_argument("--paid", action="store_true", default=None, help="as for `make`")
    add_server(budget)
    about = "say what each owner's videos have cost, deleted ones too"
    spending = add_command(commands, "spending", "services.cli.spending:spending", about)
    spending.add_argument(
        "--since", metavar="DAY", help="of videos asked for since then (UTC), as 2026-03-31"
    )
    spending.add_argument("--json", action="store_true", help="as JSON, for another program")
    about = "list the jobs that may have been paid for or not, or say what one has cost"
    jobs = add_command(commands, "jobs", "services.cli.money:jobs", about)
    jobs.add_argument("which", choices=["unresolved"])
    answers = jobs.add_mutually_exclusive_group()
    answers.add_argument("--retry", metavar="JOB", help="and make again what failed of its video")
    answers.add_argument("--drop", metavar="JOB", help="and leave it at that")
    jobs.add_argument(
        "--charged", metavar="DOLLARS", help="by the provider; default: all that is held"
    )


def _add_up(commands: "Commands") -> None:
    up = add_command(commands, "up", "services.cli.serve:up", "serve all services in this process")
    add_address(up)


def _add_service(commands: "Commands") -> None:
    about = "run one service (its servers are named by STORYWAVE_… in the environment)"
    service = add_command(commands, "service", "services.cli.serve:service", about)
    service.add_argument("name", metavar="NAME", help="gateway, planner, storyboard, …")
    add_address(service)


def _add_preparations(commands: "Commands") -> None:
    about = "make the topics that are missing on Kafka, and compare the others with the settings"
    topics = add_command(commands, "topics", "services.cli.prepare:topics", about, data=False)
    topics.add_argument("--grow", action="store_true", help="add partitions where there are fewer")
    about = "make the indexes that are missing on MongoDB"
    add_command(commands, "indexes", "services.cli.prepare:indexes", about, data=False)
