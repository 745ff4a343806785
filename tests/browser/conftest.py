"""A real Chromium on a real server: `storywave up` with the local engine, on loopback."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from benchmarks.provider import StandInProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

PATIENCE_MS = 90_000
"""For a film of some seconds to be made, on a machine that does other things too."""

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) {
      window.shifts.push([entry.value, entry.sources.map((s) => s.node?.className || "").join()]);
    }
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Tab:
    """A page in the browser, what its console said, and which writes could be made twice."""

    page: "Page"
    said: list[str] = field(default_factory=list)
    keyless: list[str] = field(default_factory=list)

    def look_at(self, request: "Request") -> None:
        """Note a POST that is not made once for all: its answer may get lost on the way."""
        if request.method == "POST" and "idempotency-key" not in request.headers:
            self.keyless.append(request.url)

    def open(self, path: str = "/") -> "Page":
        self.page.goto(path)
        return self.page


def find_chromium() -> str | None:
    """Return where a Chromium is, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    named = os.environ.get("STORYWAVE_CHROMIUM")
    return named or next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    program = find_chromium()
    if program is None:
        pytest.skip("there is no Chromium: install it, or name it in STORYWAVE_CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    # as root, as in a container, Chromium can't make a sandbox of its own
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, browser: "Browser") -> Iterator[str]:
    """The address of a server of our own."""
    fetching = {"STORYWAVE_FETCH_LOOPBACK": "1"}  # links to files of a test
    with serve(tmp_path_factory.mktemp("site"), fetching) as address:
        yield address


@pytest.fixture
def dear_site(tmp_path: Path, browser: "Browser") -> Iterator[str]:
    """The address of a server that buys at the stand-in for Replicate."""
    provider = StandInProcess(tmp_path / "replicate", pace=60.0)
    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop in this one
        thread.submit(lambda: asyncio.run(provider.start(0))).result()
    try:
        with serve(tmp_path / "data", provider.environment) as address:
            yield address
    finally:
        provider.stop()


@contextmanager
def serve(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Give the address of `storywave up` on a folder."""
    folder.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "services.cli", "up", "--data", str(folder)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--port", str(port)],
            stderr=log,
            stdout=log,
            env={**os.environ, **(environment or {})},
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", server, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_until_ready(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Another process tells nobody when it is so far: look again, for half a minute at most."""
    for _ in range(300):
        assert server.poll() is None, log.read_text()[-2000:]
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        time.sleep(0.1)
    raise TimeoutError(log.read_text()[-2000:])


@pytest.fixture(scope="session")
def film(site: str) -> str:
    """The id of a finished video, made once for all tests that only look at one."""
    asked = {"prompt": "A lighthouse keeper paints the sea. A storm comes.", "duration": 8}
    video: str = httpx.post(f"{site}/v1/videos", json=asked).json()["id"]
    for _ in range(PATIENCE_MS // 250):
        now: dict[str, Any] = httpx.get(f"{site}/v1/videos/{video}").json()
        if now["status"] == "completed":
            return video
        assert now["status"] in {"queued", "running"}, now
        time.sleep(0.25)
    raise TimeoutError(f"the film is not there: {now}")


@pytest.fixture
def tab(browser: "Browser", site: str) -> Iterator[Tab]:
    """A page in a profile of its own; its console must not say that something broke."""
    context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    context.add_init_script(WATCH_SHIFTS)
    opened = Tab(context.new_page())
    opened.page.on(
        "console", lambda line: opened.said.append(line.text) if line.type == "error" else None
    )
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("request", opened.look_at)
    yield opened
    context.close()
    assert not opened.said
    assert not opened.keyless
