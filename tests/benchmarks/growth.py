"""
How time and memory grow with the number of calls, tasks and artifacts.

nginx responds with what it has prepared, so that what grows is tc.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slugid

from tests.benchmarks import pages
from tests.benchmarks.measure import TC, Figure, clean_environment, run, show, show_seconds
from tests.benchmarks.servers import start_nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.measure import Usage

COUNTS = (10, 1000, 100_000)
PAGE = 1000
TASK = "AAAAAAAAQwSAAAAAAAAAAA"
MAX_MEBIBYTES = 100
SERVER = """
default_type application/json;
location /api/queue/v1/task-group/ { try_files /tasks$arg_continuationToken =404; }
location ~ /artifacts$ { try_files /artifacts$arg_continuationToken =404; }
location ~ /artifact-content/ { return 200 '{"storageType":"s3","url":"http://$http_host/content"}'; }
location ~ /(cancel|status)$ {
  return 200 '{"status":{"taskId":"AAAAAAAAQwSAAAAAAAAAAA","runs":[{"runId":0,"state":"completed"}]}}';
}
"""


def write_listing(directory: Path, name: str, key: str, count: int, create: Callable[[int], Any]) -> None:
    """
    Write the pages of a listing, each with the token of the next one.
    """
    for old in directory.glob(f"{name}*"):
        old.unlink()
    for start in range(0, count, PAGE):
        entries = [create(number) for number in range(start, min(start + PAGE, count))]
        following = {"continuationToken": str(start + PAGE)} if start + PAGE < count else {}
        (directory / f"{name}{start or ''}").write_text(json.dumps({key: entries, **following}), "utf-8")


def create_artifact(number: int) -> dict[str, str]:
    """
    Return an entry of the list of artifacts.
    """
    times = {"expires": "2999-01-01T00:00:00.000Z"}
    return {"storageType": "s3", "name": f"public/{number}", "contentType": "text/plain", **times}


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the figures of each number of each thing.
    """
    del runs  # the largest ones take minutes
    with tempfile.TemporaryDirectory() as name, start_nginx(Path(name), SERVER) as [root_url]:
        www = Path(name, "www")
        (www / "content").write_bytes(b"x" * 2000)
        environment = {
            **clean_environment(),
            "TASKCLUSTER_ROOT_URL": root_url,
            "TASKCLUSTER_CLIENT_ID": "project/example",
            "TASKCLUSTER_ACCESS_TOKEN": slugid.nice() + slugid.nice(),
        }
        for count in COUNTS:
            ids = Path(name, "ids")
            ids.write_text("".join(f"{slugid.nice()}\n" for _ in range(count)), "ascii")
            words = [TC, "batch", "queue", "cancelTask"]
            yield describe("calls of tc batch", count, run(words, environment, stdin=ids))
        for count in COUNTS:
            write_listing(www, "tasks", "tasks", count, pages.create_task)
            words = [TC, "queue", "listTaskGroup", TASK, "--paginate", "--format", "jsonl"]
            yield describe("tasks listed as JSON lines", count, run(words, environment))
        for count in COUNTS:
            write_listing(www, "artifacts", "artifacts", count, create_artifact)
            target = Path(name, f"downloaded-{count}")
            words = [TC, "download-artifact", "-q", TASK, "public/*", "-o", str(target)]
            usage = run(words, environment)
            assert count == len(list((target / "public").iterdir()))
            yield describe("artifacts downloaded by pattern", count, usage)


def describe(what: str, count: int, usage: Usage) -> Figure:
    """
    Return the figure of the memory, with the time.
    """
    memory = show(usage.memory, "MiB")
    measured = f"{show_seconds(usage.wall)}, {memory}"
    return Figure(f"{count:,} {what}", measured, "", usage.memory, "MiB", MAX_MEBIBYTES)


def table(figures: list[Figure]) -> Iterator[str]:
    """
    Yield the lines of a table in Markdown: a row for each thing, a column for each number of it.
    """
    yield f"| | {' | '.join(f'{count:,}' for count in COUNTS)} |"
    yield f"|---|{'---|' * len(COUNTS)}"
    for start in range(0, len(figures), len(COUNTS)):
        row = figures[start : start + len(COUNTS)]
        what = row[0].what.partition(" ")[2]
        yield f"| {what} | {' | '.join(figure.measured for figure in row)} |"
