"""Takes the steps of the Dockerfile in an empty folder, without an engine, and runs the result.

python -m tools.image            build, then run the program and a service there

What this can't show is what an engine does: layers, the user, the limits of a container. The
Python is the one that runs this, in the place of the image's.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
OURS = re.compile(r"(?<![\w./-])/(?:opt/storywave|build|data)\b")
"""Folders of the image that steps name."""
NEEDS_ROOT = ("useradd", "chown")
"""Commands that make users: the steps run as whoever runs this."""


@dataclass
class Stage:
    """One stage of the image: a folder that stands for its root."""

    name: str
    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)

    def place(self, path: str) -> Path:
        """Return where a path of the image lies."""
        return self.root / str(PurePosixPath(self.workdir, path)).lstrip("/")

    def translate(self, text: str) -> str:
        """Return a text with the image's folders of ours as they are called here."""
        return OURS.sub(lambda found: f"{self.root}{found[0]}", text)


def read_steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile with what follows it, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), " ".join(rest.split())


def list_context(context: Path, ignore: Sequence[str]) -> list[str]:
    """Return the files that an engine would be sent: the last line that fits one decides."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=context,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [name for name in tracked.stdout.splitlines() if (context / name).is_file()]
    return [name for name in names if not _is_ignored(name, ignore)]


def _is_ignored(name: str, ignore: Sequence[str]) -> bool:
    ignored = False
    above = [str(path) for path in PurePosixPath(name).parents][:-1]
    for line in ignore:
        pattern = line.removeprefix("!").removeprefix("**/")
        if any(fnmatch(each, pattern) or each == pattern for each in (name, *above)):
            ignored = not line.startswith("!")
    return ignored


class Build:
    """Takes step after step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ignore = (ROOT / ".dockerignore").read_text().split()
        self._context = list_context(ROOT, ignore)
        self.stages: list[Stage] = []

    def run(self, steps: Iterator[tuple[str, str]]) -> Stage:
        """Return the last stage, once all steps are taken."""
        for word, rest in steps:
            print(f"== {word} {rest[:100]}", flush=True)
            getattr(self, f"_{word.lower()}", self._skip)(rest)
        return self.stages[-1]

    def _from(self, rest: str) -> None:
        _, _, name = rest.lower().partition(" as ")
        root = self._folder / f"stage{len(self.stages)}"
        root.mkdir()
        (root / "bin").mkdir()
        (root / "bin/python").symlink_to(Path(sys.executable).resolve())
        path = f"{root}/bin:{os.environ['PATH']}"
        self.stages.append(Stage(name, root, {"PATH": path, "HOME": str(root)}))

    def _env(self, rest: str) -> None:
        stage = self.stages[-1]
        for pair in rest.split():
            name, _, value = pair.partition("=")
            value = value.replace("$PATH", stage.environment["PATH"])
            stage.environment[name] = stage.translate(value)

    def _workdir(self, rest: str) -> None:
        self.stages[-1].workdir = rest
        self.stages[-1].place(".").mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        *options, last = rest.split()
        stage = self.stages[-1]
        if options[0].startswith("--from="):
            there = next(s for s in self.stages if s.name == options[0].removeprefix("--from="))
            # scripts name their Python by its place: in an image both places are the same one
            shutil.copytree(there.place(options[1]), stage.place(last), symlinks=True)
            _rename_within(stage.place(last), str(there.root), str(stage.root))
            return
        for name in self._context if options == ["."] else options:
            target = stage.place(last) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)

    def _run(self, rest: str) -> None:
        stage = self.stages[-1]
        commands = [c.strip() for c in rest.split("&&") if not c.strip().startswith(NEEDS_ROOT)]
        script = stage.translate(" && ".join(commands))
        subprocess.run(
            ["sh", "-ec", script], cwd=stage.place("."), env=_bare(stage.environment), check=True
        )

    def _entrypoint(self, rest: str) -> None:
        self.stages[-1].entrypoint = json.loads(rest)

    def _skip(self, rest: str) -> None:
        """USER, EXPOSE, CMD, LABEL: nothing to do here."""


def _rename_within(folder: Path, before: str, after: str) -> None:
    """Put another place into the scripts of an environment that was copied."""
    files = (path for path in (folder / "bin").iterdir() if path.is_file())
    scripts = (path for path in files if not path.is_symlink())
    for path in (*scripts, folder / "pyvenv.cfg"):
        data = path.read_bytes()
        if before.encode() in data:
            path.write_bytes(data.replace(before.encode(), after.encode()))


def _bare(environment: Mapping[str, str]) -> dict[str, str]:
    """Return this environment and how to reach package registries; nothing else of this machine."""
    kept = ("PIP_", "SSL_", "HTTP", "http", "NO_PROXY", "no_proxy", "REQUESTS_")
    found = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    config = Path.home() / ".config/pip/pip.conf"
    if config.exists():
        found.setdefault("PIP_CONFIG_FILE", str(config))
    return {**found, **environment}


def check(stage: Stage) -> None:
    """Run what was built: its version, all services in one process, and one service alone."""
    said = _call(stage, "--version")
    print(f"== {said.strip()}")
    assert said.startswith("storywave "), said
    with _Served(stage, {}, "up") as served:
        served.wait_for("/readyz", 200)
        served.wait_for("/docs/using.md", 200)  # the docs are packed too
    away = {"STORYWAVE_MODE": "cluster", "STORYWAVE_KAFKA": "127.0.0.1:9", "STORYWAVE_MONGO": AWAY}
    with _Served(stage, away, "service", "planner") as served:
        served.wait_for("/healthz", 200)
        served.wait_for("/readyz", 503)


AWAY = "mongodb://127.0.0.1:9/?replicaSet=rs0"


def _environment(stage: Stage, more: Mapping[str, str]) -> dict[str, str]:
    here = {"STORYWAVE_SCRATCH": str(stage.place("/tmp/storywave")), "STORYWAVE_HOST": "127.0.0.1"}
    return {**stage.environment, **here, **more}


def _call(stage: Stage, *words: str) -> str:
    ended = subprocess.run(
        [*stage.entrypoint, *words],
        cwd=stage.place("."),
        env=_environment(stage, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


class _Served:
    """A process of what was built, which is asked to leave at the end."""

    def __init__(self, stage: Stage, more: Mapping[str, str], *words: str) -> None:
        self._words, self._stage = words, stage
        self._environment = {**_environment(stage, more), "STORYWAVE_PORT": "18080"}

    def __enter__(self) -> "_Served":
        command = [*self._stage.entrypoint, *self._words]
        place = self._stage.place(".")
        self._process = subprocess.Popen(command, cwd=place, env=self._environment)
        return self

    def wait_for(self, path: str, status: int) -> None:
        deadline, seen = time.monotonic() + PATIENCE, 0
        while seen != status:
            assert self._process.poll() is None, "it has ended"
            assert time.monotonic() < deadline, f"{path} answers {seen} and not {status}"
            seen = _ask(f"http://127.0.0.1:18080{path}")
            time.sleep(0.2)
        print(f"== {' '.join(self._words)}: {path} answers {status}")

    def __exit__(self, *_: object) -> None:
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(PATIENCE)
        print(f"== {' '.join(self._words)}: ended with {code}, {time.monotonic() - began:.1f} s")
        assert code == 0, code


def _ask(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def main() -> int:
    """Build in an empty folder, run what came of it, and take the folder away."""
    with tempfile.TemporaryDirectory(prefix="storywave-image-") as folder:
        stage = Build(Path(folder)).run(read_steps((ROOT / "Dockerfile").read_text()))
        check(stage)
    print("the image's steps build it, and it runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
