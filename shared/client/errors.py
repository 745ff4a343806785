"""What can go wrong between a client and a server.

ClientError
├── Refused          the server has answered, and says no: in its own words
├── NoServer         nobody answers at the address, or not for long enough
└── NotStorywave     what answers there is something else
"""

from pydantic import BaseModel, Field, ValidationError


class Problem(BaseModel):
    """A problem document, as far as a client reads it (RFC 9457)."""

    status: int = 0
    code: str = ""
    detail: str = ""
    hint: str = ""
    request_id: str = ""
    errors: list[dict[str, object]] = Field(default_factory=list)


class ClientError(Exception):
    """The root of all that a client raises on purpose."""


class Refused(ClientError):
    """The server has refused a request; the text says what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or f"the server answered {problem.status}")
        self.problem = problem

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.problem.status

    @property
    def code(self) -> str:
        """Return the stable word for this sort of problem, as `no-such-video`."""
        return self.problem.code


class NoServer(ClientError):
    """Nobody answers at the address."""


class NotStorywave(ClientError):
    """What answers at the address does not speak this API."""


def read_problem(status: int, body: bytes) -> Problem | None:
    """Return the problem that an answer carries; None where it carries none."""
    try:
        found = Problem.model_validate_json(body)
    except ValidationError:
        return None
    return found.model_copy(update={"status": status}) if found.detail else None
