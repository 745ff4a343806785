"""What tests do at the page, and what they ask of it."""

import io
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOKS = (Path(__file__).parent / "looks.js").read_text()


def ask(page: "Page", what: str) -> Any:
    page.evaluate(LOOKS)
    return page.evaluate(what)


def wait_until(page: "Page", what: str) -> None:
    """Playwright's own would compile its text within the page, which the page's policy refuses."""
    for _ in range(300):
        if page.evaluate(what):
            return
        page.wait_for_timeout(50)
    raise TimeoutError(what)


def change_beat(page: "Page", beat: int, way: str = "Edit") -> None:
    page.get_by_role("button", name=f"Change beat {beat}").click()
    page.locator(".change-place").get_by_role("radio", name=way).check()


def read_request(page: "Page", site: str) -> Any:
    """Return what the server was asked for, by the video that is shown."""
    return httpx.get(f"{site}/v1/videos/{page.url.rpartition('/')[2]}").json()["request"]


def make_tone(seconds: int) -> bytes:
    """Return a recording: a WAV file of noise, which is no silence."""
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(24_000)
        sound.writeframes(bytes(range(64)) * (seconds * 24_000 * 2 // 64))
    return data.getvalue()


class Files(SimpleHTTPRequestHandler):
    """Serves a folder, and tells nobody."""

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Give the address of a folder, on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=folder))
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def show_states(page: "Page", path: str) -> Iterator[str]:
    """Show what a page can show, one after the other, and yield what it is."""
    yield path
    if path == "/":
        for source in ("Script", "Product"):
            page.get_by_role("radio", name=source).check()
            yield source
    if "videos" in path:
        page.get_by_role("button", name="Change beat 0").click()
        ways = page.locator(".change-head input")
        for n in range(ways.count()):
            ways.nth(n).check()
            page.wait_for_selector(".change .notice, .takes")
            yield f"{path}, change {n}"


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect as check

    return check(locator)
