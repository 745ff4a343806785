"""Who hears events now, as Kafka knows it: each service is one group, with a member a process."""

from collections.abc import Collection

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, for_code
from aiokafka.protocol.admin import DescribeGroupsRequest_v2
from aiokafka.protocol.api import Request

from shared.bus.kafka_producer import Cluster
from shared.bus.kafka_topics import administer, explain


class _DescribeGroups(Request[DescribeGroupsRequest_v2]):  # type: ignore[misc]
    """Asks in version 2: the driver reads answers of version 3 by its schema too, and fails."""

    API_KEY = DescribeGroupsRequest_v2.API_KEY

    def __init__(self, groups: list[str]) -> None:
        self._groups = groups

    def build(
        self, request_struct_class: type[DescribeGroupsRequest_v2]
    ) -> DescribeGroupsRequest_v2:
        return request_struct_class(self._groups)


async def find_absent(cluster: Cluster, services: Collection[str]) -> list[str]:
    """Return the services of which no process hears events."""
    try:
        async with administer(cluster) as admin:
            return [name for name in services if not await _count(admin, cluster.prefix + name)]
    except GroupCoordinatorNotAvailableError:  # there has never been a group
        return list(services)
    except (KafkaError, OSError, TimeoutError) as error:
        raise explain(cluster, error) from error


async def _count(admin: AIOKafkaAdminClient, group: str) -> int:
    """Return how many processes a group has."""
    node = await admin.find_coordinator(group)
    # the driver's own call asks in version 3
    answer = await admin._send_request(_DescribeGroups([group]), node)  # noqa: SLF001
    code, *_, members = answer.groups[0]
    if code:
        raise for_code(code)(f"what it says of the group {group}")
    return len(members)
