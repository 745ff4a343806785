"""The page in a real Chromium: a video is made, watched, played; and everybody can use it."""

import io
import re
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.browser.conftest import PATIENCE_MS, Tab
from tests.pictures import product

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LOOKS = (Path(__file__).parent / "looks.js").read_text()
FIRST_PAINT_MS = 1_000
MOST_BYTES = 200_000
MOST_SHIFT = 0.01
"""Of the window's area: a tenth of what is counted as good."""
MOST_SHIFT_WHILE_MADE = 0.1
"""What is counted as good."""


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

    def log_message(self, format: str, *args: object) -> None: ...


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


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect as check

    return check(locator)


def test_a_video_is_made_watched_played_and_its_receipt_read(tab: Tab) -> None:
    page = tab.open()
    page.get_by_label("What the video should show").fill("Two friends sail to an island at dawn.")
    page.get_by_label("Length in seconds").fill("8")
    expect(page.get_by_text("Free", exact=True)).to_be_visible()
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_url(re.compile(r"#/videos/\w+"))
    # it fills in while it is watched
    expect(
        page.get_by_role("heading", name="Beat 0").or_(page.get_by_text("Beat 0")).first
    ).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".beat img").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".bar-of").first).to_be_visible()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    # and is played
    film = page.locator("video.frame")
    expect(film).to_be_visible()
    film.evaluate("(film) => { film.muted = true; return film.play(); }")
    wait_until(page, "document.querySelector('video.frame').currentTime > 0.3")
    assert 7 < film.evaluate("(film) => film.duration") < 9
    tracks = "(film) => { film.textTracks[0].mode = 'showing'; return film.textTracks.length; }"
    assert film.evaluate(tracks) == 1
    wait_until(page, "document.querySelector('video.frame').textTracks[0].cues?.length > 0")
    # what it cost, and what happened
    page.locator("summary", has_text="Receipt").click()
    expect(page.get_by_text("No attempt was paid for")).to_be_visible()
    page.locator("summary", has_text="Log").click()
    expect(page.locator(".log li").first).to_be_visible()
    expect(page.get_by_role("heading", name="What the film waited for")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name=re.compile("^Film")).click()
    assert saved.value.suggested_filename.endswith(".mp4")
    # the list knows it too
    page.get_by_role("link", name="← All videos").click()
    expect(page.locator(".card").first).to_contain_text("Finished")
    expect(page.locator(".card img").first).to_be_visible()


def test_a_video_is_paused_resumed_and_cancelled(tab: Tab) -> None:
    page = tab.open()
    page.get_by_label("What the video should show").fill("A slow train through the snow.")
    page.get_by_label("Length in seconds").fill("60")
    page.get_by_role("button", name="Make the video").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".head .pill")).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".head .pill")).to_have_text(re.compile("Being made|Queued"))
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.get_by_role("button", name="Cancel the video").click()
    expect(page.locator(".head .pill")).to_have_text("Cancelled")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_video_is_deleted_after_a_question(tab: Tab) -> None:
    page = tab.open()
    page.get_by_label("What the video should show").fill("A kite over the dunes.")
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_url(re.compile(r"#/videos/\w+"))
    video = page.url
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("alertdialog")).to_contain_text("There is no way back")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("alertdialog")).not_to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete the video").click()
    page.wait_for_url(re.compile(r"#/$"))
    page.goto(video)
    expect(page.locator("main")).to_contain_text(
        re.compile("was deleted|is being deleted"), timeout=PATIENCE_MS
    )
    tab.said.clear()  # the browser itself notes each answer that is no success


