"""The page that shows the API to people: all of it, from here alone, without a script."""

from html.parser import HTMLParser

from services.gateway.app import openapi
from services.gateway.keys.caller import Role
from services.gateway.reference import render_reference
from tests.gateway.conftest import Api


class Page(HTMLParser):
    """What a browser would find on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.ids |= {value or "" for name, value in attrs if name == "id"}
        assert not any(name == "style" or name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.said += data


async def test_the_page_needs_nothing_from_anywhere_else(api: Api) -> None:
    answer = await api.http.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    page = Page(answer.text)
    assert not {"script", "style", "img", "iframe"} & set(page.tags)
    assert all(link.startswith(("#", "/")) for link in page.links)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (await api.http.get(link)).status_code == 200


async def test_the_page_shows_every_operation_parameter_field_and_answer(api: Api) -> None:
    page, document = Page((await api.http.get("/docs")).text), openapi()
    for path, methods in document["paths"].items():
        assert path in page.said
        for method, operation in methods.items():
            assert operation["operationId"] in page.ids or method == "head"
            for code, answer in operation["responses"].items():
                assert code in page.said
                assert answer["description"].replace("`", "") in page.said
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", {}):
            assert field in page.said


def test_what_a_description_says_is_never_taken_for_tags() -> None:
    document = openapi()
    document["paths"]["/v1/videos"]["get"]["description"] = "<script>alert(1)</script> `<b>`"
    page = Page(render_reference(document))
    assert "script" not in page.tags
    assert "<script>alert(1)</script> <b>" in page.said


async def test_the_page_says_who_gets_in_and_which_role_each_operation_needs(api: Api) -> None:
    said = Page((await api.http.get("/docs")).text).said
    assert "An API key." in said and "A signed link" in said
    operations = sum(len(methods.keys() - {"head"}) for methods in openapi()["paths"].values())
    assert said.count("For keys with the role ") == operations
    for role in Role:
        assert f"For keys with the role {role}, or a higher one." in said
