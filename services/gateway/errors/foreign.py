"""Problems in the shape that OpenAI's clients read."""

from pydantic import BaseModel

from services.gateway.errors.problems import Problem

PREFIX = "/openai/"
"""The paths below which problems have this shape."""

_CODES = {"key-missing": "invalid_api_key", "key-not-valid": "invalid_api_key"}


class OpenAIProblem(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIError(BaseModel):
    """A problem in their shape."""

    error: OpenAIProblem


def describe_problem(problem: Problem) -> OpenAIError:
    """Return a problem in their shape."""
    kind = "server_error" if problem.status >= 500 else "invalid_request_error"
    if problem.status == 429:
        kind = "rate_limit_error"
    field = next((each.field for each in problem.errors if each.field), None)
    code = _CODES.get(problem.code, problem.code.replace("-", "_") or None)
    return OpenAIError(
        error=OpenAIProblem(message=problem.detail, type=kind, param=field, code=code)
    )
