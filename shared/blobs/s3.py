"""The Blobs in an S3 bucket, of any server that speaks S3: one client for the adapter's life."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import aioboto3
from aiohttp import ClientError as HttpError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.base.outages import OUTAGES
from shared.blobs.files import map_errors, split_key, write_whole
from shared.ports import Blob, Stored
from shared.story.errors import BlobMissing, BlobsUnavailable

READ_BYTES = 1 << 20
PUT_SECONDS, SLOWEST_BYTES = 30.0, 100_000
"""How long a put may take, and how many of its bytes must at least be sent in each second more.

The client waits for the server's leave to send a body, and that without end on a connection that is
cut off in silence.
"""
PUT_TRIES = 5
DELETE_LIMIT = 1000

_MISSING = {"404", "NoSuchKey", "NotFound"}
_NOT_ALLOWED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_BESIDE_A_DELETE = {"ExistingObjectIsDirectory"}
"""A server that keeps files may say this of a put while it removes the empty folder around it."""
_OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
_CONFIG = Config(
    signature_version="s3v4",
    # hashing a whole video to sign it would hold the event loop; its checksum is sent instead
    s3={"addressing_style": "path", "payload_signing_enabled": False},
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=50,
    # newer checksums are refused by servers that only speak the older S3
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class S3Blobs:
    """Bytes by key, in one bucket. A put is atomic on every S3 server: nothing is left to do."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        key: str,
        secret: str,
        region: str = "us-east-1",
        ca_file: Path | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._verify = str(ca_file) if ca_file else None
        self._bucket = bucket
        self._session = aioboto3.Session(key, secret, region_name=region)
        self._stack = AsyncExitStack()
        self._client: Any = None

    async def open(self, *, make: bool = True) -> None:
        """Connect, and create the bucket where it is missing."""
        connect = self._session.client(
            "s3", endpoint_url=self._endpoint, config=_CONFIG, verify=self._verify
        )
        self._client = await self._stack.enter_async_context(connect)
        try:
            with self._server():
                await self._ensure_bucket(make=make)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the server."""
        await self._stack.aclose()

    async def put(self, key: str, source: Path | bytes) -> Blob:
        """Store these bytes, in place of those before; return what was stored."""
        split_key(key)  # what a folder refuses, a bucket refuses too
        blob = await asyncio.to_thread(_describe, key, source)
        # The checksum makes the server refuse what broke off on the way: else some keep half of it.
        checksum = b64encode(bytes.fromhex(blob.sha256)).decode()
        seconds = PUT_SECONDS + blob.size / SLOWEST_BYTES
        known = {"Key": key, "ChecksumSHA256": checksum, "Metadata": {"sha256": blob.sha256}}
        with _readable(source) as body, self._server():
            async with asyncio.timeout(seconds):
                await self._put(body, known)
        return blob

    async def _put(self, body: BinaryIO, known: Mapping[str, Any]) -> None:
        for left in reversed(range(PUT_TRIES)):
            body.seek(0)
            try:
                await self._client.put_object(Bucket=self._bucket, Body=body, **known)
            except ClientError as error:
                if not left or _code(error) not in _BESIDE_A_DELETE:
                    raise
            else:
                return

    async def get(self, key: str) -> bytes:
        """Return all bytes."""
        async with aclosing(self.stream(key)) as parts:
            return b"".join([part async for part in parts])

    async def fetch(self, key: str, to: Path) -> None:
        """Write the bytes into a file, which is whole or absent."""
        with map_errors(f"the folder {to.parent}"), write_whole(to) as file:
            async with aclosing(self.stream(key)) as parts:
                async for part in parts:
                    await asyncio.to_thread(file.write, part)

    async def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to but not including `end`, in parts."""
        size = (await self.stat(key)).size
        end = size if end is None else min(end, size)
        if start >= end:  # a server refuses an empty range
            return
        with self._server(key):
            got = await self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={start}-{end - 1}"
            )
            async with got["Body"]:  # closes the connection of a reader that leaves early
                async for part in got["Body"].iter_chunks(READ_BYTES):
                    start += len(part)
                    yield part
        if start != end:
            raise BlobsUnavailable(f"{self._where} broke off while sending a file")

    async def stat(self, key: str) -> Blob:
        """Return what is stored."""
        try:
            with self._server(key):
                head = await self._client.head_object(Bucket=self._bucket, Key=key)
        except BlobMissing:
            # A HEAD has no body that says what is missing, the blob or its bucket: ask for both.
            with self._server():
                await self._client.head_bucket(Bucket=self._bucket)
            raise
        return Blob(key, head["ContentLength"], head["Metadata"].get("sha256", ""))

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so."""
        return [stored.key for stored in await self.list_stored(prefix)]

    async def list_stored(self, prefix: str) -> list[Stored]:
        """Return what is stored under the keys that begin so."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._server():
            return [
                Stored(row["Key"], row["Size"], round(row["LastModified"].timestamp() * 1000))
                async for page in pages.paginate(Bucket=self._bucket, Prefix=prefix)
                for row in page.get("Contents", ())
            ]

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete these; missing keys are fine."""
        for first in range(0, len(keys), DELETE_LIMIT):
            objects = [{"Key": key} for key in keys[first : first + DELETE_LIMIT]]
            with self._server():
                answer = await self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
            _refuse_failed(answer.get("Errors", ()), self._where)

    async def _ensure_bucket(self, *, make: bool) -> None:
        try:
            await self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            if _code(error) not in {*_MISSING, "NoSuchBucket"}:
                raise
            if not make:
                raise self._lack_bucket() from error
            await self._create_bucket()

    def _lack_bucket(self) -> Exception:
        return BlobsUnavailable(
            f"the object store at {self._endpoint} has no bucket {self._bucket!r}: services make "
            "it at their start. If they have run, look at STORYWAVE_S3_BUCKET"
        )

    async def _create_bucket(self) -> None:
        try:
            await self._client.create_bucket(Bucket=self._bucket)
        except ClientError as error:
            if _code(error) not in _OURS_ALREADY:  # another replica was faster
                raise

    @property
    def _where(self) -> str:
        return f"the object store at {self._endpoint} (bucket {self._bucket!r})"

    @contextmanager
    def _server(self, key: str | None = None) -> Iterator[None]:
        """Map the vendor's errors, here and nowhere else."""
        try:
            yield
        except ClientError as error:
            if key is not None and _code(error) in _MISSING:
                OUTAGES.clear(BlobsUnavailable)
                raise BlobMissing(key) from error
            keys = ": check STORYWAVE_S3_KEY and STORYWAVE_S3_SECRET"
            advice = keys if _code(error) in _NOT_ALLOWED else ""
            if advice:  # what is refused for another reason, as a file for which there is no room,
                OUTAGES.note(BlobsUnavailable)  # is refused by a server that answers
            raise BlobsUnavailable(f"{self._where} refuses: {error}{advice}") from error
        except (BotoCoreError, HttpError, TimeoutError, ConnectionError) as error:
            OUTAGES.note(BlobsUnavailable)
            said = str(error) or "it takes too long"
            advice = "check that it runs and STORYWAVE_S3_ENDPOINT names it"
            raise BlobsUnavailable(f"{self._where} does not answer: {said}: {advice}") from error
        OUTAGES.clear(BlobsUnavailable)


def _readable(source: Path | bytes) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _describe(key: str, source: Path | bytes) -> Blob:
    """Return size and hash before anything is sent: what is said of the bytes travels first."""
    if isinstance(source, bytes):
        return Blob(key, len(source), hashlib.sha256(source).hexdigest())
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Blob(key, file.tell(), digest)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _refuse_failed(errors: Sequence[Mapping[str, str]], where: str) -> None:
    codes = [code for error in errors if (code := error.get("Code")) not in _MISSING]
    if codes:
        raise BlobsUnavailable(f"{where} did not delete {len(codes)} files: {codes[0]}")
