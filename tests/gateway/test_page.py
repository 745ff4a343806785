"""The page as the gateway sends it: small, kept by content, and nothing of another host."""

import json
import re
from html import unescape

from services.gateway.webpage import FILES, FOLDER, VERSION
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem

ADDRESS = re.compile(r'(?:src|href)="([^"]+)"')
MOST_BYTES = 200_000


async def test_the_page_names_files_that_are_there_and_kept_for_ever(api: Api) -> None:
    page = await api.http.get("/")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    loaded = [at for at in ADDRESS.findall(page.text) if at.startswith("/page/")]
    assert len(loaded) >= len(FILES)
    for address in loaded:
        file = await api.http.get(address)
        assert file.status_code == 200 and "immutable" in file.headers["cache-control"]


async def test_all_of_the_page_is_small(api: Api) -> None:
    page = await api.http.get("/")
    assert len(page.content) + sum(len(file.data) for file in FILES.values()) < MOST_BYTES


async def test_the_page_loads_nothing_of_another_host(api: Api) -> None:
    texts = [(FOLDER / name).read_text() for name in [*FILES, "index.html"]]
    for text in texts:
        found = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text))
        assert found <= {"http://www.w3.org", "//www.w3.org"}  # the name of a kind of element
        assert "innerHTML" not in text and "insertAdjacentHTML" not in text


async def test_a_browser_that_has_the_page_is_told_so(api: Api) -> None:
    tag = (await api.http.get("/")).headers["etag"]
    assert (await api.http.get("/", headers={"if-none-match": tag})).status_code == 304


async def test_the_page_knows_what_the_api_can_be_asked_for(api: Api) -> None:
    page = (await api.http.get("/")).text
    known = json.loads(unescape(re.findall(r'<template id="known">(.*?)</template>', page)[0]))
    assert "POST /v1/videos" in known["operations"]
    assert known["fields"]["aspect"] == ["9:16", "16:9", "1:1"]
    assert "cinematic" in known["fields"]["style"]


async def test_another_version_s_page_gets_its_files_but_does_not_keep_them(api: Api) -> None:
    answer = await api.http.get("/page/older/app.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    is_problem(await api.http.get(f"/page/{VERSION}/secret.py"), 404, "no-such-part")
    is_problem(await api.http.get(f"/page/{VERSION}/..%2fapp.py"), 404, "no-such-path")
