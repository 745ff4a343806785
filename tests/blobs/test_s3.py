"""What is the S3 adapter's own: a server that is away or refuses."""

import asyncio
import os
import socket

import aioboto3
import pytest
from botocore.config import Config

from shared.blobs.s3 import S3Blobs
from shared.story.errors import BlobMissing, BlobsUnavailable


async def test_a_server_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client tries several times, with pauses that are not waited for here."""
    pause = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: pause(0))
    with socket.socket() as taken:  # bound and not listening: nobody answers here
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BlobsUnavailable, match=f"{endpoint} .*'films'.* does not answer"):
            await S3Blobs(endpoint, "films", "key", "secret").open()


def _variables() -> tuple[str, str, str]:
    return (
        os.environ["STORYWAVE_S3_ENDPOINT"],
        os.environ["STORYWAVE_S3_KEY"],
        os.environ["STORYWAVE_S3_SECRET"],
    )


@pytest.mark.cluster
async def test_a_wrong_secret_is_refused_and_named() -> None:
    endpoint, key, secret = _variables()
    with pytest.raises(BlobsUnavailable, match=f"{endpoint} .* refuses"):
        await S3Blobs(endpoint, "films", key, f"not {secret}").open()


async def delete_bucket(name: str) -> None:
    """As somebody else does who has the keys."""
    endpoint, key, secret = _variables()
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    session = aioboto3.Session(key, secret, region_name="us-east-1")
    async with session.client("s3", endpoint_url=endpoint, config=config) as client:
        await client.delete_bucket(Bucket=name)


@pytest.mark.cluster
async def test_a_bucket_that_disappears_is_not_a_missing_blob() -> None:
    endpoint, key, secret = _variables()
    blobs = S3Blobs(endpoint, "contract-disappears", key, secret)
    await blobs.open()
    try:
        await blobs.put("a", b"x")
        assert (await blobs.stat("a")).sha256
        with pytest.raises(BlobMissing):
            await blobs.get("b")
        await blobs.delete(["a"])
        await delete_bucket("contract-disappears")
        with pytest.raises(BlobsUnavailable, match="refuses"):
            await blobs.get("a")
        with pytest.raises(BlobsUnavailable, match="refuses"):
            await blobs.put("a", b"x")
    finally:
        await blobs.close()
