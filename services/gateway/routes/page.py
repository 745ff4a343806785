"""The web page: one document, and the few files that it loads."""

from fastapi import APIRouter, Request, Response

from services.gateway.errors.problems import NoSuchPart
from services.gateway.webpage import FILES, VERSION, render_page

router = APIRouter(include_in_schema=False)

FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/")
async def show_page(request: Request) -> Response:
    """Show the page, which knows what this version of the API can do."""
    page = render_page(request.app.openapi())
    headers = {"Cache-Control": "no-cache", "ETag": page.tag}
    if request.headers.get("if-none-match") == page.tag:
        return Response(status_code=304, headers=headers)
    return Response(page.html, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/page/{version}/{name}")
async def send_page_file(version: str, name: str) -> Response:
    """Send a file of the page: its address has the hash of all of them, so it may be kept."""
    file = FILES.get(name)
    if file is None:
        raise NoSuchPart("The page has no such file: load it again.")
    # another version's page may ask, while a new one is rolled out
    kept = FOR_EVER if version == VERSION else "no-cache"
    return Response(file.data, media_type=file.type, headers={"Cache-Control": kept})
