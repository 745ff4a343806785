"""The one composition point: which adapters and engines. The only branch on the mode.

`shared` does not know the services: they are handed in.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shared.base.pool import Pool
from shared.base.worker import Bounds
from shared.engines import plain
from shared.engines.local.engine import LocalEngine
from shared.engines.local.given import GIVEN
from shared.engines.local.optional import tell_missing
from shared.engines.local.work import WORK
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.engine import Engine
from shared.jobs.job import Rules
from shared.jobs.means import Pace
from shared.jobs.turns import Room
from shared.ports import Store
from shared.runtime.allowances import FREE_CLIPS, PAID_CLIPS, Allowances
from shared.runtime.app import App, Indexes, Parts, Ports, run_services
from shared.runtime.defaults import read_defaults
from shared.runtime.keeping import DAY_MS, Keeping
from shared.runtime.service import Service
from shared.runtime.settings import Settings
from shared.runtime.terms import Priced, Terms, ask_engines
from shared.story.kinds import KINDS, PLAN, VOICE, AnyKind, Kinds

if TYPE_CHECKING:
    from faststream.security import BaseSecurity

    from shared.bus.kafka_producer import Cluster
    from shared.engines.replicate.engine import ReplicateEngine

NO_INDEXES: Indexes = {}


@asynccontextmanager
async def open_app(
    settings: Settings,
    services: Sequence[Service],
    kinds: Kinds = KINDS,
    *,
    at_rest: bool = False,
) -> AsyncIterator[App]:
    """Run the services on the adapters and engines that the settings ask for."""
    ports, scratch = choose_ports(settings)
    paid = paid_engines(settings, services, ports.store)
    pool = Pool(settings.processes, Bounds(resident=settings.process_mib << 20))
    parts = Parts(
        ports,
        kinds,
        {
            **engines(settings, services, pool),
            **own_engines(settings, services, ports.store),
            **paid,
        },
        scratch,
        pool,
        models=name_models(settings, paid),
        given=None if settings.engine == "rehearsal" else LocalEngine(pool, GIVEN),
        rules=replace(Rules(), lease_ms=round(settings.lease_seconds * 1000)),
        pace=Pace(look=settings.look_seconds),
        drain_seconds=settings.drain_seconds,
        video_ms=round(settings.video_hours * 3_600_000),
        terms=find_terms(settings),
        allowances=allow(settings),
        keeping=keep(settings),
        alone=settings.mode == "embedded",
        at_rest=at_rest,
    )
    try:
        async with run_services(parts, services) as app:
            yield app
    finally:
        pool.close()
        for engine in set(paid.values()):
            await engine.close()


@asynccontextmanager
async def open_store(settings: Settings, indexes: Indexes = NO_INDEXES) -> AsyncIterator[Store]:
    """Open the store alone, for who only looks: nothing is taken up, and nothing published."""
    ports, _ = choose_ports(settings)
    await ports.store.open(indexes)
    try:
        yield ports.store
    finally:
        await ports.store.close()


def keep(settings: Settings) -> Keeping:
    """Return how long things are kept."""
    return Keeping(
        videos_ms=round(settings.keep_videos_days * DAY_MS),
        uploads_ms=round(settings.keep_uploads_days * DAY_MS),
        deliveries_ms=round(settings.keep_deliveries_days * DAY_MS),
        audit_ms=round(settings.keep_audit_days * DAY_MS),
        tombstones_ms=round(settings.keep_tombstones_days * DAY_MS),
    )


def allow(settings: Settings) -> Allowances:
    """Return what is allowed to videos and their owners."""
    most = settings.clips_at_once
    return Allowances(
        clips_at_once=(PAID_CLIPS if settings.clips_are_paid else FREE_CLIPS)
        if most is None
        else most,
        most_priority=settings.most_priority,
        defaults=read_defaults(settings),
        room=Room(settings.active_an_owner, settings.active),
    )


def engines(
    settings: Settings, services: Sequence[Service], pool: Pool
) -> Mapping[AnyKind, Engine]:
    """Return who does the work of each kind that these services run."""
    own = {kind: work for service in services for kind, work in service.work.items()}
    engine: Engine = LocalEngine(pool, {**WORK, **own})
    if settings.engine == "rehearsal":
        real = {kind: work for kind, work in own.items() if kind is PLAN}
        engine = RehearsalEngine(real, latency=lambda job: settings.rehearsal_seconds)
    made = {kind: engine for service in services for kind in service.kinds}
    if made.get(VOICE) is engine and settings.engine == "local":
        tell_missing()
    if PLAN in made and settings.llm_url and settings.engine != "rehearsal":
        made[PLAN] = _chat(settings)
    return made


def own_engines(
    settings: Settings, services: Sequence[Service], store: Store
) -> Mapping[AnyKind, Engine]:
    """Return who does the work that services do themselves, on the event loop: in every mode."""
    return {
        kind: make(store, settings)
        for service in services
        for kind, make in service.engines.items()
    }


def price_engines(settings: Settings, *, paid: bool) -> Mapping[AnyKind, Priced]:
    """Return who tells what work elsewhere costs, kind by kind, in whichever process it runs.

    `paid`: as if paid engines were let work.
    """
    if settings.engine == "rehearsal":
        return {}
    found = dict[AnyKind, Priced]()
    if paid:
        from shared.runtime.paid import build_paid_engines

        found |= build_paid_engines(settings, lambda: 0)  # nothing is asked of them but prices
    return found | ({PLAN: _chat(settings)} if settings.llm_url else {})


def find_terms(settings: Settings) -> Terms:
    """Return what work costs here, and what may be spent unasked."""
    return Terms(ask_engines(price_engines(settings, paid=settings.paid)), settings.budget)


def _chat(settings: Settings) -> Engine:
    """Return the language model that plans."""
    from shared.engines.chat import ChatEngine, Server
    from shared.engines.chatreplies import Prices

    prices = Prices(settings.llm_price_in, settings.llm_price_out)
    return ChatEngine(Server(settings.llm_url, settings.llm_model, settings.llm_key, prices))


def paid_engines(
    settings: Settings, services: Sequence[Service], store: Store
) -> Mapping[AnyKind, "ReplicateEngine"]:
    """Return who works for money, of the kinds that these services run: nobody, unless asked for.

    A rehearsal costs nothing, whatever else is set.
    """
    if not settings.paid or settings.engine == "rehearsal":
        return {}
    from shared.engines.replicate.client import check_ready
    from shared.runtime.paid import build_paid_engines

    run_here = {kind for service in services for kind in service.kinds}
    paid = build_paid_engines(settings, store.now).items()
    found = {kind: engine for kind, engine in paid if kind in run_here}
    if found:
        check_ready()
    return found


def name_models(settings: Settings, paid: Iterable[AnyKind]) -> Mapping[AnyKind, Sequence[str]]:
    """Return the models that may be run for each kind, of those that are worked on for money."""
    chats = settings.llm_url and settings.engine != "rehearsal"
    chat = {PLAN: [settings.llm_model, plain.NAME]} if chats else {}
    if not (kinds := tuple(paid)):
        return chat
    from shared.engines.replicate.catalog import load

    # after all models that can plan, our own rules can
    after = {PLAN: [plain.NAME]}
    return {**{kind: [*load().list_for(kind.name), *after.get(kind, ())] for kind in kinds}, **chat}


def choose_ports(settings: Settings) -> tuple[Ports, Path]:
    """Return the adapters and the folder to work in.

    Each is imported only where it is used: the command line must start at once.
    """
    if settings.mode == "embedded":
        from shared.blobs.disk import DiskBlobs
        from shared.bus.local import LocalBus
        from shared.store.sqlite import SqliteStore

        data = settings.data
        ports = Ports(SqliteStore(data / "storywave.db"), LocalBus(), DiskBlobs(data / "blobs"))
        return ports, data / "work"

    from prometheus_client import REGISTRY

    from shared.blobs.s3 import S3Blobs
    from shared.bus.kafka import KafkaBus
    from shared.store.mongo import MongoStore

    ca_file = settings.ca_file
    bus = KafkaBus(
        settings.kafka,
        prefix=settings.kafka_prefix,
        partitions=settings.kafka_partitions,
        replication=settings.kafka_replication,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        security=secure_kafka(settings),
        registry=REGISTRY,
    )
    blobs = S3Blobs(
        settings.s3_endpoint,
        settings.s3_bucket,
        settings.s3_key,
        settings.s3_secret,
        ca_file=ca_file,
    )
    store = MongoStore(settings.mongo, settings.mongo_database, ca_file)
    return Ports(store, bus, blobs), settings.scratch


def secure_kafka(settings: Settings) -> "BaseSecurity | None":
    """Return how Kafka is spoken to: over TLS or not, signed in or not."""
    from shared.bus.security import Login, make_security

    user = settings.kafka_user
    login = Login(user, settings.kafka_password, settings.kafka_sasl) if user else None
    return make_security(tls=settings.kafka_tls, login=login, ca_file=settings.ca_file)


def name_kafka(settings: Settings) -> "Cluster":
    """Return which Kafka the settings name, and how topics are made on it."""
    from shared.bus.kafka_producer import Cluster

    return Cluster(
        settings.kafka,
        settings.kafka_prefix,
        settings.kafka_partitions,
        settings.kafka_replication,
        client_id="storywave",
        security=secure_kafka(settings),
    )