def test_a_storyboard_is_watched_and_approved_before_its_film_is_made(tab: Tab) -> None:
    page = tab.open()
    page.get_by_label("What the video should show").fill("A heron stands in the rain.")
    page.get_by_label("Length in seconds").fill("5")
    page.locator("summary", has_text="More choices").click()
    page.get_by_label("The storyboard", exact=True).check()
    page.get_by_role("button", name="Make the video").click()
    pill = page.locator(".head .pill")
    expect(pill).to_have_text("Waits for your approval", timeout=PATIENCE_MS)
    expect(page.get_by_text("No clip is made before.")).to_be_visible()
    animatic = page.locator("video.frame[aria-label='The animatic']")
    expect(animatic).to_be_visible(timeout=PATIENCE_MS)
    animatic.evaluate("(film) => { film.muted = true; return film.play(); }")
    wait_until(page, "document.querySelector('video.frame').currentTime > 0.3")
    page.get_by_role("button", name="Approve the storyboard").click()
    expect(pill).to_have_text("Finished", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Go on to the film")).to_have_count(0)


def test_a_plan_is_changed_and_a_step_skipped_and_taken_back_before_it_is_approved(
    tab: Tab,
) -> None:
    page = tab.open()
    page.get_by_label("What the video should show").fill("A heron stands in the fog.")
    page.get_by_label("Length in seconds").fill("5")
    page.locator("summary", has_text="More choices").click()
    page.get_by_label("The plan", exact=True).check()
    page.get_by_role("button", name="Make the video").click()
    pill, music = page.locator(".head .pill"), page.get_by_label("Of the whole film")
    expect(pill).to_have_text("Waits for your approval", timeout=PATIENCE_MS)
    expect(music).to_have_text(re.compile("Music: waiting"))
    change_beat(page, 0)
    page.get_by_label("What is said").fill("It waits for a fish.")
    expect(page.locator(".change .notice")).to_contain_text("No cost. ")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".head-status")).to_contain_text("revision 2", timeout=PATIENCE_MS)
    page.locator("summary", has_text="Skip a step").click()
    page.get_by_role("button", name="Skip: the music").click()
    expect(music).to_have_text(re.compile("Music: skipped"), timeout=PATIENCE_MS)
    page.get_by_role("button", name="Skip: the voice of beat 0").click()
    expect(page.locator(".beat").first).to_contain_text("Voice: skipped", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Take back: the music").click()
    expect(music).to_have_text(re.compile("Music: waiting"), timeout=PATIENCE_MS)
    expect(pill).to_have_text("Waits for your approval")
    page.keyboard.press("Escape")
    expect(page.locator(".menu-inside")).to_be_hidden()
    page.get_by_role("button", name="Approve the plan").click()
    expect(pill).to_have_text("Finished", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Play the music")).to_be_visible()
    expect(page.locator(".beat").first).to_contain_text("It waits for a fish.")
    expect(page.get_by_role("button", name="Play the voice")).to_have_count(0)


def test_a_plan_alone_is_continued_to_its_storyboard_and_to_the_film(tab: Tab) -> None:
    page = tab.open()
    page.get_by_label("What the video should show").fill("A heron stands in the sun.")
    page.get_by_label("Length in seconds").fill("5")
    page.locator("summary", has_text="More choices").click()
    page.get_by_label("Make", exact=True).select_option("plan_only")
    page.get_by_role("button", name="Make the video").click()
    expect(page.locator(".head .pill")).to_have_text("Plan is ready", timeout=PATIENCE_MS)
    expect(page.get_by_text("The plan is there")).to_be_visible()
    page.get_by_role("button", name="Draw the storyboard").click()
    expect(page.locator(".head-status")).to_contain_text("revision 2")
    expect(page.locator(".head .pill")).to_have_text("Storyboard is ready", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Go on to the film").click()
    expect(page.locator(".head-status")).to_contain_text("revision 3")
    expect(page.locator(".head .pill")).to_have_text("Finished", timeout=PATIENCE_MS)
    expect(page.locator("video.frame")).to_be_visible()


def test_a_price_is_told_before_a_cap_is_held_and_raised_and_each_cent_accounted_for(
    dear_site: str, tab: Tab
) -> None:
    page = tab.open(dear_site)
    page.get_by_label("What the video should show").fill("A fox in the snow. It finds a bell.")
    page.get_by_label("Length in seconds").fill("10")
    expect(page.locator(".price strong")).to_contain_text(re.compile(r"Up to \$[0-9.]+"))
    expect(page.locator(".price")).to_contain_text("Nothing is spent without a budget")
    page.locator("summary", has_text="More choices").click()
    page.get_by_label("Most it may cost, in dollars").fill("0.20")
    expect(page.locator(".price")).to_contain_text("more than its budget of $0.20")
    page.get_by_role("button", name="Make the video").click()
    expect(page.locator(".head .pill")).to_have_text("Waits for money", timeout=PATIENCE_MS)
    expect(page.locator(".side")).to_contain_text("of at most $0.20")
    page.locator("summary", has_text="Receipt").click()
    expect(page.locator(".receipt tbody tr")).to_have_count(1)  # the plan
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".head .pill")).to_have_text("Being made")
    expect(page.locator(".receipt tbody tr")).not_to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(".receipt tbody")).to_contain_text("Image of beat 0")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the video").click()
    expect(page.locator(".head .pill")).to_have_text("Cancelled")


