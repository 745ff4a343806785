"""The provider's API over HTTP, as its callers know it."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.standins.replicate import refusals
from tests.standins.replicate.clock import read_iso
from tests.standins.replicate.creates import Creates
from tests.standins.replicate.door import Door
from tests.standins.replicate.files import MOST_BYTES, show_file
from tests.standins.replicate.models import MODELS
from tests.standins.replicate.outputs import TYPES
from tests.standins.replicate.provider import Provider
from tests.standins.replicate.runs import Run
from tests.standins.replicate.schema import publish

Answer = Callable[[Request], Awaitable[Response]]

_SECRET_PATH = "/v1/webhooks/default/secret"
_MEGABYTE = 1 << 20


class Api:
    """All routes that a caller of the provider knows."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._door = Door(provider)

    def routes(self) -> list[Route]:
        """Return the routes under /v1, and that of the outputs."""
        creates = Creates(self._provider, self._door)
        model, run = "/v1/models/{owner}/{name}", "/v1/predictions/{id}"
        return [
            self._creating(f"{model}/predictions", creates.by_model),
            self._creating("/v1/predictions", creates.by_version),
            self._reading("GET", "/v1/predictions", self.list_runs),
            self._reading("GET", run, self.get_run),
            self._reading("POST", f"{run}/cancel", self.cancel_run),
            self._reading("GET", model, self.get_model),
            self._reading("POST", "/v1/files", self.upload),
            self._reading("GET", "/v1/files", self.list_files),
            self._reading("GET", "/v1/files/{id}", self.get_file),
            self._reading("DELETE", "/v1/files/{id}", self.delete_file),
            self._reading("GET", "/v1/account", self.get_account),
            self._reading("GET", _SECRET_PATH, self.get_secret),
            Route("/delivery/{id}/{index:int}.{form}", self.deliver),
        ]

    def _creating(self, path: str, answer: Answer) -> Route:
        """Return the route of a create, whose refusals go into the books."""

        async def endpoint(request: Request) -> Response:
            try:
                self._door.check_token(request)
                return await answer(request)
            except refusals.Refusal as refusal:
                now, name = self._provider.clock.now(), "/".join(request.path_params.values())
                self._provider.ledger.note_refusal(refusal.why, now, name)
                return refusal.answer

        return Route(path, endpoint, methods=["POST"])

    def _reading(self, method: str, path: str, answer: Answer) -> Route:
        """Return the route of anything else."""

        async def endpoint(request: Request) -> Response:
            try:
                self._door.check_token(request)
                self._door.check_read(request)
                return await answer(request)
            except refusals.Refusal as refusal:
                return refusal.answer

        return Route(path, endpoint, methods=[method])

    # ── predictions ─────────────────────────────────────────────────────────────────────────────

    async def list_runs(self, request: Request) -> Response:
        """Return a page of runs, newest first."""
        query = request.query_params
        try:
            after = read_iso(query["created_after"]) if "created_after" in query else 0.0
        except ValueError:
            raise refusals.bad_request("created_after", "must be an ISO 8601 time") from None
        page, cursor = self._provider.list_runs(after, query.get("cursor", ""))
        following = request.url.include_query_params(cursor=cursor) if cursor else None
        content = {
            "previous": None,
            "next": following and f"{self._provider.base}{following.path}?{following.query}",
            "results": [self._provider.show(run) for run in page],
        }
        return JSONResponse(content)

    async def get_run(self, request: Request) -> Response:
        """Return one run."""
        return JSONResponse(self._provider.show(self._find(request)))

    async def cancel_run(self, request: Request) -> Response:
        """Stop a run."""
        run = self._find(request)
        self._provider.cancel(run)
        return JSONResponse(self._provider.show(run))

    def _find(self, request: Request) -> Run:
        run = self._provider.ledger.runs.get(request.path_params["id"])
        if run is None:
            raise refusals.not_found()
        return run

    # ── outputs ─────────────────────────────────────────────────────────────────────────────────

    async def deliver(self, request: Request) -> Response:
        """Return the bytes of an output, without a token, until it expires."""
        provider, index = self._provider, request.path_params["index"]
        run = provider.ledger.runs.get(request.path_params["id"])
        if run is None or run.status != "succeeded" or provider.has_expired(run):
            return Response("Not Found", 404)
        asked = provider.asked(run)
        fault = provider.script.draw("download", run.model, run.kind, run.words)
        if fault and fault.name == "download_5xx":
            return refusals.broken(fault.status).answer
        if index >= asked.count or request.path_params["form"] != asked.form:
            return Response("Not Found", 404)
        path = await provider.shelf.find_output(run, asked, index, provider.settings.shrink)
        if fault:
            return refusals.HangUp(request, size=path.stat().st_size)
        if run.fault == "huge":
            return StreamingResponse(_pour(path.read_bytes(), run.megabytes))
        if request.method == "GET":
            provider.ledger.note_download(run)
        kind = "text/html" if run.fault == "wrong_type" else TYPES[asked.form]
        return FileResponse(path, media_type=kind)

    # ── models ──────────────────────────────────────────────────────────────────────────────────

    async def get_model(self, request: Request) -> Response:
        """Return a model with its schema; there is no price in it."""
        owner, name = request.path_params["owner"], request.path_params["name"]
        model = MODELS.get(f"{owner}/{name}")
        if model is None or model.name in self._provider.settings.retired:
            raise refusals.not_found()
        schema = publish(model.fields, model.output)
        version = {
            "id": model.version or "hidden",
            "created_at": "2026-10-01T00:00:00.000Z",
            "cog_version": "0.16.0",
            "openapi_schema": schema,
        }
        content: dict[str, Any] = {
            "url": f"https://replicate.com/{model.name}",
            "owner": owner,
            "name": name,
            "description": f"Makes a {model.kind}.",
            "visibility": "public",
            "github_url": None,
            "paper_url": None,
            "license_url": None,
            "run_count": len(self._provider.ledger.runs),
            "cover_image_url": None,
            "default_example": None,
            "is_official": model.is_official,
            "latest_version": version,
        }
        return JSONResponse(content)

    # ── files ───────────────────────────────────────────────────────────────────────────────────

    async def upload(self, request: Request) -> Response:
        """Keep a file."""
        provider = self._provider
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES + _MEGABYTE:
                detail = {"detail": "The file is larger than 100 MB", "status": 413}
                return JSONResponse(detail, 413)
        now, kind = provider.clock.now(), request.headers.get("content-type", "")
        try:
            kept = provider.files.keep(kind, bytes(body), now, provider.settings.file_seconds)
        except ValueError as error:
            raise refusals.bad_request("content", str(error)) from None
        return JSONResponse(show_file(kept, provider.base), 201)

    async def list_files(self, request: Request) -> Response:
        """Return all files that have not expired."""
        provider = self._provider
        kept = provider.files.list_all(provider.clock.now())
        shown = [show_file(one, provider.base) for one in kept]
        return JSONResponse({"previous": None, "next": None, "results": shown})

    async def get_file(self, request: Request) -> Response:
        """Return what is known of a file."""
        return JSONResponse(show_file(self._find_file(request), self._provider.base))

    async def delete_file(self, request: Request) -> Response:
        """Forget a file."""
        self._provider.files.delete(self._find_file(request))
        return Response(status_code=204)

    def _find_file(self, request: Request) -> dict[str, Any]:
        kept = self._provider.files.find(request.path_params["id"], self._provider.clock.now())
        if kept is None:
            raise refusals.not_found()
        return kept

    # ── the account ─────────────────────────────────────────────────────────────────────────────

    async def get_account(self, request: Request) -> Response:
        """Return whose token it is."""
        name = "standin"
        return JSONResponse({"type": "user", "username": name, "name": name, "github_url": None})

    async def get_secret(self, request: Request) -> Response:
        """Return the secret with which webhooks are signed."""
        return JSONResponse({"key": self._provider.settings.secret})


async def _pour(begun: bytes, megabytes: int) -> Any:
    """Yield a file that goes on far longer than it should."""
    yield begun
    for _ in range(megabytes):
        yield bytes(_MEGABYTE)
