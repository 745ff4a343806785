"""The API's description, for people."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from services.gateway.reference import STYLE, render_reference

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def show_reference(request: Request) -> HTMLResponse:
    """Show all operations on one page."""
    return HTMLResponse(render_reference(request.app.openapi()))


@router.get("/docs.css")
async def send_style() -> Response:
    """Send the style of that page."""
    return Response(STYLE, media_type="text/css")
