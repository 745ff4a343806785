"""What the samples of a profiler say: the time of a process by purpose and by library. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

Stack = tuple[str, ...]
"""The frames of one sample, the innermost last, as `function (file:line)`."""

AREAS = (
    ("publish", r"shared/bus/kafka_producer|aiokafka/producer"),
    ("decode records", r"shared/bus/wire|_handle_all"),
    ("fetch records", r"faststream|aiokafka/(?!record)"),
    ("look at what is to be stored", r"shared/store/documents|shared/base/values"),
    ("store: driver", r"pymongo|bson|concurrent/futures"),
    ("store: our adapter", r"shared/store|motor"),
    ("decide", r"services/\w+/decide|services/stitcher|decide_on|shared/story/view"),
    ("views: fold and write", r"shared/runtime/known|shared/runtime/memory"),
    ("ensure", r"_ensure|shared/jobs/ledger.py:insert|take_on"),
    ("requests", r"services/gateway|starlette|fastapi|uvicorn|shared/runtime/http"),
    ("metrics, logs, traces", r"journal|telemetry|tracing|prometheus_client|logging/"),
    ("shell", r"shared/runtime/shell"),
    ("work on jobs", r"shared/jobs|shared/engines"),
    ("batchers", r"shared/base/batching"),
)
"""What the time is spent on, and the frames by which that is known: the innermost frame counts."""

LIBRARY = re.compile(r"(?:site-packages/)?(\w+)[/.]")


def read_stacks(text: str) -> Iterator[tuple[Stack, int]]:
    """Yield each stack that py-spy saw, with the number of times."""
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        if count.isdecimal():
            yield tuple(stack.split(";")), int(count)


def find_area(stack: Stack) -> str:
    """Return what a sample is spent on, by its innermost frame that says so."""
    for frame in reversed(stack):
        for name, pattern in AREAS:
            if re.search(pattern, frame):
                return name
    return "event loop and the rest"


def find_library(stack: Stack) -> str:
    """Return the package whose code was running; ours are `shared` and `services`."""
    _, _, file = stack[-1].rpartition("(")
    found = LIBRARY.match(file)
    return found[1] if found else "python"


def share_out(
    stacks: Iterable[tuple[Stack, int]], cpu: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Return these CPU seconds by area and by library, as the samples share them out."""
    areas, libraries = Counter[str](), Counter[str]()
    for stack, count in stacks:
        areas[find_area(stack)] += count
        libraries[find_library(stack)] += count
    total = areas.total() or 1
    return (
        {name: cpu * count / total for name, count in areas.items()},
        {name: cpu * count / total for name, count in libraries.items()},
    )
