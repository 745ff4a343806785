"""The client of the API. It needs httpx and pydantic, and nothing else of Storywave."""

from shared.client.client import PARTS, Client
from shared.client.errors import ClientError, NoServer, NotStorywave, Problem, Refused
from shared.client.models import (
    ENDED,
    WAITS_FOR_YOU,
    ApiKey,
    Message,
    News,
    Offer,
    Page,
    Receipt,
    Timeline,
    Upload,
    Video,
    VideoFields,
)

__all__ = [
    "ENDED",
    "PARTS",
    "WAITS_FOR_YOU",
    "ApiKey",
    "Client",
    "ClientError",
    "Message",
    "News",
    "NoServer",
    "NotStorywave",
    "Offer",
    "Page",
    "Problem",
    "Receipt",
    "Refused",
    "Timeline",
    "Upload",
    "Video",
    "VideoFields",
]
