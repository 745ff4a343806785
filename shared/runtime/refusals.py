"""What is answered where nothing can be served, by any process and before any service is asked."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp


def refuse_all(title: str, detail: str) -> ASGIApp:
    """Return an application that answers every request with this refusal, for now."""
    problem = {"type": "about:blank", "title": title, "status": 503, "detail": detail}
    return JSONResponse(problem, 503, {"Retry-After": "5"}, "application/problem+json")


BUSY = refuse_all(
    "Too many at once",
    "as many requests are being served as this process can hold: try again in a moment",
)
# Nothing is accepted that could not be kept.
NOT_YET = refuse_all(
    "Not ready yet",
    "a server that Storywave needs does not answer yet: try again in a moment",
)
NOT_ANY_MORE = refuse_all("Stopping", "this process is about to end: try again in a moment")
