"""
How long it takes to list a large group as JSON lines, relative to curl and jq for the same pages, and in which memory.

nginx has the pages as files, so that the server takes nearly nothing. curl knows all their URLs and reads them over one
connection, while tc learns the next one from each page.
"""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slugid

from tests.benchmarks.measure import TC, alternate, clean_environment, compare, find_program, peak_memory, run
from tests.benchmarks.servers import start_nginx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.measure import Figure

PAGES, PAGE_TASKS = 50, 1000
GROUP = "AAAAAAAAQwSAAAAAAAAAAA"
MAX_MEBIBYTES = 60
CURL_AND_JQ = "curl and jq -c .tasks[]"
LOCATION = """
location /api/queue/v1/task-group/ {
  default_type application/json;
  try_files /page$arg_continuationToken =404;
}
"""


def create_task(number: int) -> dict[str, Any]:
    """
    Return an entry of the list, with what tasks of a build usually have.
    """
    task_id = slugid.nice()
    times = {"created": "2026-01-01T00:00:00.000Z", "deadline": "2026-01-02T00:00:00.000Z"}
    common = {
        "provisionerId": "proj-example",
        "workerType": "linux-large",
        "taskQueueId": "proj-example/linux-large",
        "schedulerId": "example-level-1",
        "projectId": "example",
        "taskGroupId": GROUP,
        "expires": "2027-01-01T00:00:00.000Z",
    }
    run = {
        "runId": 0,
        "state": "completed",
        "reasonCreated": "scheduled",
        "reasonResolved": "completed",
        "workerGroup": "us-east-1",
        "workerId": f"i-{number:017x}",
        "takenUntil": "2026-01-01T00:30:00.000Z",
        "scheduled": "2026-01-01T00:00:01.000Z",
        "started": "2026-01-01T00:00:10.000Z",
        "resolved": "2026-01-01T00:10:00.000Z",
    }
    definition = {
        **common,
        **times,
        "dependencies": [slugid.nice() for _ in range(3)],
        "requires": "all-completed",
        "routes": ["index.example.v2.main.latest.linux", f"index.example.v2.main.pushlog-id.{number}.linux"],
        "priority": "low",
        "retries": 5,
        "scopes": ["queue:get-artifact:private/*", "secrets:get:project/example/token"],
        "payload": {
            "image": {"type": "task-image", "path": "public/image.tar.zst", "taskId": slugid.nice()},
            "command": ["/bin/bash", "-cx", 'cd /builds/worker && ./mach test --chunk 3 --total-chunks 12 "$@"'],
            "env": {f"VARIABLE_{each}": f"a value of the usual length, {each}" for each in range(10)},
            "maxRunTime": 5400,
            "artifacts": {"public/logs": {"type": "directory", "path": "/builds/worker/logs"}},
        },
        "metadata": {
            "name": f"test-linux/opt-suite-{number}",
            "description": "A suite of tests in chunks; see https://example.com/docs",
            "owner": "developer@example.com",
            "source": "https://example.com/file/taskcluster/kinds/test",
        },
        "tags": {"kind": "test", "os": "linux", "createdForUser": "developer@example.com"},
        "extra": {"treeherder": {"symbol": "T", "tier": 1}, "index": {"rank": 1767225600}},
    }
    status = {"taskId": task_id, **common, "deadline": times["deadline"], "state": "completed"}
    return {"status": {**status, "retriesLeft": 5, "runs": [run]}, "task": definition}


def write_pages(directory: Path) -> list[str]:
    """
    Write the pages as files; return the queries that lead to them.
    """
    first = {"taskGroupId": GROUP, "schedulerId": "example-level-1", "expires": "2027-01-01T00:00:00.000Z"}
    names = ["", *(f"token{page}" for page in range(1, PAGES))]
    for page, name in enumerate(names):
        tasks = [create_task(page * PAGE_TASKS + number) for number in range(PAGE_TASKS)]
        following = {"continuationToken": names[page + 1]} if page + 1 < PAGES else {}
        text = json.dumps({**first, "tasks": tasks, **following}, separators=(",", ":"))
        (directory / f"page{name}").write_text(text, "utf-8")
    return [f"?continuationToken={name}" for name in names]


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the figures of time and of memory.
    """
    find_program("curl")
    find_program("jq")
    with tempfile.TemporaryDirectory() as name, start_nginx(Path(name), LOCATION) as [root_url]:
        queries = write_pages(Path(name) / "www")
        urls = " ".join(f"'{root_url}/api/queue/v1/task-group/{GROUP}/list{query}'" for query in queries)
        what = f"listTaskGroup of {PAGES * PAGE_TASKS:,} tasks as JSON lines"
        words = [TC, "queue", "listTaskGroup", GROUP, "--paginate", "--format", "jsonl"]
        environment = {**clean_environment(), "TASKCLUSTER_ROOT_URL": root_url}
        cases = {
            CURL_AND_JQ: partial(run, ["sh", "-c", f"curl -sf {urls} | jq -c '.tasks[]'"], environment),
            what: partial(run, words, environment),
        }
        usages = alternate(max(1, runs // 4), cases)
    yield compare(usages, what, CURL_AND_JQ, 0.6, in_readme=True)
    yield peak_memory(f"{what}, memory", usages[what], MAX_MEBIBYTES)
