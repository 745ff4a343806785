"""A gateway that lets in callers with a key only, and requests made up from its description."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.gateway.app import openapi
from services.gateway.keys.caller import NO_LIMITS, Limits, Role
from shared.runtime.terms import NOTHING_COSTS, Terms
from tests.gateway.conftest import Api, open_api

Headers = dict[str, str]


@dataclass
class Keyed:
    """The API, and whoever has a key of it."""

    api: Api

    async def let_in(
        self, owner: str, role: Role = Role.PAYER, limits: Limits = NO_LIMITS
    ) -> Headers:
        """Return the headers of a new key."""
        made = await self.api.parts.keys.make(owner, role, limits=limits)
        return {"Authorization": f"Bearer {made.token}"}


@asynccontextmanager
async def open_keyed(folder: Path, terms: Terms = NOTHING_COSTS) -> AsyncIterator[Keyed]:
    async with open_api(folder, terms=terms, needs_key=True) as api:
        yield Keyed(api)


@dataclass(frozen=True)
class Operation:
    """One operation of the description."""

    method: str
    path: str
    said: Mapping[str, Any]

    def fill(self, ids: Mapping[str, str]) -> str:
        """Its path with these ids in it, numbers that can be, and an x for all else."""
        values = {
            each["name"]: str(make_sample(each["schema"]))
            for each in self.said.get("parameters", ())
            if each["in"] == "path"
        }
        return self.path.format(**{**values, **ids})

    @property
    def content(self) -> dict[str, Any]:
        """What it is to be sent: the least that the description asks for."""
        types = self.said.get("requestBody", {}).get("content", {})
        if not types:
            return {}
        if "application/json" in types:
            return {"json": make_sample(types["application/json"]["schema"])}
        return {"content": b"x", "headers": {"content-type": next(iter(types))}}


def list_operations() -> Iterator[Operation]:
    for path, methods in openapi()["paths"].items():
        for method, said in methods.items():
            yield Operation(method.upper(), path, said)


def make_sample(schema: Mapping[str, Any]) -> Any:
    """Return the least value that a schema allows."""
    if "$ref" in schema:
        return make_sample(openapi()["components"]["schemas"][schema["$ref"].split("/")[-1]])
    known = schema.get("examples") or schema.get("enum") or [schema.get("const")]
    if known[0] is not None:
        return known[0]
    if "anyOf" in schema and "properties" not in schema:
        return make_sample(schema["anyOf"][0])
    return _LEAST[schema.get("type", "string")](schema)


def _make_object(schema: Mapping[str, Any]) -> dict[str, Any]:
    # one field at least: an edit that changes nothing may be refused for that
    fields = schema.get("properties", {})
    wanted = schema.get("required") or list(fields)[:1]
    return {name: make_sample(fields[name]) for name in wanted}


_LEAST: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "integer": lambda schema: schema.get("minimum", 1),
    "number": lambda schema: schema.get("minimum", 1),
    "boolean": lambda schema: True,
    "null": lambda schema: None,
    "string": lambda schema: "x" * max(1, schema.get("minLength", 1)),
    "array": lambda schema: [make_sample(schema["items"])] * schema.get("minItems", 0),
    "object": _make_object,
}
