"""Settings: read once from the environment (STORYWAVE_…), frozen."""

import os
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from shared.runtime.defaults import Defaults
from shared.story.fact import Micros
from shared.story.money import read_dollars


def _a_file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError(f"{path} is no file: name one of certificates in PEM")
    return path


def _a_folder(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is a file: name a folder, which need not exist yet")
    return path


def _starting(*schemes: str) -> AfterValidator:
    """An address of one of these kinds: else a typing error is waited for like a server."""

    def check(address: str) -> str:
        if not address.startswith(schemes):
            raise ValueError(f"{address!r} is no address: start it with {' or '.join(schemes)}")
        return address

    return AfterValidator(check)


def _check_public_url(url: str) -> str:
    """Return the address without a slash at its end; refuse one that leads nowhere."""
    if url and not _leads_somewhere(url):
        raise ValueError(f"{url[:60]!r} is no public address: write it like https://film.example")
    return url.rstrip("/")


def _check_server_url(url: str) -> str:
    """Return the address without a slash at its end; refuse one that names no server."""
    if url and not _leads_somewhere(url):
        raise ValueError(f"{url[:60]!r} is no address: write it like http://127.0.0.1:8000")
    return url.rstrip("/")


def _check_chat_url(url: str) -> str:
    """Return the address that a chat's own path comes after; refuse one that leads nowhere."""
    if url and not _leads_somewhere(url):
        # not repeated: it may hold a key
        raise ValueError("this is no address: write it like http://127.0.0.1:11434/v1")
    return url.rstrip("/").removesuffix("/chat/completions")


def _leads_somewhere(url: str) -> bool:
    """Tell whether this is an address of a page or a path, with nothing around it."""
    try:
        parts = urlsplit(url)
        odd = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
    except ValueError:  # a port that is no number, or half an IPv6 address
        return False
    return not odd and not {"@", "?", "#"} & set(url) and url.isascii() and url.isprintable()


def _check_dollars(text: str) -> str:
    if text:
        read_dollars(text)
    return text


Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]