def test_a_beat_is_made_anew_and_its_former_take_is_chosen_again(tab: Tab, film: str) -> None:
    page = tab.open(f"/#/videos/{film}")
    page.wait_for_selector(".beat img")
    first = page.locator(".beat img").first.get_attribute("data-media")
    change_beat(page, 0, "Make anew")
    expect(page.locator(".change .notice")).to_contain_text("made again: image of beat 0")
    page.get_by_role("button", name="Make it anew").click()
    expect(page.locator(".head-status")).to_contain_text("revision 2")
    expect(page.locator(".head .pill")).to_have_text("Finished", timeout=PATIENCE_MS)
    assert page.locator(".beat img").first.get_attribute("data-media") != first
    change_beat(page, 0, "Takes")
    page.get_by_role("button", name="Use Image, take 1").click()
    expect(page.locator(".head-status")).to_contain_text("revision 3")
    expect(page.locator(".head .pill")).to_have_text("Finished", timeout=PATIENCE_MS)
    assert page.locator(".beat img").first.get_attribute("data-media") == first


def test_a_change_of_words_is_priced_before_it_is_made(tab: Tab, film: str) -> None:
    page = tab.open(f"/#/videos/{film}")
    page.wait_for_selector(".beat img")
    change_beat(page, 0)
    page.get_by_label("What is said").fill("She paints until the light is gone.")
    expect(page.locator(".change-place .notice")).to_contain_text("No cost. ")
    expect(page.locator(".change-place .notice")).to_contain_text("voice of beat 0")
    page.locator(".change-place").get_by_role("button", name="Close").click()
    expect(page.locator(".change-place")).to_have_count(0)


def test_a_key_is_made_used_and_revoked(tab: Tab, film: str) -> None:
    page = tab.open("/#/keys")
    page.get_by_label("Owner").fill("local")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Make the key").click()
    token = page.locator(".keys .mono.wraps").inner_text()
    page.get_by_label("Your key").fill(token)
    page.get_by_role("button", name="Use this key").click()
    # what a key shows is fetched with it: pictures, and the film by a signed link
    page.goto(f"/#/videos/{film}")
    wait_until(page, "document.querySelector('.beat img')?.naturalWidth > 0")
    page.locator("video.frame").evaluate("(film) => { film.muted = true; return film.play(); }")
    wait_until(page, "document.querySelector('video.frame').currentTime > 0.2")
    page.goto("/#/keys")
    expect(page.get_by_text("as viewer")).to_be_visible()
    page.get_by_role("button", name="Forget it").click()
    page.get_by_role("button", name=re.compile("^Revoke")).first.click()
    expect(page.get_by_text("revoked")).to_be_visible()


def test_nothing_jumps_while_the_page_and_its_pictures_load(tab: Tab, film: str) -> None:
    for path in ("/", f"/#/videos/{film}"):
        page = tab.open("about:blank") and tab.open(path)
        page.wait_for_selector(".card img, .beat img")
        wait_until(page, "[...document.images].every((image) => image.complete)")
        page.wait_for_timeout(300)
        shifts = page.evaluate("window.shifts")
        assert sum(shift for shift, _ in shifts) < MOST_SHIFT, (path, shifts)


def test_little_jumps_while_a_video_is_planned_and_drawn(tab: Tab) -> None:
    page = tab.open()
    page.get_by_label("What the video should show").fill("Bees dance. A queen watches.")
    page.get_by_label("Length in seconds").fill("10")
    expect(page.locator(".price strong")).to_be_visible()
    page.get_by_role("button", name="Make the video").click()
    expect(page.locator(".head .pill")).to_have_text("Finished", timeout=PATIENCE_MS)
    shifts = page.evaluate("window.shifts")
    # what there is more of (beats, lanes, ways to save) makes room for itself once
    assert sum(shift for shift, _ in shifts) < MOST_SHIFT_WHILE_MADE, shifts


