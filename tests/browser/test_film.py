"""A video is made, watched, changed, paid for and deleted in a real Chromium."""

import re

import pytest

from tests.browser.acts import change_beat, expect, wait_until
from tests.browser.conftest import PATIENCE_MS, Tab

pytestmark = pytest.mark.browser


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
