"""Refuses what the query of a request names and nobody reads.

A mistyped `dry_run` would otherwise be paid for, and a filter that is none would show everything.
"""

from collections.abc import Collection, Iterator
from itertools import chain

from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection

from services.gateway.errors.problems import BadQuery
from services.gateway.errors.wording import fields_inside, say_nearest, trim_text
from services.gateway.keys.links import SIGNED


async def refuse_unread_query(asked: HTTPConnection) -> None:
    """Refuse a parameter that this route does not read; what signs a link is read before."""
    # a WebSocket changes nothing, and has no problem documents; and most requests have no query
    if asked.scope["type"] != "http" or not asked.query_params:
        return
    takes: Dependant = asked.scope["route"].dependant
    known = {*_list_parameters(takes)}
    for name in asked.query_params:
        if name not in known and name not in SIGNED:
            in_body = [fields_inside(body.field_info) for body in takes.body_params]
            raise BadQuery(_explain(name, known, {*chain(*in_body)}), trim_text(name))


def _list_parameters(takes: Dependant) -> Iterator[str]:
    yield from (each.alias for each in takes.query_params)
    for part in takes.dependencies:
        yield from _list_parameters(part)


def _explain(name: str, known: Collection[str], in_body: Collection[str]) -> str:
    if name in in_body:
        return "give it in the body, not in the query"
    if not known:
        return "this path takes nothing in its query: leave it out"
    return f"the query has no such parameter: {say_nearest(name, sorted(known))}"