def test_the_first_paint_is_soon_and_the_page_is_small(tab: Tab) -> None:
    page = tab.open()
    page.wait_for_selector(".maker")
    painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    wait_until(page, painted)
    first, weight = page.evaluate(painted), ask(page, "window.weigh()")
    print(f"FIGURE page first_paint_ms={first:.0f} bytes={weight}")
    assert first < FIRST_PAINT_MS
    assert 10_000 < weight < MOST_BYTES


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_texts_can_be_read_and_all_controls_have_names(tab: Tab, film: str, theme: str) -> None:
    tab.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for path in ("/", f"/#/videos/{film}", "/#/keys"):
        page = tab.open("about:blank") and tab.open(path)
        page.wait_for_selector(".card, .beat, .keys")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.wait_for_timeout(100)
        assert page.locator("html").get_attribute("data-theme") == theme
        assert ask(page, "window.listPale()") == [], path
        assert ask(page, "window.listNameless()") == [], path


def test_the_theme_can_be_switched_and_is_kept(tab: Tab) -> None:
    page = tab.open()
    page.get_by_role("button", name="Use the dark theme").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Use the light theme").click()
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_a_phone_shows_all_of_it_without_scrolling_sideways(tab: Tab, film: str) -> None:
    tab.page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", f"/#/videos/{film}", "/#/keys"):
        page = tab.open("about:blank") and tab.open(path)
        page.wait_for_selector(".card, .beat, .keys")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 360, path


def test_the_keyboard_reaches_the_content_and_reads_the_timeline(tab: Tab, film: str) -> None:
    page = tab.open(f"/#/videos/{film}")
    page.wait_for_selector(".bar-of")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.locator(".beat").first).to_be_visible()
    if page.get_by_label("Revision").count():  # another test has changed the film since
        page.get_by_label("Revision").select_option("1")
    expect(page.locator(".bar-of[tabindex='0']")).to_have_accessible_name(re.compile("plan", re.I))
    page.locator(".bar-of[tabindex='0']").focus()
    expect(page.locator(".bar-said strong")).to_contain_text("plan", ignore_case=True)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".bar-said strong")).not_to_contain_text("plan", ignore_case=True)
    assert page.locator(".bar-of[tabindex='0']").count() == 1


def test_what_users_write_is_never_taken_for_markup(tab: Tab, site: str) -> None:
    evil = "<img src=x onerror='window.broken = true'><b>A fox</b> runs. javascript:alert(1)"
    page = tab.open()
    page.get_by_label("What the video should show").fill(evil)
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_url(re.compile(r"#/videos/\w+"))
    expect(page.locator(".details dd").first).to_have_text(evil)
    assert page.evaluate("window.broken") is None
    assert page.locator("main b, main img[src='x']").count() == 0
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the video").click()
    expect(page.locator(".head .pill")).to_have_text("Cancelled")


SCRIPT = """Title: The Lamp

INT. LIGHTHOUSE - NIGHT

Mara lights the lamp. The wind rises.

MARA
The sea is coming for us tonight.

EXT. PIER - DAWN

Tom rows out into the fog.

TOM
Who keeps the light, if not you?
"""


def test_files_are_looked_at_as_soon_as_they_are_chosen(tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "lamp.fountain").write_text(SCRIPT)
    (tmp_path / "cup.png").write_bytes(product((300, 200)))
    page = tab.open()
    page.get_by_role("radio", name="Script").check()
    page.get_by_label("Or a file", exact=True).set_input_files(tmp_path / "lamp.fountain")
    expect(page.get_by_text("The Lamp: 2 scenes, 2 characters")).to_be_visible()
    expect(page.locator(".price strong")).to_have_text("Free")
    page.get_by_role("radio", name="Product").check()
    picture = page.get_by_label("Picture", exact=True)
    picture.set_input_files(tmp_path / "cup.png")
    expect(page.get_by_text("300 × 200 pixels")).to_be_visible()
    (tmp_path / "none.png").write_bytes(b"no picture")
    picture.set_input_files(tmp_path / "none.png")
    expect(page.locator(".source .bad-text")).not_to_be_empty()
    picture.set_input_files(tmp_path / "lamp.fountain")
    expect(page.locator(".source .bad-text")).to_have_text("That is no picture.")
    tab.said.clear()  # the browser itself notes each answer that is no success


