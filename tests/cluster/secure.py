"""Kafka, MongoDB and an S3 server that speak TLS alone, and ask who one is."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.cluster import config, downloads
from tests.cluster.processes import Process, free_ports, port_is_free, spawn, stop, wait_until

USER, PASSWORD = "storywave", "only-for-tests"
START_SECONDS = 60.0


@dataclass(frozen=True)
class Secure:
    """Where they are, and whom to trust."""

    folder: Path
    kafka: int
    mongo: int
    s3: int

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings with which they may be used."""
        where = f"127.0.0.1:{self.mongo}/?replicaSet={config.REPLICA_SET}&tls=true&authSource=admin"
        return {
            "STORYWAVE_MODE": "cluster",
            "STORYWAVE_KAFKA": f"127.0.0.1:{self.kafka}",
            "STORYWAVE_KAFKA_TLS": "true",
            "STORYWAVE_KAFKA_USER": USER,
            "STORYWAVE_KAFKA_PASSWORD": PASSWORD,
            "STORYWAVE_KAFKA_PARTITIONS": "2",
            "STORYWAVE_MONGO": f"mongodb://{USER}:{PASSWORD}@{where}",
            "STORYWAVE_S3_ENDPOINT": f"https://127.0.0.1:{self.s3}",
            "STORYWAVE_S3_KEY": config.ACCESS_KEY,
            "STORYWAVE_S3_SECRET": config.SECRET_KEY,
            "STORYWAVE_CA_FILE": str(self.folder / "ca.pem"),
        }


@contextmanager
def run_servers(folder: Path) -> Iterator[Secure]:
    """Run all three until the end of the block."""
    make_authority(folder, "ca")
    make_certificate(folder)
    kafka, internal, controller, mongo, s3 = free_ports(5)
    secure = Secure(folder, kafka, mongo, s3)
    running: list[Process] = []
    try:
        running.append(_start_kafka(folder, kafka, internal, controller))
        running.append(_start_mongo(folder, mongo))
        running.append(_start_s3(folder, s3))
        assert wait_until(lambda: not any(map(port_is_free, (kafka, s3))), START_SECONDS)
        _sign_up(mongo, folder)
        yield secure
    finally:
        for process in running:
            stop(process)


def make_authority(folder: Path, name: str) -> None:
    """Write who signs: NAME.pem, and its key."""
    about = ["-subj", f"/CN=storywave {name}", "-addext", "basicConstraints=critical,CA:TRUE"]
    about += ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    _openssl(folder, "req", "-x509", *_new_key(f"{name}.key"), "-out", f"{name}.pem", *about)


def make_certificate(folder: Path) -> None:
    """Write server.pem, a key and its certificate for this machine, signed by the authority."""
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    (folder / "names").write_text(names)
    _openssl(folder, "req", *_new_key("server.key"), "-out", "server.csr", "-subj", "/CN=localhost")
    signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
    request = ["-req", "-in", "server.csr", "-out", "server.crt", "-extfile", "names"]
    _openssl(folder, "x509", *request, *signer)
    both = (folder / "server.key").read_text() + (folder / "server.crt").read_text()
    (folder / "server.pem").write_text(both)


def _new_key(name: str) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name]


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def _spawn(command: list[str], folder: Path, name: str, **environment: str) -> Process:
    import os

    process = spawn(command, {**os.environ, **environment}, folder / f"{name}.log")
    assert process is not None, (folder / f"{name}.log").read_text()
    return process


def _start_kafka(folder: Path, port: int, internal: int, controller: int) -> Process:
    properties = folder / "secure.properties"
    ports = config.Ports(port, controller, 0, 0, 0, 0)
    known = dict(
        line.split("=", 1)
        for line in config.server_properties(ports, folder / "kafka").splitlines()
    )
    here = "127.0.0.1"
    known |= {
        "listeners": f"OPEN://{here}:{internal},SECURE://{here}:{port},"
        f"CONTROLLER://{here}:{controller}",
        "advertised.listeners": f"OPEN://{here}:{internal},SECURE://{here}:{port}",
        "inter.broker.listener.name": "OPEN",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,OPEN:PLAINTEXT,SECURE:SASL_SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "server.pem"),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
    }
    properties.write_text("".join(f"{name}={value}\n" for name, value in known.items()))
    jars = downloads.kafka_jars()
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    command = [*config.kafka_format_command(jars, properties), "--add-scram", user]
    subprocess.run(command, check=True, capture_output=True)
    return _spawn(config.kafka_command(jars, properties), folder, "kafka")


def _start_mongo(folder: Path, port: int) -> Process:
    data, key = folder / "mongo", folder / "replica.key"
    data.mkdir()
    key.write_text("b25seS1mb3ItdGVzdHM=\n")
    key.chmod(0o600)
    command = config.mongo_command(downloads.mongod(), config.Ports(0, 0, port, 0, 0, 0), data)
    tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(folder / "server.pem")]
    tls += ["--tlsCAFile", str(folder / "ca.pem"), "--tlsAllowConnectionsWithoutCertificates"]
    return _spawn([*command, *tls, "--auth", "--keyFile", str(key)], folder, "mongo")


def _start_s3(folder: Path, port: int) -> Process:
    data = folder / "s3"
    data.mkdir()
    gateway = str(downloads.versitygw())
    tls = ["--cert", str(folder / "server.crt"), "--key", str(folder / "server.key")]
    command = [gateway, "--port", f"127.0.0.1:{port}", "--quiet", *tls, "posix", str(data)]
    keys = {"ROOT_ACCESS_KEY": config.ACCESS_KEY, "ROOT_SECRET_KEY": config.SECRET_KEY}
    return _spawn(command, folder, "s3", **keys)


def _sign_up(port: int, folder: Path) -> None:
    """Initiate the replica set, and make its first user, which only this machine may do."""
    with MongoClient[dict[str, object]](
        "127.0.0.1",
        port,
        directConnection=True,
        tls=True,
        tlsCAFile=str(folder / "ca.pem"),
        serverSelectionTimeoutMS=20_000,
    ) as client:
        member = {"_id": 0, "host": f"127.0.0.1:{port}"}
        client.admin.command("replSetInitiate", {"_id": config.REPLICA_SET, "members": [member]})
        assert wait_until(lambda: _makes_user(client), START_SECONDS), "no first user"


def _makes_user(client: "MongoClient[dict[str, object]]") -> bool:
    with suppress(PyMongoError):  # not before it is primary
        client.admin.command("createUser", USER, pwd=PASSWORD, roles=["root"])
        return True
    return False
