"""Our own side: every service as two processes on real servers, or all of them in one process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.truth import Rows
from shared.jobs.gate import MONEY
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.rows import end_event, from_doc
from shared.ports import Store
from shared.store.mongo import MongoStore
from shared.store.sqlite import SqliteStore
from shared.story.events import DeadLettered
from shared.story.kinds import KINDS
from tests.cluster.fleet import Fleet, Replica
from tests.cluster.processes import free_ports
from tests.cluster.proxy import Network
from tests.cluster.report import published_events
from tests.cluster.servers import Servers

MEMBER = ("-m", "benchmarks.chaos.member")
LEASE_SECONDS = 3.0
SETTINGS = {
    "STORYWAVE_LEASE_SECONDS": str(LEASE_SECONDS),
    "STORYWAVE_ACTIVE_AN_OWNER": "0",
    "STORYWAVE_KAFKA_SESSION_TIMEOUT_MS": "3000",
    # twice as many as replicas: a Kafka that was killed looks through every one as it comes back
    "STORYWAVE_KAFKA_PARTITIONS": "4",
    "STORYWAVE_PROCESSES": "1",
}


@dataclass
class Target:
    """What is struck. `servers` is None where everything is in one process."""

    folder: Path
    known: Mapping[str, str]
    servers: Servers | None = None
    network: Network | None = None
    """What is between us and the servers."""
    clocks: float = 0.0
    """How many seconds our own clocks are wrong."""
    name: str = "chaos"
    lease_seconds: float = LEASE_SECONDS
    fleet: Fleet = field(init=False)

    def __post_init__(self) -> None:
        known = {**SETTINGS, **self.known}
        if self.servers:
            names = {
                "STORYWAVE_KAFKA_PREFIX": f"{self.name}.",
                "STORYWAVE_MONGO_DATABASE": self.name,
            }
            through = self.network.environment() if self.network else {}
            known |= {**self.servers.env(), **through, **names}
        self.fleet = Fleet(self.folder, known, MEMBER, clocks=self.clocks)

    async def start(self, copies: int = 2) -> None:
        """Start all processes, and wait until they are ready."""
        await asyncio.to_thread(self._start, copies)

    def _start(self, copies: int) -> None:
        if self.servers:
            self.fleet.start(copies)
            return
        command = [*MEMBER, "up", "--data", str(self.folder / "data")]
        port = free_ports(1)[0]
        known = {**self.fleet.environment, "STORYWAVE_PUBLIC_URL": f"http://127.0.0.1:{port}"}
        replica = Replica("gateway", 0, port, known, self.folder / "up.log", command)
        self.fleet.replicas.append(replica)
        replica.start()
        self.fleet.wait_ready([replica])

    def stop(self) -> None:
        """End them politely."""
        self.fleet.stop()

    def list_leftovers(self) -> list[str]:
        """Return what lies in the folders of work, once nobody works."""
        folders = [self.folder / "data" / "work", *self.folder.glob("scratch-*")]
        return [str(path) for folder in folders for path in folder.glob("*")]

    async def read_rows(self) -> Rows:
        """Return all rows that matter."""
        async with self._open_store() as store:
            jobs, facts = await store.find(JOBS, {}), await store.find(OUTBOX, {})
            return Rows(jobs, facts, await store.find(MONEY, {}))

    @asynccontextmanager
    async def _open_store(self) -> AsyncIterator[Store]:
        known = self.fleet.environment
        store: Store = SqliteStore(self.folder / "data" / "storywave.db")
        if self.servers:
            store = MongoStore(known["STORYWAVE_MONGO"], known["STORYWAVE_MONGO_DATABASE"])
        await store.open({})
        try:
            yield store
        finally:
            await store.close()

    async def count_events(self, rows: Rows) -> tuple[int | str, list[str]]:
        """Return how many events came more than once, and which that are facts never came."""
        if not self.servers:
            return "-", []
        kafka = self.fleet.environment["STORYWAVE_KAFKA"]
        events = await published_events(kafka, f"{self.name}.")
        seen = Counter(event.id for event in events if not isinstance(event, DeadLettered))
        made = {end_event(from_doc(job), KINDS).id for job in rows.jobs if "finished_at" in job}
        missing = ({row["_id"] for row in rows.facts} | made) - seen.keys()
        return sum(seen.values()) - len(seen), sorted(missing)
