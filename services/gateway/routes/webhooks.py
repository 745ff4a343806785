"""Webhooks: servers of users that are told how their videos go."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from services.gateway.deliveries import Deliveries, Delivery
from services.gateway.description import WRITES, refusals
from services.gateway.read.stages import make_moment
from services.gateway.routes.inputs import At, Owner
from services.gateway.webhooks.kept import Webhook
from services.gateway.webhooks.requests import WebhookRequest

router = APIRouter()

WebhookId = Annotated[str, Path(description="The id of a webhook.")]
DeliveryId = Annotated[str, Path(description="The id of a delivery.")]


class WebhookShown(BaseModel):
    """A URL that is told how your videos go."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None = Field(
        None, description="Since when it is told nothing, because it answered 410."
    )


class Secret(BaseModel):
    """What deliveries are signed with, as Standard Webhooks says."""

    secret: str = Field(examples=["whsec_…"])


class WebhookCreated(WebhookShown, Secret):
    """A new webhook. Its secret is shown here, and never again."""


class WebhookList(BaseModel):
    """All webhooks of yours, but for those that a request named for its video alone."""

    webhooks: list[WebhookShown]


@router.post("/v1/webhooks", status_code=201, responses=refusals(400, *WRITES))
async def create_webhook(
    asked: WebhookRequest, owner: Owner, at: At, response: Response
) -> WebhookCreated:
    """Have a URL told of all videos that you ask for from now on."""
    response.headers["Cache-Control"] = "no-store"
    await at.poster.check(asked.url, "url")
    made = await at.webhooks.create(owner, asked.url, asked.events)
    return WebhookCreated(**_show(made), secret=made.secret)


@router.get("/v1/webhooks")
async def list_webhooks(owner: Owner, at: At) -> WebhookList:
    """List your webhooks."""
    found = await at.webhooks.list_all(owner)
    return WebhookList(webhooks=[WebhookShown(**_show(each)) for each in found])


@router.get("/v1/webhook-secret")
async def get_webhook_secret(owner: Owner, at: At) -> Secret:
    """Show the secret of the webhooks that your requests name for their videos alone."""
    return Secret(secret=await at.webhooks.read_secret(owner))


@router.delete("/v1/webhooks/{webhook_id}", status_code=204, responses=refusals(403, 404))
async def delete_webhook(webhook_id: WebhookId, owner: Owner, at: At) -> None:
    """Tell a webhook nothing more, not even what is still waiting to be told."""
    await at.webhooks.delete(owner, webhook_id)


@router.get("/v1/webhooks/{webhook_id}/deliveries", responses=refusals(404, 422))
async def list_deliveries(
    webhook_id: WebhookId,
    owner: Owner,
    at: At,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of a page.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Deliveries:
    """List what a webhook was told, or is still to be told, newest first."""
    return await at.history.list_page(owner, webhook_id, cursor, limit)


@router.post(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    responses=refusals(403, 404, 409, 413, 415, 422),
)
async def replay_delivery(
    webhook_id: WebhookId, delivery_id: DeliveryId, owner: Owner, at: At
) -> Delivery:
    """Tell a webhook the same once more, under the same `webhook-id`."""
    return await at.history.replay(owner, webhook_id, delivery_id)


def _show(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "created_at": make_moment(webhook.created_at),
        "disabled_at": make_moment(webhook.disabled_at) if webhook.disabled_at else None,
    }