class Settings(Defaults):
    """What differs between places where Storywave runs. Everything has a working default."""

    mode: Literal["embedded", "cluster"] = "embedded"
    """Everything in this process and one folder, or each service alone on shared servers."""
    log_level: Level = "INFO"
    """The least that is logged."""
    otlp_url: Annotated[str, AfterValidator(_check_public_url)] = Field(
        "", examples=["http://collector:4318"]
    )
    """Where an OpenTelemetry collector takes traces over HTTP, one a video; without it, none."""
    engine: Literal["local", "rehearsal"] = "local"
    """Who does the work; a rehearsal makes nothing, and is for trying out a cluster under load."""
    paid: bool = False
    """Whether engines may work that cost money. A token alone changes nothing."""
    budget_usd: Annotated[str, AfterValidator(_check_dollars)] = ""
    """The most that a video may cost that comes without a budget, in dollars, as `2.50`. Without
    either, nothing is run that costs money.
    """
    rehearsal_seconds: float = Field(0.0, ge=0)
    """How long each job of a rehearsal takes."""
    processes: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """How many encodes at once in one process; by default as many as there are processors."""
    process_mib: int = Field(2048, ge=256)
    """The most memory that one encode may hold, in MiB; one that needs more is ended, alone."""

    # Replicate
    replicate_webhook_secret: str = Field("", repr=False, examples=["whsec_…"])
    """What Replicate signs its webhooks with. With it and a public address it is seen at once when
    a run has ended; without it, a little later.
    """
    creates_a_minute: int = Field(600, ge=0)
    """How many runs all replicas together may start in a minute; 0 is no limit."""
    runs_at_once: int = Field(0, ge=0)
    """How many runs may be under way in each service; 0 is no limit."""

    # a language model
    llm_url: Annotated[str, AfterValidator(_check_chat_url)] = Field(
        "", examples=["http://127.0.0.1:11434/v1"]
    )
    """Where a language model that plans is served, OpenAI-compatible; without it, rules plan."""
    llm_model: str = Field("", validate_default=True)
    """Its name there."""
    llm_key: str = Field("", pattern=r"^[!-~]*$", repr=False)
    """Its key, where the server asks for one."""
    llm_price_in: Decimal = Field(Decimal(0), ge=0, le=10_000)
    """Dollars a million tokens of what it is asked; with 0 here and below it costs nothing."""
    llm_price_out: Decimal = Field(Decimal(0), ge=0, le=10_000)
    """Dollars a million tokens of what it answers."""

    # embedded
    data: Annotated[Path, AfterValidator(_a_folder)] = Path("storywave-data")
    """Embedded: the folder of the database, the finished videos and all between."""

    # cluster
    kafka: str = Field(
        "127.0.0.1:9092",
        pattern=r"^[^:,\s]+:\d{1,5}(,[^:,\s]+:\d{1,5})*$",
        examples=["kafka-0:9092,kafka-1:9092"],
    )
    """Cluster: where Kafka listens, `host:port`, several with commas."""
    kafka_prefix: str = "storywave."
    """Before the name of each topic and consumer group."""
    kafka_partitions: int = Field(12, ge=1)
    """Of each topic: the most replicas of a service that share its work."""
    kafka_replication: int = Field(1, ge=1)
    """Copies of each topic: 3 where losing a broker must lose nothing."""
    kafka_session_timeout_ms: int = Field(10_000, ge=1)
    """After how long without a sign of life a replica's partitions go to another."""
    kafka_tls: bool = False
    """Whether Kafka is spoken to over TLS."""
    kafka_user: str = Field("", examples=["storywave"])
    """Whom to sign in to Kafka as; without a name nobody signs in."""
    kafka_password: str = Field("", repr=False, validate_default=True)
    """The password of this user."""
    kafka_sasl: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    """How to sign in. PLAIN sends the password as it is, and so works over TLS only."""
    mongo: Annotated[str, _starting("mongodb://", "mongodb+srv://")] = (
        "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    )
    """Cluster: where MongoDB listens; it must be a replica set. A user, a password and
    `tls=true` belong into this address.
    """
    mongo_database: str = Field(
        "storywave", pattern=r"^[A-Za-z0-9_-]{1,60}$", examples=["storywave"]
    )
    """The database in it."""
    s3_endpoint: Annotated[str, _starting("http://", "https://")] = "http://127.0.0.1:7070"
    """Cluster: where the object store listens."""
    s3_bucket: str = Field(
        "storywave", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", examples=["storywave"]
    )
    """The bucket in it; it is created where it is missing."""
    s3_key: str = ""
    """Its access key."""
    s3_secret: str = ""
    """Its secret key."""
    ca_file: Annotated[Path | None, AfterValidator(_a_file)] = None
    """Cluster: a file of certificates in PEM: who has signed those that Kafka, MongoDB and the
    object store show over TLS. Without it, those count that the system trusts.
    """
    scratch: Path = Path("/tmp/storywave")
    """Cluster: where a replica works on files; nothing in it is needed after a restart."""

    # serving
    host: str = "127.0.0.1"
    """The address to serve on; 0.0.0.0 is every one that this machine has."""
    port: int = Field(8000, ge=0, le=65_535)
    """The port to serve on; 0 is any free one."""
    metrics_port: int = Field(0, ge=0, le=65_535, examples=[9464])
    """A port that serves metrics and nothing else; with 0 they are beside the probes."""
    hosts: str = Field(
        "",
        pattern=r"^$|^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(,[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)*$",
        examples=["film.example,gateway"],
    )
    """Names that the API is asked by beside `localhost`, several with commas, without ports."""
    public_url: Annotated[str, AfterValidator(_check_public_url)] = ""
    """Where users reach the API, as `https://film.example`: this name is served too."""
    url: Annotated[str, AfterValidator(_check_server_url)] = Field(
        "", examples=["https://film.example"]
    )
    """The server that commands ask, like `--server`; without it they act on the data folder."""
    api_key: str = Field("", pattern=r"^[!-~]*$", repr=False, examples=["sw_…"])
    """The API key that commands send to it, like `--key`."""
    key: str = Field("", pattern=r"^[!-~]*$", repr=False, examples=["sw_…"])
    """The same by its former name."""
    link_seconds: int = Field(3600, ge=60, le=604_800)
    """For how many seconds, at least, a signed link to a file of a video works.

    It ends at the next full five minutes of the clock, so that the answers that name it stay the
    same for a while.
    """
    streams_a_key: int = Field(200, ge=0)
    """How many streams of live messages one key may have open in each gateway; 0 is no limit."""
    drain_seconds: float = Field(12.0, ge=0)
    """How long a stopping replica lets the steps in hand finish."""

    fetch_loopback: bool = False
    """Whether URLs that users give may lead to this machine itself: for tests."""

    # pace
    video_hours: float = Field(2.0, gt=0)
    """How long a video may run before it is given up; time that it is paused does not count."""
    look_seconds: float = Field(0.5, gt=0)
    """How often a worker looks for work that no event has told it of."""
    lease_seconds: float = Field(30.0, gt=0)
    """After how long another replica takes up the work of one that has died."""

    # bounds
    clips_at_once: int | None = Field(None, ge=0, le=60)
    """Clips of one video at once, for requests that leave it open; 0 is no limit. By default 3
    where clips are paid, else 6."""
    active_an_owner: int = Field(3, ge=0)
    """How many videos of one owner are made at once, while the others are queued; 0 is no limit."""
    active: int = Field(0, ge=0)
    """How many videos are made at once, whoever owns them; 0 is no limit."""
    most_priority: int = Field(10, ge=1, le=10)
    """The most that a video weighs, whatever priority is asked for it."""

    # how long things are kept
    keep_videos_days: float = Field(0, ge=0)
    """After how many days without any change a video that has ended is deleted, with everything
    that belongs to it; 0 is never."""
    keep_uploads_days: float = Field(7, ge=1)
    """For how many days, at least, a file stays that videos were made from, once all of them are
    deleted. One that no video has used is kept for a day."""
    keep_deliveries_days: float = Field(30, ge=1)
    """For how many days it is known what webhooks were told."""
    keep_audit_days: float = Field(365, ge=1)
    """For how many days it is known who did what; a change counts for what is done from then on."""
    keep_tombstones_days: float = Field(90, ge=8)
    """For how many days a deleted video is known as such. It must be longer than Kafka keeps the
    events of a topic (7 days by default), or an old event could start the video again."""

    @field_validator("llm_model")
    @classmethod
    def _check_model(cls, model: str, given: ValidationInfo) -> str:
        if given.data.get("llm_url") and not model:
            raise ValueError("name the model that STORYWAVE_LLM_URL is to plan with")
        return model

    @field_validator("kafka_password")
    @classmethod
    def _check_password(cls, password: str, given: ValidationInfo) -> str:
        if given.data.get("kafka_user") and not password:
            raise ValueError("give the password of the user in STORYWAVE_KAFKA_USER")
        return password

    @field_validator("kafka_sasl")
    @classmethod
    def _check_sasl(cls, sasl: str, given: ValidationInfo) -> str:
        if sasl == "PLAIN" and not given.data.get("kafka_tls"):
            raise ValueError("PLAIN would send the password readable: set STORYWAVE_KAFKA_TLS=true")
        return sasl

    @property
    def budget(self) -> Micros | None:
        """Return the cap of videos that come without one."""
        return read_dollars(self.budget_usd) if self.budget_usd else None

    @property
    def clips_are_paid(self) -> bool:
        """Tell whether clips come from an engine that costs money."""
        return self.paid and self.engine != "rehearsal"

    @property
    def on_loopback(self) -> bool:
        """Tell whether only this machine itself can reach what is served."""
        return _is_here(self.host)

    @property
    def needs_key(self) -> bool:
        """Tell whether others than this machine may ask: by address, or by a name of their own."""
        public = urlsplit(self.public_url).hostname
        return not self.on_loopback or bool(self.hosts) or not (public is None or _is_here(public))


def _is_here(host: str) -> bool:
    """Tell whether a host is this very machine, and no other can mean it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
