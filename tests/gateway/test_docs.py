"""The docs as the gateway serves them: every page, every problem, llms.txt."""

import re
import tomllib
from fnmatch import fnmatch
from html import unescape
from http import HTTPStatus
from pathlib import Path

import pytest

from services.gateway.app import openapi
from services.gateway.errors import callers, problems, repeated
from services.gateway.errors.problems import Refusal, explain_error, explain_http_error
from services.gateway.errors.table import PLACE, PROBLEMS
from services.gateway.pages import SHARE, read_pages
from services.gateway.routes.docs import LLMS, PAGES
from shared.story.codes import CODES
from tests.gateway.conftest import Api
from tools.image import list_context

ROOT = Path(__file__).parents[2]
OF_EITHER: dict[type[Refusal], set[str]] = {
    callers.NoKey: {"key-missing", "key-not-valid"},
    callers.LinkRefused: {"link-ended", "link-not-valid"},
}
"""Refusals whose code depends on what came."""


def find_all(cls: type[Refusal]) -> list[type[Refusal]]:
    return [each for sub in cls.__subclasses__() for each in (sub, *find_all(sub))]


def test_every_refusal_has_its_row_in_the_table() -> None:
    assert len(find_all(Refusal)) >= 25
    for cls in find_all(Refusal):
        assert (OF_EITHER.get(cls) or {cls.kind}) <= PROBLEMS.keys(), cls


def test_a_refusal_is_answered_with_the_status_that_its_page_names() -> None:
    assert explain_error(callers.NoKey(given=False), "/").status == 401
    assert explain_error(problems.NoSuchVideo("x"), "/").status == 404
    assert explain_error(problems.VideoGone("x"), "/").status == 410
    assert explain_error(repeated.TooManyKept(1), "/").status == 429
    assert explain_error(problems.Unreadable("x"), "/").status == 503


def test_every_other_problem_has_its_row_too() -> None:
    ours = {each.kind for each in find_all(Refusal) if each not in OF_EITHER}
    made = set().union(*OF_EITHER.values())
    made |= {explain_http_error(status, "", "/").code for status in HTTPStatus if status >= 400}
    source = "".join(Path(str(m.__file__)).read_text() for m in (problems, repeated, callers))
    made |= set(re.findall(r'_problem\(\d{3}, "([a-z-]+)"', source))
    made |= {explain_error(ValueError("x"), "/").code}
    assert ours | made == set(PROBLEMS)


@pytest.mark.parametrize("code", PROBLEMS)
async def test_the_type_of_a_problem_leads_to_a_page_that_says_what_to_do(
    api: Api, code: str
) -> None:
    answer = await api.http.get(f"{PLACE}/{code}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    plain = unescape(re.sub(r"<[^>]+>", "", answer.text))
    assert PROBLEMS[code].means.replace("`", "")[:30] in plain
    assert "What to do:" in plain
    assert f"## {code}\n" in PAGES["problems.md"].decode()


async def test_the_type_in_an_answer_can_be_followed(api: Api) -> None:
    problem = (await api.http.get("/v1/videos/none")).json()
    assert problem["type"].endswith(problem["code"])
    assert "no video of this id" in (await api.http.get(problem["type"])).text
    assert problem["code"] in (await api.http.get(PLACE)).text


async def test_every_page_of_the_docs_is_served_as_it_is_written(api: Api) -> None:
    names = [path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")]
    assert len(names) > 40
    for name in names:
        answer = await api.http.get(f"/docs/{name}")
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert answer.content == (ROOT / "docs" / name).read_bytes()
    assert (await api.http.get("/docs/openapi.json")).json() == openapi()


@pytest.mark.parametrize("name", ["none.md", "../README.md", "%2e%2e/README.md", "page", ""])
async def test_nothing_else_is_served_there(api: Api, name: str) -> None:
    assert (await api.http.get(f"/docs/{name}")).status_code == 404


async def test_llms_txt_names_every_page_and_each_of_its_links_leads_somewhere(api: Api) -> None:
    answer = await api.http.get("/llms.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == LLMS == (ROOT / "llms.txt").read_text()
    links = re.findall(r"\]\(([^)]+)\)", answer.text)
    assert {link.removeprefix("docs/") for link in links} == set(PAGES)
    for link in links:
        assert (await api.http.get(f"/{link}")).status_code == 200


def test_every_page_is_packed_into_the_wheel_and_reaches_the_image() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    globs = [glob for globs in packed["data-files"].values() for glob in globs]
    ignore = (ROOT / ".dockerignore").read_text().split()
    context = set(list_context(ROOT, ignore))
    assert SHARE in packed["data-files"]
    for name in PAGES:
        assert any(fnmatch(f"docs/{name}", glob) for glob in globs), name
        assert f"docs/{name}" in context
    assert not any(name.endswith((".webp", ".png")) for name in context if "docs/" in name)


def test_a_folder_without_pages_is_no_error(tmp_path: Path) -> None:
    assert read_pages(tmp_path) == {}


def test_every_code_of_a_failure_is_in_the_docs() -> None:
    text = PAGES["problems.md"].decode()
    assert all(f"| `{code}` | {means} |" in text for code, means in CODES.items())
