"""
What the check of a payload takes: the first one, which a single call needs, and each further one in bulk.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.schemas import compiled, dialect, problems
from tests.benchmarks.measure import TC, Figure, alternate, clean_environment, median, run, show_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKS = 2000
SCHEMA = "create-task-request.json"
TASK_ID = "fN1SbArXTPSVFNUvaOlinQ"
TASK: dict[str, Any] = {
    "taskQueueId": "proj-example/linux",
    "schedulerId": "gecko-level-1",
    "taskGroupId": TASK_ID,
    "dependencies": [TASK_ID],
    "requires": "all-completed",
    "routes": ["index.project.example.latest", "notify.email.me@example.com.on-failed"],
    "priority": "low",
    "retries": 5,
    "created": "2030-01-01T00:00:00.000Z",
    "deadline": "2030-01-02T00:00:00.000Z",
    "expires": "2031-01-01T00:00:00.000Z",
    "scopes": ["queue:route:index.project.example.latest", "secrets:get:project/example"],
    "payload": {"image": "ubuntu", "command": ["bash", "-c", "make"], "env": {"A": "1"}, "maxRunTime": 3600},
    "metadata": {
        "name": "test-linux/opt",
        "description": "the tests",
        "owner": "me@example.com",
        "source": "https://example.com/project/src?rev=1#L2",
    },
    "tags": {"kind": "test", "createdForUser": "me@example.com"},
    "extra": {"treeherder": {"symbol": "t"}},
}


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the figures of a task definition.
    """
    queue = references.service("queue")
    validator = dialect.make_validator(queue, SCHEMA)
    each = take(lambda: compiled.decide(queue, SCHEMA, TASK))
    slow = take(lambda: not problems.collect_problems(validator, TASK, root="payload"))
    yield Figure(
        "the check of a payload",
        show_microseconds(each),
        f"{show_microseconds(slow)} for jsonschema",
        each * 1e6,
        "µs",
        goal=50,
        in_readme=True,
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "task.json")
        path.write_text(json.dumps(TASK), "utf-8")
        words = [TC, "queue", "createTask", TASK_ID, "--root-url", "https://tc.example.com", "--dry-run"]
        commands = {
            "with it": words,
            "without": [*words, "--no-validate"],
            "import": [sys.executable, "-c", "import jsonschema"],
        }
        environment = {**clean_environment(), "XDG_CACHE_HOME": directory}
        usages = alternate(
            2 * runs, {name: partial(run, command, environment, stdin=path) for name, command in commands.items()}
        )
    least = {name: min(usage.cpu for usage in found) for name, found in usages.items()}
    first = (least["with it"] - least["without"]) * 1000
    imported = show_seconds(median(usages["import"], "cpu"))
    yield Figure(
        "the first check of a process", f"{first:.1f} ms", f"{imported} for jsonschema's import", first, "ms", 10
    )


def take(check: Callable[[], bool | None]) -> float:
    """
    Return the seconds of CPU time that one check takes.
    """
    assert check()
    started = time.process_time()
    for _ in range(CHECKS):
        check()
    return (time.process_time() - started) / CHECKS


def show_microseconds(seconds: float) -> str:
    """
    Return a time in microseconds.
    """
    return f"{seconds * 1e6:.0f} µs"
