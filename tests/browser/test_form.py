"""The form in a real Chromium: what can be typed, chosen and given, and what is refused."""

import re
from pathlib import Path

import pytest

from tests.browser.acts import expect, make_tone, read_request, serve_folder
from tests.browser.conftest import PATIENCE_MS, Tab
from tests.pictures import product

pytestmark = pytest.mark.browser


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
    own = read_request(page, site)["beats"]
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
    expect(page.locator(".maker .notice")).to_be_focused()
    expect(page.locator(".maker .notice")).to_have_count(1)
    tab.said.clear()  # the browser itself notes each answer that is no success
