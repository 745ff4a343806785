"""Whether a server really serves: each is asked in its own protocol, not merely connected to."""

import socket
import struct
import urllib.error
import urllib.request
from contextlib import suppress

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from tests.cluster.config import ACCESS_KEY, BUCKET, REPLICA_SET, SECRET_KEY, Name, Ports

_API_VERSIONS, _TIMEOUT = 18, 2.0
_NOT_YET_INITIALIZED = 94


def serves(name: Name, ports: Ports) -> bool:
    """One try; also does what makes a fresh server usable (replica set, bucket)."""
    return {"kafka": _kafka, "mongo": _mongo, "s3": _s3}[name](ports)


def _kafka(ports: Ports) -> bool:
    """An ApiVersions request; the broker answers only once its controller let it in."""
    correlation, no_client = 1, -1
    request = struct.pack(">hhih", _API_VERSIONS, 0, correlation, no_client)
    with suppress(OSError), socket.create_connection(("127.0.0.1", ports.kafka), _TIMEOUT) as link:
        link.sendall(struct.pack(">i", len(request)) + request)
        answer = link.recv(10)
        return len(answer) == 10 and struct.unpack(">iih", answer)[1:] == (correlation, 0)
    return False


def _mongo(ports: Ports) -> bool:
    """Primary of its replica set, which is initiated at the first start."""
    milliseconds = int(_TIMEOUT * 1000)
    with (
        MongoClient[dict[str, object]](
            "127.0.0.1",
            ports.mongo,
            directConnection=True,
            serverSelectionTimeoutMS=milliseconds,
            socketTimeoutMS=milliseconds,
        ) as client,
        suppress(PyMongoError),
    ):
        try:
            client.admin.command("replSetGetStatus")
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            member = {"_id": 0, "host": f"127.0.0.1:{ports.mongo}"}
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
        return bool(client.admin.command("hello")["isWritablePrimary"])
    return False


def _s3(ports: Ports) -> bool:
    """Answers and has our bucket."""
    endpoint = f"http://127.0.0.1:{ports.s3}"
    try:
        urllib.request.urlopen(endpoint, timeout=_TIMEOUT).close()
    except urllib.error.HTTPError as answered:
        answered.close()
    except OSError:
        return False
    return _has_bucket(endpoint)


def _has_bucket(endpoint: str) -> bool:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    try:
        client.create_bucket(Bucket=BUCKET)
    except ClientError as error:
        return error.response["Error"]["Code"] in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
    except BotoCoreError:
        return False
    finally:
        client.close()
    return True