def test_a_picture_by_its_link_and_a_recording_of_ones_own_take_their_beats(
    tab: Tab, site: str, tmp_path: Path
) -> None:
    (tmp_path / "cup.png").write_bytes(product((300, 200)))
    (tmp_path / "words.wav").write_bytes(make_tone(2))
    page = tab.open()
    page.get_by_label("What the video should show").fill("A heron stands. A heron flies.")
    page.locator("summary", has_text="Your own pictures").click()
    with serve_folder(tmp_path) as files:
        page.get_by_label("A file: a link to it", exact=True).fill(f"{files}/cup.png")
        page.keyboard.press("Enter")
        expect(page.locator(".own li")).to_contain_text("300 × 200 pixels")
    page.get_by_label("A file", exact=True).set_input_files(tmp_path / "words.wav")
    recording = page.locator(".own li", has_text="words.wav")
    recording.get_by_label("What is said in it").fill("Look, it flies.")
    recording.get_by_label("Beat").fill("1")
    expect(page.locator(".price strong")).to_have_text("Free")
    page.locator("summary", has_text="More choices").click()
    page.get_by_label("Make", exact=True).select_option("plan_only")
    page.get_by_role("button", name="Make the video").click()
    expect(page.locator(".head .pill")).to_have_text("Plan is ready", timeout=PATIENCE_MS)
    expect(page.locator(".beat").nth(1)).to_contain_text("Look, it flies.")
    own = read_request(page, site)["own"]
    assert [(one["index"], bool(one["image"]), bool(one["voice"])) for one in own] == [
        (0, True, False),
        (1, False, True),
    ]


def test_wishes_are_added_to_a_prompt_and_count_where_nothing_else_was_chosen(
    tab: Tab, site: str
) -> None:
    page = tab.open()
    box = page.get_by_label("What the video should show")
    page.get_by_role("button", name="Lisbon in spring").click()
    page.get_by_role("button", name="Calm music").click()
    page.get_by_role("button", name="No people").click()
    assert box.input_value() == "Lisbon in spring. Calm music. No people."
    page.get_by_role("button", name="No people").click()  # and is taken out
    assert box.input_value() == "Lisbon in spring. Calm music."
    box.fill(f"{box.input_value()} Make it 20 seconds.")
    expect(page.locator(".price")).to_contain_text("20 s")
    page.locator("summary", has_text="More choices").click()
    page.get_by_label("Make", exact=True).select_option("plan_only")
    page.get_by_role("button", name="Make the video").click()
    expect(page.locator(".head .pill")).to_have_text("Plan is ready", timeout=PATIENCE_MS)
    asked = read_request(page, site)
    assert (asked["mood"], asked["duration"]) == ("calm", 20)


def test_a_refusal_says_what_to_do(tab: Tab) -> None:
    page = tab.open()
    page.get_by_role("button", name="Make the video").click()
    expect(page.get_by_role("alert")).to_contain_text("Say first what the video should show")
    page.get_by_label("What the video should show").fill("A fox.")
    page.get_by_label("Length in seconds").fill("2")
    expect(page.locator(".price .notice")).to_contain_text("Duration")
    page.get_by_role("button", name="Make the video").click()
    expect(page.locator(".maker > div > .notice")).to_contain_text("Duration")
    tab.said.clear()  # the browser itself notes each answer that is no success


def test_without_a_connection_the_page_says_so_and_goes_on_by_itself(tab: Tab) -> None:
    page = tab.open()
    page.wait_for_selector(".list")
    page.context.set_offline(True)
    expect(page.get_by_text("No connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("No connection")).to_be_hidden()
    tab.said.clear()


def test_a_video_that_there_is_not_is_told_so(tab: Tab) -> None:
    page = tab.open("/#/videos/nothing")
    expect(page.get_by_role("alert")).to_contain_text("There is no video")
    tab.said.clear()
