"""The code of an earlier version, from the history of this checkout: what a rollout comes from."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.cluster.servers import CHECKOUT

EARLIER = "43ed0ce"
"""The last one in which each end marked its own row (decision 45), and nobody listened to words."""


def _read(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", "-C", str(CHECKOUT), *words], check=False, capture_output=True, timeout=60
    )


def _is_known() -> bool:
    try:
        return _read("cat-file", "-e", f"{EARLIER}^{{commit}}").returncode == 0
    except OSError:  # there is no git
        return False


needs_history = pytest.mark.skipif(
    not _is_known(), reason=f"this checkout has no history back to {EARLIER}"
)


def unpack_earlier(folder: Path) -> Path:
    """Lay the earlier code into a folder, and return it."""
    packed = _read("archive", EARLIER, "services", "shared")
    assert packed.returncode == 0, packed.stderr
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
