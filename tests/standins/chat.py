"""A stand-in for an OpenAI-compatible chat server: real HTTP on loopback, and a ledger of its own.

Every mode is one way in which such a server answers. `modes` are used up one a request; the last
one stays.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

TOKENS = (1_200, 800)
"""The tokens that it counts for each answer, in and out."""

LATE_SECONDS = 1.2

STORY: Mapping[str, Any] = {
    "title": "The sea in colours",
    "headline": "Every wave a colour",
    "call_to_action": "Come and see",
    "beats": [
        {
            "prompt": f"Wide view of a lighthouse in the morning, part {n}",
            "narration": f"The keeper paints wave {n}.",
            "setting": "lighthouse",
            "characters": ["the keeper"] if n < 2 else [],
            "seconds": 4 + n,
        }
        for n in range(3)
    ],
    "refusal": "",
}


INJECTED: Mapping[str, Any] = {
    **STORY,
    "brief": {"owner": "root", "budget": 10**12, "priority": 10},
    "takes": {"image/0": 99},
    "rev": 7,
    "job": "x",
    "cost": -5,
    "history": ["all is well"],
    "beats": [
        {**beat, "index": 9, "skipped": True, "image": 3, "duration": 1e9, "start": -4, "takes": 1}
        for beat in STORY["beats"]
    ],
}
"""An answer that would like to decide what is none of its business."""


@dataclass
class ChatServer:
    """What it is to answer, and what it was asked."""

    modes: Sequence[str] = ("good",)
    key: str = ""
    story: Mapping[str, Any] = field(default_factory=lambda: STORY)
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    accepted: int = 0
    """Answers that it has worked on, and would bill, whether or not they arrived."""

    def forms(self) -> list[str]:
        """Return the form of answer that each request has asked for."""
        return [body.get("response_format", {}).get("type", "text") for body in self.asked]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has hung up
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        mode = self.modes[min(len(self.asked), len(self.modes) - 1)]
        self.asked.append(body)
        self.paths.append(head[0])
        self.headers.append(headers)
        if self.key and headers.get("authorization") != f"bearer {self.key}":
            mode = "wrong_key"
        status, more, text = self._reply(mode, body)
        self.accepted += status == 200
        if mode == "late":
            await asyncio.sleep(LATE_SECONDS)
        if mode == "slow":
            await reader.read()  # until whoever asked hangs up
            return
        data = text.encode()
        lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(data)}", *more, "", ""]
        writer.write("\r\n".join(lines).encode())
        writer.write(data[: len(data) // 2] if mode == "cut" else data)
        await writer.drain()

    def _reply(self, mode: str, body: Mapping[str, Any]) -> tuple[int, list[str], str]:
        """Return status, further headers and body."""
        return _find_mistake(mode, body) or ERRORS.get(mode) or self._say(mode)

    def _say(self, mode: str) -> tuple[int, list[str], str]:
        """Return an answer, good or not."""
        content = json.dumps(self.story)
        told = {
            "fenced": f"Here is your plan:\n```json\n{content}\n```\nEnjoy!",
            "thinking": f"<think>First {{a sketch}}.</think>\n{content}",
            "no_json": "Once upon a time there was a lighthouse.",
            "no_beats": "{}",
            "sorry": "I’m sorry, but I can’t help with that.",
            "half": content[: len(content) // 2],
            "too_long": "x" * (5 << 20),
            "empty": "",
            "endless": "The sea, and the sea again. " * 2_000,
            "forty": json.dumps({**self.story, "beats": [*self.story["beats"]] * 14}),
            "one_beat": json.dumps({**self.story, "beats": self.story["beats"][:1]}),
            "injected": json.dumps(INJECTED),
        }.get(mode, content)
        message: dict[str, Any] = {"role": "assistant", "content": told}
        ending = "length" if mode in ("half", "endless") else "stop"
        if mode == "refuses":
            message |= {"content": None, "refusal": "it shows a real person"}
        if mode == "filtered":
            message["content"], ending = "", "content_filter"
        if mode == "in_parts":
            message["content"] = [{"type": "text", "text": told}]
        answer: dict[str, Any] = {
            "choices": [{"index": 0, "message": message, "finish_reason": ending}],
            "usage": {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1]},
        }
        if mode == "uncounted":
            del answer["usage"]
        return 200, [], "<html>Welcome</html>" if mode == "page" else json.dumps(answer)


def _find_mistake(mode: str, body: Mapping[str, Any]) -> tuple[int, list[str], str] | None:
    """Return the refusal of a way to ask that this server does not take."""
    form = body.get("response_format", {}).get("type", "text")
    if mode == "no_schema" and form == "json_schema":
        return _error(400, "'response_format.type' must be 'json_object' or 'text'")
    if mode == "no_form" and form != "text":
        return _error(400, "Unrecognized request argument supplied: response_format")
    if mode == "later_limit" and "max_tokens" in body:
        return _error(400, "'max_tokens' is not supported: use 'max_completion_tokens' instead")
    return None


def _error(status: int, message: str, *headers: str) -> tuple[int, list[str], str]:
    return status, [*headers], json.dumps({"error": {"message": message, "code": status}})


ERRORS = {
    "broke_behind": _error(200, "Provider returned error"),
    "wrong_key": _error(401, "Incorrect API key provided: sk-secret-1234"),
    "forbidden": _error(403, "You are not allowed to sample from this model"),
    "no_credit": _error(402, "Insufficient credits"),
    "no_quota": _error(429, "You exceeded your quota: insufficient_quota"),
    "no_model": _error(404, "model 'x' not found"),
    "busy": _error(429, "Rate limit exceeded", "retry-after: 7"),
    "busy_undated": _error(429, "Rate limit exceeded"),
    "too_much": _error(400, "This model's maximum context length is 2048 tokens"),
    "flagged": _error(400, "Your request was rejected: content_policy_violation"),
    "moderated": _error(403, "Your chosen model requires moderation and your input was flagged"),
    "moved": _error(302, "", "location: http://127.0.0.1:9/elsewhere"),
    "broken": _error(500, "CUDA error, and your key was sk-secret-1234"),
    "loading": _error(503, "Loading model"),
}


@asynccontextmanager
async def chat_server(*modes: str, **known: Any) -> AsyncIterator[ChatServer]:
    """Serve on a free port of loopback; nothing of it stays."""
    standin = ChatServer(modes or ("good",), **known)
    server = await asyncio.start_server(standin.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    standin.url = f"http://{host}:{port}/v1"
    try:
        yield standin
    finally:
        server.close()
        await server.wait_closed()
