"""What the three servers are told: ports, files and command lines. Pure: no process, no network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

Name = Literal["kafka", "mongo", "s3"]
NAMES: tuple[Name, ...] = get_args(Name)

BUCKET = "storywave"
ACCESS_KEY = "storywave"
SECRET_KEY = "storywave-on-loopback"
REPLICA_SET = "rs0"
# Any 16 bytes in base64 are a Kafka cluster id; a fixed one saves starting a JVM to draw it.
KAFKA_CLUSTER_ID = "c3Rvcnl3YXZlLWthZmthMA"


@dataclass(frozen=True, slots=True)
class Ports:
    """One port a server, and what Kafka needs besides: it tells its clients where it is.

    Who comes through a proxy is told another port than who does not.
    """

    kafka: int
    kafka_controller: int
    mongo: int
    s3: int
    kafka_behind: int
    """Where it listens for what comes through a proxy."""
    kafka_proxy: int
    """Where such a proxy is."""

    def of(self, name: Name) -> tuple[int, ...]:
        """Every port that this server binds."""
        if name == "kafka":
            return (self.kafka, self.kafka_controller, self.kafka_behind)
        return (self.mongo,) if name == "mongo" else (self.s3,)

    def dump(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def load_ports(text: str) -> Ports:
    return Ports(**json.loads(text))


def server_properties(ports: Ports, data: Path) -> str:
    """A single KRaft node: broker and controller in one process.

    The short broker session lets it listen again 5 s after a SIGKILL instead of 12; the low group
    minimum lets tests see a dead consumer's partitions move within seconds.
    """
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{ports.kafka_controller}
listeners=PLAINTEXT://127.0.0.1:{ports.kafka},BEHIND://127.0.0.1:{ports.kafka_behind},\
CONTROLLER://127.0.0.1:{ports.kafka_controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{ports.kafka},BEHIND://127.0.0.1:{ports.kafka_proxy}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
"""


def java(jars: Path, *arguments: str) -> list[str]:
    return [
        "java",
        "-Xmx512m",
        "-XX:TieredStopAtLevel=1",
        "-Xms256m",
        "-XX:+UseSerialGC",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        f"{jars}/*",
        *arguments,
    ]


def kafka_format_command(jars: Path, properties: Path) -> list[str]:
    return java(
        jars, "kafka.tools.StorageTool", "format", "-t", KAFKA_CLUSTER_ID, "-c", str(properties)
    )


def kafka_command(jars: Path, properties: Path) -> list[str]:
    return java(jars, "kafka.Kafka", str(properties))


def mongo_command(binary: Path, ports: Ports, data: Path) -> list[str]:
    return [
        str(binary),
        *("--dbpath", str(data)),
        *("--port", str(ports.mongo)),
        *("--bind_ip", "127.0.0.1"),
        *("--replSet", REPLICA_SET),
        "--nounixsocket",
        "--quiet",
    ]


def s3_command(binary: Path, ports: Ports, data: Path) -> list[str]:
    return [str(binary), "--port", f"127.0.0.1:{ports.s3}", "--quiet", "posix", str(data)]


def service_environment(ports: Ports) -> dict[str, str]:
    """What a service of ours needs in its environment to run on these servers."""
    return {
        "STORYWAVE_MODE": "cluster",
        "STORYWAVE_ACTIVE_AN_OWNER": "0",
        "STORYWAVE_KAFKA": f"127.0.0.1:{ports.kafka}",
        "STORYWAVE_MONGO": f"mongodb://127.0.0.1:{ports.mongo}/?replicaSet={REPLICA_SET}",
        "STORYWAVE_S3_ENDPOINT": f"http://127.0.0.1:{ports.s3}",
        "STORYWAVE_S3_BUCKET": BUCKET,
        "STORYWAVE_S3_KEY": ACCESS_KEY,
        "STORYWAVE_S3_SECRET": SECRET_KEY,
    }


def environment_file(environment: dict[str, str]) -> str:
    """Lines for `. .cluster/env` in a shell; single quotes, since the MongoDB address has a `?`."""
    return "".join(f"export {name}='{value}'\n" for name, value in environment.items())
