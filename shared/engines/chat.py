"""Plans by a language model on an OpenAI-compatible server: Ollama, vLLM, LM Studio, OpenRouter.

The answer comes with the POST itself, and no such server keeps it: what is lost can't be found
again. So where an answer costs money it is asked for once, and one that is lost counts as the most
that it can have cost. Where it costs nothing it is simply asked for again.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx

from shared.base.trust import trusted
from shared.engines import mending, plain, planning
from shared.engines.chatreplies import (
    FREE,
    Answer,
    Habits,
    Prices,
    Reply,
    explain_useless,
    learn,
    read_answer,
    read_refusal,
    read_words,
)
from shared.engines.planning import Flagged, Question
from shared.jobs.engine import Task
from shared.jobs.job import Job
from shared.jobs.outcomes import Code, Ended, Found, Pending, Produced, Quote, Refused
from shared.jobs.rates import NO_LIMITS
from shared.jobs.retries import pick_model
from shared.story.errors import PermanentError, StorywaveError, TransientError
from shared.story.fact import Micros
from shared.story.kinds import PLAN, PlanOrder, RetryRules

log = logging.getLogger("storywave.chat")

CONNECT_SECONDS = 10.0
AWAY_SECONDS = 10.0
"""How long a server is left alone that can't be reached, or is still loading its model."""
LOST_SECONDS = 60.0
"""After its time-out a lost answer is waited for so much longer: clocks differ."""
LONGEST_BODY = 4 << 20
"""Bytes; the answer within it is bounded again where it is read."""
TEMPLATE_TOKENS = 500
"""The most that a server adds to a question: marks of roles, a form to keep to."""


class Unanswered(StorywaveError):
    """A question was sent, and nobody knows whether its answer will be paid for."""


class _TooLate(Exception):
    """The time in which the question must have been sent is over; it was not."""


@dataclass(frozen=True)
class Server:
    """Where the language model is, and what it costs."""

    url: str
    """Up to, and without, `/chat/completions`."""
    model: str
    key: str = field(default="", repr=False)
    prices: Prices = FREE
    seconds: float = 240.0
    """The longest that an answer may take."""


def _read_wall_clock() -> int:
    return time.time_ns() // 1_000_000


