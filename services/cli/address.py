"""Where the server of a data folder is reached."""

import os
from pathlib import Path

from shared.runtime.settings import Settings
from shared.story.errors import BadInput

ADDRESS = "server"
"""The file of a data folder in which the server that runs on it has its address."""


def find_server(chosen: Settings) -> str:
    """Return the address of the server that these settings start, as it is reached from here."""
    if chosen.port == 0:
        raise BadInput("--port: name the port that `storywave up` has told", "port")
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    host = everywhere.get(chosen.host, chosen.host)
    return f"http://[{host}]:{chosen.port}" if ":" in host else f"http://{host}:{chosen.port}"


def read_address(data: Path) -> str:
    """Return where the server is reached that runs on a folder; nothing where none does."""
    try:
        process, _, address = (data / ADDRESS).read_text(encoding="utf-8").strip().partition(" ")
        holder = (data / "lock").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return address if process == holder else ""  # else it is of a server that was there before


def write_address(data: Path, address: str) -> None:
    """Note where the server is reached that runs on a folder, for commands that come to it."""
    (data / ADDRESS).write_text(f"{os.getpid()} {address}\n", encoding="utf-8")
