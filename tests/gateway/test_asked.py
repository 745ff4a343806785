"""A request, as the answers repeat it."""

from services.gateway.asked import show_request
from tests.gateway.conftest import Api


async def test_a_request_is_shown_in_the_words_and_units_in_which_it_was_made(api: Api) -> None:
    wanted = {
        "prompt": "the sea",
        "missing": "omit",
        "budget": "1.5",
        "beats": [{"index": 0, "narration": "Listen."}],
    }
    made = await api.make_of(**wanted)
    shown = (await api.http.get(f"/v1/videos/{made}")).json()["request"]
    assert (shown["missing"], shown["budget"]) == ("omit", "1.50")
    assert [(beat["index"], beat["narration"]) for beat in shown["beats"]] == [(0, "Listen.")]
    assert not {"gaps", "own"} & {*shown}
    [listed] = (await api.http.get("/v1/videos")).json()["videos"]
    assert listed["request"] == shown


async def test_what_is_shown_is_the_brief_for_who_reads_on(api: Api) -> None:
    made = await api.make(missing="title", budget="2")
    shown = (await api.parts.videos.read_status(made, "local")).request
    assert shown.gaps == "title" and shown.budget == 2_000_000
    assert show_request(shown) == shown
