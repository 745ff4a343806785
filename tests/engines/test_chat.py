"""The chat engine against a server that answers as such servers do."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from shared.engines.chat import ChatEngine, Server, Unanswered
from shared.engines.chatreplies import Prices
from shared.jobs.outcomes import Ended, Found, Produced, Refused
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned
from shared.story.kinds import PLAN, PlanOrder
from shared.story.view import JobSpec
from tests.standins.chat import TOKENS, ChatServer, chat_server

PAID = Prices(Decimal("0.15"), Decimal("0.6"))
KEY = "sk-secret-1234"
BRIEF = Brief(prompt="A lighthouse keeper who paints the sea", duration=30, seed=5)
ORDER = PlanOrder(video_id="v", brief=BRIEF)
SPEC = JobSpec(kind=PLAN.name, video_id="v", owner="o", take=1, input=ORDER.model_dump(mode="json"))


@dataclass
class Attempt:
    """One attempt, as far as this engine looks at it."""

    tries: int = 0
    posted_at: int = 0
    left: float = 20.0
    order: PlanOrder = field(default_factory=lambda: ORDER)

    @property
    def job(self) -> Any:
        return SimpleNamespace(spec=SPEC, tries=self.tries, posted_at=self.posted_at)

    def seconds_left(self) -> float:
        return self.left


def engine(server: ChatServer, prices: Prices = PAID, **known: Any) -> ChatEngine:
    return ChatEngine(Server(server.url, "small", prices=prices, **known))


def free(server: ChatServer, **known: Any) -> ChatEngine:
    return engine(server, Prices(), **known)


async def asked(chat: ChatEngine, **attempt: Any) -> Produced | Ended | Refused:
    task: Any = Attempt(**attempt)
    return await chat.submit(task, await chat.prepare(task))


def ceiling(chat: ChatEngine) -> int:
    job: Any = SimpleNamespace(spec=SPEC)
    most = chat.quote(job).ceiling
    assert most is not None
    return most


def plan_of(outcome: object) -> BeatsPlanned:
    assert isinstance(outcome, Produced), outcome
    return BeatsPlanned.model_validate({"video_id": "v", "rev": 1, **outcome.made.data})


async def test_a_good_answer_is_a_plan_and_costs_what_the_server_counted() -> None:
    async with chat_server() as server:
        outcome = await asked(engine(server))
    plan = plan_of(outcome)
    assert [beat.narration for beat in plan.beats] == [
        f"The keeper paints wave {n}." for n in (0, 1, 2)
    ]
    assert isinstance(outcome, Produced)
    assert outcome.cost == TOKENS[0] * 0.15 + TOKENS[1] * 0.6 == 660
    assert server.paths == ["POST /v1/chat/completions HTTP/1.1"]
    assert server.asked[0]["model"] == "small" and BRIEF.prompt in str(server.asked[0]["messages"])
    assert "authorization" not in server.headers[0]


async def test_a_plan_that_was_paid_for_is_found_by_its_question_and_model() -> None:
    task: Any = Attempt()
    other: Any = Attempt(order=PlanOrder(video_id="v", brief=BRIEF.model_copy(update={"seed": 6})))
    longer = BRIEF.model_copy(update={"duration": 60})
    async with chat_server() as server:
        chat = engine(server)
        found = await chat.fingerprint(task)
        assert found == await chat.fingerprint(other)
        other.order = PlanOrder(video_id="v", brief=longer)
        assert found != await chat.fingerprint(other)
        assert await free(server).fingerprint(task) is None, "it costs nothing to ask again"
        assert server.asked == []


async def test_the_key_is_sent_to_a_server_that_asks_for_one() -> None:
    async with chat_server(key=KEY) as server:
        plan_of(await asked(engine(server, key=KEY)))
        refused = await asked(engine(server, key="another"))
    assert isinstance(refused, Refused) and (refused.why, refused.code) == ("account", "auth")


@pytest.mark.parametrize("mode", ["fenced", "thinking", "in_parts", "uncounted"])
async def test_a_plan_is_found_in_whatever_a_server_puts_around_it(mode: str) -> None:
    async with chat_server(mode) as server:
        plan = plan_of(await asked(engine(server)))
    assert (plan.title, len(plan.beats)) == ("The sea in colours", 3)


@pytest.mark.parametrize(
    ("mode", "first", "later"),
    [
        ("no_schema", ["json_schema", "json_object"], "json_object"),
        ("no_form", ["json_schema", "json_object", "text"], "text"),
    ],
)
async def test_the_form_that_a_server_takes_is_learnt_once(
    mode: str, first: list[str], later: str
) -> None:
    async with chat_server(mode) as server:
        chat = engine(server)
        plan_of(await asked(chat))
        assert server.forms() == first
        plan_of(await asked(chat))
        assert server.forms() == [*first, later]
        assert server.accepted == 2


async def test_a_server_that_names_the_limit_otherwise_is_asked_so_from_then_on() -> None:
    async with chat_server("later_limit") as server:
        chat = engine(server)
        plan_of(await asked(chat))
        plan_of(await asked(chat))
    assert ["max_tokens" in body for body in server.asked] == [True, False, False]
    assert server.asked[1]["max_completion_tokens"] == server.asked[0]["max_tokens"]


REFUSALS: Mapping[str, tuple[str, str, str]] = {
    "wrong_key": ("account", "auth", "STORYWAVE_LLM_KEY"),
    "forbidden": ("account", "auth", "STORYWAVE_LLM_KEY"),
    "no_credit": ("account", "quota", "credit"),
    "no_quota": ("account", "quota", "credit"),
    "no_model": ("model", "internal", "STORYWAVE_LLM_MODEL"),
    "moved": ("model", "internal", "STORYWAVE_LLM_URL"),
    "busy": ("busy", "rate_limited", "busy"),
    "busy_undated": ("busy", "rate_limited", "busy"),
    "too_much": ("input", "bad_input", "maximum context length is 2048"),
    "flagged": ("input", "flagged", "word it otherwise"),
    "moderated": ("input", "flagged", "word it otherwise"),
}


@pytest.mark.parametrize("mode", REFUSALS)
@pytest.mark.parametrize("prices", [PAID, Prices()], ids=["paid", "free"])
async def test_a_refusal_says_whose_fault_it_is_and_what_to_do(mode: str, prices: Prices) -> None:
    async with chat_server(mode) as server:
        outcome = await asked(engine(server, prices, key=KEY))
        assert (len(server.asked), server.accepted) == (1, 0)
    why, code, advice = REFUSALS[mode]
    assert isinstance(outcome, Refused)
    assert (outcome.why, outcome.code) == (why, code) and advice in outcome.error
    assert KEY not in outcome.error
    assert (outcome.at_fault == "prompt") == (why == "input")


async def test_a_busy_server_is_left_alone_for_as_long_as_it_asks() -> None:
    async with chat_server("busy", "busy_undated") as server:
        chat = engine(server)
        first, second = await asked(chat), await asked(chat)
    assert isinstance(first, Refused) and first.seconds == 7
    assert isinstance(second, Refused) and second.seconds == 10


@pytest.mark.parametrize("prices", [PAID, Prices()], ids=["paid", "free"])
async def test_a_server_that_is_not_there_is_waited_for(prices: Prices) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        outcome = await asked(ChatEngine(Server(url, "small", prices=prices)))
    assert isinstance(outcome, Refused)
    assert (outcome.why, outcome.code) == ("busy", "network") and "is it running" in outcome.error


async def test_nothing_is_sent_once_the_time_for_it_is_over() -> None:
    async with chat_server() as server:
        outcome = await asked(engine(server), left=0.0)
        assert server.asked == []
    assert isinstance(outcome, Refused) and (outcome.why, outcome.seconds) == ("busy", 0)


@pytest.mark.parametrize("mode", ["slow", "cut", "broken", "loading"])
async def test_of_a_lost_answer_that_costs_nobody_claims_to_know(mode: str) -> None:
    async with chat_server(mode) as server:
        with pytest.raises(Unanswered) as raised:
            await asked(engine(server, seconds=0.3 if mode == "slow" else 20, key=KEY))
        assert len(server.asked) == 1
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("mode", "code"), [("slow", "timeout"), ("cut", "network"), ("broken", "internal")]
)
async def test_a_lost_answer_that_is_free_is_a_failure_like_any_other(mode: str, code: str) -> None:
    async with chat_server(mode) as server:
        outcome = await asked(free(server, seconds=0.3 if mode == "slow" else 20))
    assert isinstance(outcome, Ended)
    assert (outcome.code, outcome.cost, outcome.permanent) == (code, 0, False)


async def test_a_model_that_is_still_loading_is_waited_for() -> None:
    async with chat_server("loading", "good") as server:
        chat = free(server)
        first = await asked(chat)
        assert isinstance(first, Refused) and first.why == "busy"
        plan_of(await asked(chat))


USELESS = {
    "no_json": "no beats as JSON",
    "no_beats": "no beats as JSON",
    "half": "cut off",
    "too_long": "far too much",
    "page": "STORYWAVE_LLM_URL",
    "broke_behind": "Provider returned error",
}


@pytest.mark.parametrize("mode", USELESS)
async def test_a_useless_answer_is_one_more_try_and_has_its_price(mode: str) -> None:
    async with chat_server(mode) as server:
        chat = engine(server)
        outcome = await asked(chat)
    assert isinstance(outcome, Ended)
    assert USELESS[mode] in outcome.error and not outcome.permanent
    uncounted = mode in ("too_long", "page", "broke_behind")
    assert outcome.cost == (ceiling(chat) if uncounted else 660)


@pytest.mark.parametrize("mode", ["refuses", "filtered", "sorry"])
async def test_a_flagged_prompt_is_never_sent_again(mode: str) -> None:
    async with chat_server(mode) as server:
        outcome = await asked(engine(server))
    assert isinstance(outcome, Ended)
    assert outcome.permanent and (outcome.code, outcome.at_fault) == ("flagged", "prompt")
    assert outcome.cost == 660


async def test_an_answer_that_is_not_counted_has_cost_the_most_it_can() -> None:
    async with chat_server("uncounted") as server:
        chat = engine(server)
        outcome = await asked(chat)
    assert isinstance(outcome, Produced) and outcome.cost == ceiling(chat)


async def test_the_ceiling_covers_the_question_and_the_longest_answer_it_allows() -> None:
    async with chat_server() as server:
        chat = engine(server)
        await asked(chat)
    (body,) = server.asked
    sent = sum(len(message["content"].encode()) for message in body["messages"])
    assert ceiling(chat) >= sent * 0.15 + body["max_tokens"] * 0.6


async def test_what_costs_nothing_may_be_asked_again_and_what_costs_may_not() -> None:
    async with chat_server() as server:
        assert free(server).repeatable and ceiling(free(server)) == 0
        assert not engine(server).repeatable
        assert not engine(server, Prices(Decimal(0), Decimal("0.6"))).repeatable


async def test_another_try_asks_with_another_seed() -> None:
    async with chat_server() as server:
        chat = engine(server)
        await asyncio.gather(asked(chat, tries=0), asked(chat, tries=1))
    assert sorted(body["seed"] for body in server.asked) == [5, 6]


async def test_a_lost_answer_ends_at_its_ceiling_once_it_can_not_come_any_more() -> None:
    async with chat_server() as server:
        at = 1_000_000
        chat = ChatEngine(Server(server.url, "small", prices=PAID, seconds=100), now=lambda: at)
        task: Any = Attempt(posted_at=at - 159_000)
        assert await chat.find(task) == Found()
        task = Attempt(posted_at=at - 160_000)
        lost = await chat.find(task)
    assert isinstance(lost, Ended) and "lost" in lost.error
    assert (lost.cost, lost.permanent) == (ceiling(chat), False)
    assert server.asked == []
