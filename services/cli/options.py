"""Options that several commands have: of a video, of the server that is asked, of waiting."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from shared.story.looks import CAPTION_CHOICES, CARD_CHOICES, STYLES, TRANSITION_CHOICES

if TYPE_CHECKING:
    # argparse has no public name for what add_subparsers returns
    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001


def add_command(
    commands: "Commands", name: str, run: str, about: str, *, data: bool = True
) -> argparse.ArgumentParser:
    """Return the parser of a new command, which names the function that runs it."""
    command = commands.add_parser(name, help=about, description=about)
    command.set_defaults(run=run)
    command.add_argument("--log-level", default=None, help="DEBUG, INFO (default), WARNING, ERROR")
    if data:
        command.add_argument(
            "--data", type=Path, default=None, metavar="DIR", help="default: ./storywave-data"
        )
    return command


def add_server(command: argparse.ArgumentParser) -> None:
    """Add what names a server; without it, a command acts on the data folder."""
    command.add_argument(
        "--server",
        metavar="URL",
        help="ask this server; default: STORYWAVE_URL, else the data folder here",
    )
    command.add_argument(
        "--key", dest="api_key", metavar="TOKEN", help="its API key; better: STORYWAVE_API_KEY"
    )
    command.add_argument(
        "--port", type=int, metavar="N", help="short for --server http://127.0.0.1:N"
    )
    command.add_argument("--host", help=argparse.SUPPRESS)  # as it was named before --server
    command.add_argument("--json", action="store_true", help="answer in JSON")


def add_wait(command: argparse.ArgumentParser) -> None:
    """Add that a command waits until its video has ended."""
    command.add_argument("--wait", action="store_true", help="until the video has ended")
    add_timeout(command)


def add_timeout(command: argparse.ArgumentParser) -> None:
    """Add for how long a command waits."""
    command.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="wait no longer: exit code 4 while the video is under way, or waits for you",
    )


def add_address(command: argparse.ArgumentParser) -> None:
    """Add where to serve."""
    command.add_argument("--port", type=int, default=None, help="default 8000; 0 is any free one")
    command.add_argument("--host", default=None, help="default 127.0.0.1: this machine only")


def add_beside(command: argparse.ArgumentParser) -> None:
    """Add the files that are written beside a film."""
    command.add_argument(
        "--with",
        dest="beside",
        metavar="LIST",
        help="and beside it, with commas: srt, vtt, poster, contact",
    )


def list_choices(names: Iterable[str], default: str) -> str:
    """Return the names as a person lists them, the default first."""
    *others, last = (name for name in names if name != default)
    return f"{default} (default), {', '.join(others)} or {last}"


def add_video(command: argparse.ArgumentParser) -> None:
    """Add all that a video may be asked for by."""
    # Values are checked by the request and not here: the API and the command line accept the same,
    # and say the same about a mistake. So most options have no type, and no default.
    command.add_argument("prompt", nargs="?", metavar="PROMPT", help="what the video should show")
    command.add_argument(
        "--script",
        type=Path,
        metavar="FILE",
        help="make a trailer of it: Fountain, text, Markdown, FDX or PDF",
    )
    command.add_argument(
        "--plan", type=Path, metavar="FILE", help="make what it says, as `storywave plan` writes it"
    )
    _add_product(command)
    _add_look(command)
    _add_extent(command)
    _add_money(command)
    command.add_argument("--seed", type=int, help="another seed, another video of the same prompt")


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


def _add_look(make: argparse.ArgumentParser) -> None:
    make.add_argument("--duration", type=float, metavar="SECONDS", help="5 to 180, default 30")
    make.add_argument("--aspect", help="9:16 (default), 16:9 or 1:1")
    make.add_argument("--style", help=f"{', '.join(STYLES)}; default: cinematic, of an ad minimal")
    quality = make.add_mutually_exclusive_group()
    for name, size in (("draft", "720p, the default"), ("full", "1080p, the default of an ad")):
        quality.add_argument(
            f"--{name}", dest="quality", action="store_const", const=name, help=size
        )
    make.add_argument("--captions", help=list_choices(CAPTION_CHOICES, "karaoke"))
    make.add_argument(
        "--transition", help=f"{list_choices(TRANSITION_CHOICES, 'auto')}; auto is by style"
    )
    make.add_argument("--transition-seconds", type=float, metavar="SECONDS", help="default 0.5")
    make.add_argument("--no-voice", dest="voice", action="store_false", default=None)
    make.add_argument("--no-music", dest="music", action="store_false", default=None)
    make.add_argument("--headline", metavar="TEXT", help="of the end card; default: the title")
    make.add_argument(
        "--call-to-action", "--cta", metavar="TEXT", help="the end card's button, said in an ad"
    )
    make.add_argument(
        "--card-style", help=f"{list_choices(CARD_CHOICES, 'auto')}; auto is by style"
    )
    make.add_argument("--card-colour", metavar="#RRGGBB", help="a brand's colour")
    make.add_argument(
        "--missing", help="in place of a clip that can't be made: pan (default), title or omit"
    )
    make.add_argument("--clip-sound", action="store_true", default=None)


def _add_extent(make: argparse.ArgumentParser) -> None:
    make.add_argument(
        "--workflow",
        help="full (default), plan_only, storyboard_only, or video_only from your own pictures",
    )
    make.add_argument(
        "--review",
        action="append",
        metavar="WHAT",
        help="stop at it until `storywave approve`: plan or storyboard; repeatable",
    )


def _add_money(make: argparse.ArgumentParser) -> None:
    make.add_argument("--tier", help="of paid models: draft, standard (default) or best")
    make.add_argument(
        "--model",
        action="append",
        metavar="KIND=NAME",
        help="a paid model by name, as clip=google/veo-3.1; also plan, image, voice, words, music",
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
