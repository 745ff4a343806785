"""What an orchestrator asks a process: is it alive, is it ready, how much has it done."""

from collections.abc import Callable

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.base.outages import OUTAGES
from shared.runtime.app import App

METRICS = "/metrics"
PROBES = frozenset({"/healthz", "/readyz", METRICS})
"""Asked by machines, by address and often: no rule about browsers or crowds applies to them."""

STALE_SECONDS = 60.0
"""A consumer whose loop has not turned for so long is taken for dead."""


def probes(current: Callable[[], App | None]) -> list[Route]:
    """Return /healthz: restart me when I fail; /readyz: send me nothing yet; and /metrics."""

    async def healthz(request: Request) -> Response:
        app = current()
        health = {} if app is None else app.health()
        ages = {name: known.progress_age for name, known in health.items()}
        assigned = {name: known.assigned for name, known in health.items()}
        dead = sorted(name for name, age in ages.items() if age > STALE_SECONDS)
        dead += [] if app is None else app.dead_loops()
        said = {"alive": not dead, "dead": dead, "progress_age": ages, "assigned": assigned}
        return JSONResponse(said, 503 if dead else 200)

    async def readyz(request: Request) -> Response:
        app = current()
        health = {} if app is None else app.health()
        assigned = {name: known.assigned for name, known in health.items()}
        joined = all(known.has_joined for known in health.values())
        ready = app is not None and not app.draining and joined
        said = {"ready": ready, "assigned": assigned, "away": OUTAGES.away()}
        return JSONResponse(said, 200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route(METRICS, metrics)]


async def metrics(request: Request) -> Response:
    """Return how much this process has done, as Prometheus reads it."""
    # exemplars are told to those who ask for OpenMetrics, and to nobody else
    write, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(write(REGISTRY), media_type=media_type)
