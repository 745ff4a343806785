"""Kafka, MongoDB and an S3 server on loopback, up and down in seconds, without containers.

    python -m tests.cluster.servers up | down [--wipe] | status | restart kafka|mongo|s3
    python -m tests.cluster.servers run COMMAND...   (on fresh servers, gone when it ends)
    python -m tests.cluster.servers run --sets 2 COMMAND...   (on several of each: see lanes.py)

Tests use `Servers`: kill one with SIGKILL, bring it back on the same port with the same data.
Data, logs, ports and pids lie in `.cluster/` of the checkout; downloads in a shared cache.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.cluster import config, downloads, health
from tests.cluster.config import NAMES, Name, Ports
from tests.cluster.processes import (
    Process,
    free_ports,
    port_is_free,
    read_pid_file,
    spawn,
    stop,
    wait_until,
    write_pid_file,
)

START_SECONDS = 60.0
CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER_VARIABLE = "STORYWAVE_CLUSTER_FOLDER"
SETS_VARIABLE = "STORYWAVE_CLUSTER_SETS"
"""The folders of all sets of servers that `run` started, where these are several."""


class ServerFailed(Exception):
    """A server did not come up; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The three servers of one folder; every call may be repeated."""

    folder: Path = CHECKOUT / ".cluster"

    @classmethod
    def of_this_run(cls) -> "Servers":
        """Those that `run` started for this process, else those of the checkout."""
        return cls(Path(os.environ.get(FOLDER_VARIABLE) or CHECKOUT / ".cluster"))

    def up(self) -> dict[str, str]:
        """Start what is not running; returns the environment for the services."""
        with self._alone():
            for name in NAMES:
                self._start(name)
        environment = self.env()
        (self.folder / "env").write_text(config.environment_file(environment))
        return environment

    def down(self, *, wipe: bool = False) -> None:
        """Stop what is running; with `wipe`, forget its data and ports too."""
        if not self.folder.exists():
            return
        with self._alone():
            for name in NAMES:
                self._stop(name)
        if wipe:
            shutil.rmtree(self.folder)

    def kill(self, name: Name) -> None:
        """SIGKILL: what a power cut does to the process."""
        with self._alone():
            self._stop(name, now=True)

    def restart(self, name: Name) -> None:
        """Bring it back, whether it runs or not, on the same port with the same data."""
        with self._alone():
            self._stop(name)
            self._start(name)

    def env(self) -> dict[str, str]:
        """The environment variables with which our services find these servers."""
        return config.service_environment(self.ports())

    def process(self, name: Name) -> Process | None:
        """The running server, if it is the one that this folder's pid file names."""
        return read_pid_file(self.folder / f"{name}.pid")

    def log(self, name: Name) -> Path:
        return self.folder / f"{name}.log"

    def ports(self) -> Ports:
        """Chosen once and kept, so that addresses survive restarts."""
        file = self.folder / "ports.json"
        if not file.exists():
            file.write_text(Ports(*free_ports(6)).dump())
        try:
            return config.load_ports(file.read_text())
        except TypeError as error:
            raise ServerFailed(
                f"{file} is of another version: stop the servers with `down --wipe`"
            ) from error

    def _alone(self) -> AbstractContextManager[None]:
        """Two commands at once take turns."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return downloads.exclusive(self.folder / "lock")

    def _start(self, name: Name) -> None:
        if self.process(name):
            self._await(name)
            print(f"{name}: already up", flush=True)
            return
        began = time.monotonic()
        command = self._command(name)
        self._refuse_taken_ports(name)
        process = spawn(command, _environment(), self.log(name))
        if process is None:
            raise ServerFailed(self._why(name, "ended at once"))
        write_pid_file(self.folder / f"{name}.pid", process)
        self._await(name)
        took = time.monotonic() - began
        port = self.ports().of(name)[0]
        print(
            f"{name}: up on 127.0.0.1:{port} as process {process.pid} in {took:.1f} s", flush=True
        )

    def _await(self, name: Name) -> None:
        """Wait until it serves, but no longer than it lives."""
        ports = self.ports()
        wait_until(lambda: not self.process(name) or health.serves(name, ports), START_SECONDS)
        if not self.process(name):
            raise ServerFailed(self._why(name, "ended while starting"))
        if not health.serves(name, ports):
            self._stop(name)
            raise ServerFailed(self._why(name, f"did not answer within {START_SECONDS:.0f} s"))

    def _stop(self, name: Name, *, now: bool = False) -> None:
        process = self.process(name)
        if process:
            stop(process, now=now)
            how = "killed" if now else "stopped"
            print(f"{name}: {how}, process {process.pid}", flush=True)
        (self.folder / f"{name}.pid").unlink(missing_ok=True)

    def _command(self, name: Name) -> list[str]:
        """Fetch the server if need be, lay out its folder, and say how to start it."""
        data = self.folder / name
        data.mkdir(exist_ok=True)
        if name == "mongo":
            return config.mongo_command(downloads.mongod(), self.ports(), data)
        if name == "s3":
            return config.s3_command(downloads.versitygw(), self.ports(), data)
        return self._kafka_command(data)

    def _kafka_command(self, data: Path) -> list[str]:
        jars, properties = downloads.kafka_jars(), self.folder / "server.properties"
        properties.write_text(config.server_properties(self.ports(), data))
        if not (data / "meta.properties").exists():
            with self.log("kafka").open("a") as log:
                command = config.kafka_format_command(jars, properties)
                if subprocess.run(command, check=False, stdout=log, stderr=log).returncode:
                    raise ServerFailed(self._why("kafka", "could not format its data folder"))
        return config.kafka_command(jars, properties)

    def _refuse_taken_ports(self, name: Name) -> None:
        for port in self.ports().of(name):
            # A server killed a moment ago may hold its port for a breath longer.
            if not wait_until(partial(port_is_free, port), 2):
                raise ServerFailed(
                    f"{name}: port {port} on 127.0.0.1 is in use by another process: stop that "
                    f"process, or delete {self.folder} to start afresh on other ports"
                )

    def _why(self, name: Name, what: str) -> str:
        said = self.log(name).read_text(errors="replace")[-2000:] if self.log(name).exists() else ""
        return f"{name} {what}. The end of {self.log(name)}:\n{said}"


def _environment() -> Mapping[str, str]:
    return os.environ | {
        "ROOT_ACCESS_KEY": config.ACCESS_KEY,
        "ROOT_SECRET_KEY": config.SECRET_KEY,
    }


def _run(command: list[str], sets: int) -> int:
    """The command's exit code; the servers' logs are kept when it is not zero."""
    folder = Path(tempfile.mkdtemp(prefix="storywave-cluster-"))
    started, code = [Servers(folder / str(number)) for number in range(sets)], 1
    try:
        environment, *_ = [servers.up() for servers in started]
        environment[FOLDER_VARIABLE] = str(started[0].folder)
        environment[SETS_VARIABLE] = os.pathsep.join(str(each.folder) for each in started)
        code = subprocess.run(command, check=False, env=os.environ | environment).returncode
    finally:
        # Silently: what the command printed last is what its reader looks for.
        with redirect_stdout(None):
            for servers in started:
                servers.down(wipe=code == 0)
        if code:
            print(f"data and logs of the servers are kept in {folder}", file=sys.stderr)
        else:
            folder.rmdir()
    return code


def _status(servers: Servers) -> int:
    """Print one line a server; the exit code is the number that are down."""
    down = 0
    for name in NAMES:
        process = servers.process(name)
        down += process is None
        print(f"{name}: up as process {process.pid}" if process else f"{name}: down")
    return down


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.servers")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start what is not running and print the environment")
    down = commands.add_parser("down", help="stop what is running")
    down.add_argument("--wipe", action="store_true", help="delete data, logs and ports too")
    run = commands.add_parser("run", help="start fresh servers for one command, then stop them")
    run.add_argument("--sets", type=int, default=1, help="start so many of each")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    commands.add_parser("status", help="one line a server")
    commands.add_parser("restart", help="stop and start one").add_argument("name", choices=NAMES)
    return parser.parse_args()


def main() -> int:
    arguments, servers = _arguments(), Servers.of_this_run()
    # So that `finally` runs, and no server is left, when this process is told to end.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        if arguments.command == "up":
            print(config.environment_file(servers.up()), end="")
        elif arguments.command == "down":
            servers.down(wipe=arguments.wipe)
        elif arguments.command == "run":
            return _run(arguments.words, arguments.sets)
        elif arguments.command == "restart":
            servers.restart(arguments.name)
        else:
            return _status(servers)
    except (ServerFailed, downloads.DownloadFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
