"""The pages of the docs: as Markdown, and one for each sort of problem."""

from pathlib import PurePosixPath

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from services.gateway.errors.table import PLACE, PROBLEMS
from services.gateway.pages import (
    TYPES,
    build_llms,
    find_docs,
    read_pages,
    render_problem,
    render_problems,
)

router = APIRouter(include_in_schema=False)

PAGES = read_pages(find_docs())
LLMS = build_llms(PAGES)


@router.get("/llms.txt")
async def send_llms() -> Response:
    """Send what a language model should read first."""
    return Response(LLMS, media_type="text/plain; charset=utf-8")


@router.get(PLACE)
async def list_problems() -> Response:
    """Show all problems on one page."""
    return HTMLResponse(render_problems())


@router.get(PLACE + "/{code}")
async def show_problem(code: str) -> Response:
    """Show what a problem means, and what to do about it."""
    if code not in PROBLEMS:
        raise HTTPException(404)
    return HTMLResponse(render_problem(code))


@router.get("/docs/{page:path}")
async def send_page(page: str) -> Response:
    """Send a page of the docs as it is written."""
    if page not in PAGES:
        raise HTTPException(404)
    return Response(PAGES[page], media_type=TYPES[PurePosixPath(page).suffix])
