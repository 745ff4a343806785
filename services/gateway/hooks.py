"""What a provider's webhooks tell: that a job should be looked at."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.gateway.errors.problems import NotSigned
from shared.engines.replicate.hooks import Forged, read_call
from shared.jobs.wake import wake
from shared.ports import Store

log = logging.getLogger("storywave.gateway")


@dataclass(frozen=True)
class Hooks:
    """Hears webhooks, and wakes the jobs that they are about."""

    store: Store
    secret: str = field(repr=False)
    """What they are signed with; without one none is believed."""

    async def hear(self, query: str, headers: Mapping[str, str], body: bytes) -> None:
        """Have a job looked at; refuse a webhook that its sender has not signed.

        One that comes twice, or too late, is about a job that waits for nothing: no harm is done.
        """
        try:
            call = read_call(query, headers, body, self.secret, self.store.now() / 1000)
        except Forged as error:
            raise NotSigned(f"This webhook is not heard: {error}.") from error
        is_news = await wake(self.store, call.job, call.attempt)
        said = "run %s has ended: its job is looked at" if is_news else "run %s has ended"
        log.info(said, call.run, extra={"action": "webhook", "job": call.job})