class ChatEngine:
    """Asks a language model for plans, one POST each."""

    name = "chat"
    slots = 4
    makes_files = False
    limits = NO_LIMITS

    def __init__(self, server: Server, now: Callable[[], int] = _read_wall_clock) -> None:
        self._server = server
        self._now = now
        self._habits = Habits()
        self.repeatable = server.prices.is_free

    def quote(self, job: Job) -> Quote:
        """Return the most that a plan can cost: every byte a token, and all that may be said."""
        if _is_given_up(job):
            return Quote(0, plain.NAME)
        question = mending.ask_next(job, PLAN.read(job.spec))
        return Quote(self._ceiling(question), self._server.model)

    def count_models(self, job: Job) -> int:
        """Return 2: the one that the settings name, and after it our own rules."""
        return 2

    async def fingerprint(self, task: Task) -> str | None:
        """Return what a plan that was paid for is found by: the server, its model, the question."""
        if self.repeatable or _is_given_up(task.job):
            return None
        asked = planning.ask(_order(task))
        said = [self._server.url, self._server.model, asked.system, asked.user, asked.schema]
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    async def prepare(self, task: Task) -> Question | None:
        """Return the question, None where nobody is asked any more; nothing has to be uploaded."""
        return None if _is_given_up(task.job) else mending.ask_next(task.job, _order(task))

    async def submit(self, task: Task, prepared: Any) -> Produced | Ended | Refused:
        """Ask, and return the plan that the answer is; after too many in vain, one by our rules."""
        if prepared is None:
            return await plain.take_over(task.job, _order(task))
        try:
            reply = await self._ask(task, prepared)
        except _TooLate:
            return Refused("busy", "the time to ask was over before it began", "timeout", seconds=0)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Refused("busy", _AWAY, "network", seconds=AWAY_SECONDS)
        except TimeoutError:
            error = f"the language model gave no answer within {self._server.seconds:g} s"
            return self._lose(error, "timeout")
        except httpx.HTTPError:
            return self._lose("the language model's answer broke off", "network")
        return read_refusal(reply, self._server.model) or self._judge(task, prepared, reply)

    async def poll(self, task: Task) -> Pending | Produced | Ended:
        """Refuse: nothing is left to ask for."""
        raise PermanentError("a language model has answered when its submit returns")

    async def find(self, task: Task) -> Found | Ended:
        """Return that a lost answer is lost for good, once it can't be on its way any more."""
        if _is_given_up(task.job):
            return Found(is_complete=True)
        waited = self._now() - (task.job.posted_at or 0)
        if waited < 1000 * (self._server.seconds + LOST_SECONDS):
            return Found()
        cost = self._ceiling(mending.ask_next(task.job, _order(task)))
        return Ended("the language model's answer was lost", "network", most_tries=2, cost=cost)

    async def cancel(self, task: Task) -> None:
        """Do nothing: a chat can't be cancelled, only its answer be ignored."""

    # ── the question ────────────────────────────────────────────────────────────────────────────

    async def _ask(self, task: Task, question: Question) -> Reply:
        """Return the server's reply to the question, put in a way that it takes."""
        while True:
            habits = self._habits
            reply = await self._post(task, self._write(task, question, habits))
            learnt = learn(reply, habits)
            if learnt is None:
                return reply
            # surely not accepted, so that asking again in another way pays nothing twice
            log.info("the server is asked in another way from now on: %s", learnt)
            self._habits = learnt

    def _write(self, task: Task, question: Question, habits: Habits) -> bytes:
        """Return the body of the POST."""
        form = habits.form
        body: dict[str, object] = {
            "model": self._server.model,
            "messages": question.messages,
            habits.limit: question.max_tokens,
            # another try should not get the same useless answer again
            "seed": (_order(task).brief.seed + task.job.tries) % 2**31,
            "stream": False,
        }
        if form == "json_schema":
            named = {"name": "plan", "strict": True, "schema": question.schema}
            body["response_format"] = {"type": form, "json_schema": named}
        elif form == "json_object":
            body["response_format"] = {"type": form}
        return json.dumps(body).encode()

    async def _post(self, task: Task, body: bytes) -> Reply:
        """Send the question while there is time for it, and return the reply, bounded."""
        async with asyncio.timeout(self._server.seconds), self._send(task, body) as answer:
            parts = bytearray()
            async for part in answer.aiter_bytes():
                parts += part
                if len(parts) > LONGEST_BODY:
                    return Reply(answer.status_code, answer.headers, b"", is_whole=False)
            told = bytes(parts) if answer.is_success else self._hide_key(bytes(parts))
            return Reply(answer.status_code, answer.headers, told)

    @asynccontextmanager
    async def _send(self, task: Task, body: bytes) -> AsyncIterator[httpx.Response]:
        async def look_at_the_clock(event: str, _: Mapping[str, Any]) -> None:
            # connecting may have taken long: what counts is when the request itself is written
            if event.endswith("send_request_headers.started") and task.seconds_left() <= 0:
                raise _TooLate

        # not compressed: what is bounded below should be as long on the way as it is here
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._server.key:
            headers["Authorization"] = f"Bearer {self._server.key}"
        times = httpx.Timeout(None, connect=CONNECT_SECONDS)  # the whole has a time-out of its own
        async with (
            httpx.AsyncClient(verify=trusted(), timeout=times, headers=headers) as client,
            client.stream(
                "POST",
                f"{self._server.url}/chat/completions",
                content=body,
                extensions={"trace": look_at_the_clock},
            ) as answer,
        ):
            yield answer

    # ── the reply ───────────────────────────────────────────────────────────────────────────────

    def _judge(self, task: Task, question: Question, reply: Reply) -> Produced | Ended | Refused:
        """Return what a reply comes to that is no refusal."""
        if reply.status == 503 and self.repeatable:
            return Refused("busy", _AWAY, "network", seconds=AWAY_SECONDS)
        if not reply.is_answer:
            return self._lose(
                f"the language model's server failed: {read_words(reply)}", "internal"
            )
        if not reply.is_whole:
            return Ended("the language model said far too much", cost=self._ceiling(question))
        answer = read_answer(reply)
        if answer is None:
            return Ended(explain_useless(reply), cost=self._ceiling(question))
        return self._use(task, answer, self._cost(question, answer))

    def _use(self, task: Task, answer: Answer, cost: Micros) -> Produced | Ended:
        """Return the plan that an answer is, or why it is none; either has its price."""
        try:
            if answer.refusal:
                raise Flagged(f"the language model refuses to plan this: {answer.refusal}")
            made = planning.read(answer.text, _order(task))
            return Produced(mending.add_history(made, task.job), cost=cost)
        except Flagged as error:
            return Ended(str(error), "flagged", at_fault="prompt", permanent=True, cost=cost)
        except TransientError as error:
            error_ = "the language model's answer was cut off" if answer.is_cut else str(error)
            return Ended(error_, cost=cost, answer=answer.text)
        except Exception:  # whatever is wrong with it, it has been made, and has its price
            log.exception("an answer can't be used", extra={"action": "error"})
            said = "the language model's answer can't be used"
            return Ended(said, cost=cost, answer=answer.text)

    def _lose(self, error: str, code: Code) -> Ended:
        """Return that nothing came of it, where that costs nothing; else nobody knows."""
        if not self.repeatable:
            raise Unanswered(error)
        return Ended(error, code)

    def _ceiling(self, question: Question) -> Micros:
        """Return the most that an answer can cost."""
        asked = f"{question.system}{question.user}{json.dumps(question.schema)}"
        # no token is shorter than a byte
        tokens = len(asked.encode(errors="replace")) + TEMPLATE_TOKENS
        return self._server.prices.cost(tokens, question.max_tokens)

    def _cost(self, question: Question, answer: Answer) -> Micros:
        """Return what an answer has cost: the ceiling, where the server does not count."""
        if answer.usage is None:
            return self._ceiling(question)
        return self._server.prices.cost(*answer.usage)

    def _hide_key(self, told: bytes) -> bytes:
        """Return what a server says of a failure, without the key, which some of them repeat."""
        key = self._server.key.encode()
        return told.replace(key, b"...") if key else told


_AWAY = "the language model's server can't be reached: is it running, and STORYWAVE_LLM_URL right?"


def _is_given_up(job: Job) -> bool:
    """Tell whether the model was asked in vain as often as it may be: then we plan ourselves."""
    return pick_model(job.tries, RetryRules()) > 0


def _order(task: Task) -> PlanOrder:
    if not isinstance(task.order, PlanOrder):
        raise PermanentError("a language model is asked for plans only")
    return task.order
