"""What is so now: the lag of each consumer group, the jobs that wait, the CPU of the replicas."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.scale.rule import Rule
from shared.jobs.job import IN_HAND
from shared.jobs.ledger import JOBS
from shared.ports import Is, Store, Where

WHERE: Mapping[str, Where] = {
    "queued": {"tag": Is("present")},
    **{state.value: {"state": state.value, "due_at": Is("present")} for state in IN_HAND},
}
"""The states by which the gauge of open jobs counts them, as the store knows them."""


class Lags:
    """How many events each consumer group has still to read: as KEDA counts them, at Kafka."""

    def __init__(self, kafka: str, prefix: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
        self._prefix = prefix

    async def open(self) -> None:
        """Connect."""
        await self._admin.start()
        await self._consumer.start()

    async def close(self) -> None:
        """Let go of Kafka."""
        await self._consumer.stop()
        await self._admin.close()

    async def count(self, services: Sequence[str]) -> dict[str, int]:
        """Return the lag of each of these services."""
        read = {
            name: await self._admin.list_consumer_group_offsets(self._prefix + name)
            for name in services
        }
        all_ = {partition for offsets in read.values() for partition in offsets}
        ends: Mapping[TopicPartition, int] = await self._consumer.end_offsets(list(all_))
        return {
            name: sum(max(0, ends[at] - max(0, known.offset)) for at, known in offsets.items())
            for name, offsets in read.items()
        }


async def count_jobs(store: Store, rule: Rule) -> int:
    """Return the jobs that the query of a rule counts."""
    wheres = [{"spec.kind": kind, **WHERE[state]} for kind in rule.kinds for state in rule.states]
    return sum([await store.count(JOBS, where) for where in wheres])


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used; 0 once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
