"""Settings: read once from the environment (STORYWAVE_…), frozen."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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


Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]


class Settings(BaseSettings):
    """What differs between places where Storywave runs. Everything has a working default."""

    model_config = SettingsConfigDict(env_prefix="STORYWAVE_", frozen=True, extra="ignore")

    mode: Literal["embedded", "cluster"] = "embedded"
    log_level: Level = "INFO"
    engine: Literal["local", "rehearsal"] = "local"
    """Who does the work; a rehearsal makes nothing, and is for trying out a cluster under load."""
    rehearsal_seconds: float = Field(0.0, ge=0)
    """How long each job of a rehearsal takes."""
    processes: int = Field(os.cpu_count() or 1, ge=1)
    """How many encodes at once in one process."""

    # embedded
    data: Annotated[Path, AfterValidator(_a_folder)] = Path("storywave-data")

    # cluster
    kafka: str = "127.0.0.1:9092"
    kafka_prefix: str = "storywave."
    kafka_partitions: int = Field(12, ge=1)
    kafka_replication: int = Field(1, ge=1)
    kafka_session_timeout_ms: int = Field(10_000, ge=1)
    mongo: Annotated[str, _starting("mongodb://", "mongodb+srv://")] = (
        "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    )
    mongo_database: str = "storywave"
    s3_endpoint: Annotated[str, _starting("http://", "https://")] = "http://127.0.0.1:7070"
    s3_bucket: str = "storywave"
    s3_key: str = ""
    s3_secret: str = ""
    scratch: Path = Path("/tmp/storywave")
    """Where a replica works on files; nothing in it is needed after a restart."""

    # serving
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65_535)
    drain_seconds: float = Field(20.0, ge=0)
    """How long a stopping replica lets the steps in hand finish."""

    # pace
    look_seconds: float = Field(0.5, gt=0)
    lease_seconds: float = Field(30.0, gt=0)
