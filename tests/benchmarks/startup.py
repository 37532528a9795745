"""
How long commands take to start, in CPU time, as ratios to what cannot be avoided.

Run it in an environment into which the project is installed (not editable: only then is the bytecode compiled)::

    .venv/bin/python tests/benchmarks/startup.py

All commands run in turn, again and again, so that a machine whose speed drifts does so for all of them alike.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tccli import references
from tccli.core.cache import references as kept_references
from tccli.references.importing import merge
from tccli.references.importing.validate import validate_documents
from tccli.sandbox.references import published
from tccli.sandbox.server import Server

TC = str(Path(sys.executable).with_name("tc"))
IMPORT_CLICK = [sys.executable, "-c", "import click"]
OFFICIAL_PING = [
    sys.executable,
    "-c",
    "import os, taskcluster; taskcluster.Queue(taskcluster.optionsFromEnvironment()).ping()",
]
BARE_PING = [
    sys.executable,
    "-c",
    "import os, click, httpx; httpx.get(os.environ['TASKCLUSTER_ROOT_URL'] + '/api/queue/v1/ping').raise_for_status()",
]
LIVE_ROOT_URL = "https://tc.example.com"
CASES = {
    "tc --help": ([TC, "--help"], "import click", 1.2),
    "tc queue createTask --help": ([TC, "queue", "createTask", "--help"], "import click", 1.3),
    "tc from-now 1 hour": ([TC, "from-now", "1", "hour"], "import click", 1.2),
    "tc slugid": ([TC, "slugid"], "import click", 1.2),
    "live: tc --help": ([TC, "--help"], "import click", 1.2),
    "live: tc queue createTask --help": ([TC, "queue", "createTask", "--help"], "import click", 1.3),
    "tc queue ping": ([TC, "queue", "ping"], "official ping", 1.0),
    "again: tc queue ping": ([TC, "queue", "ping"], "click and httpx", 1.15),
}
BASELINES = {"import click": IMPORT_CLICK, "official ping": OFFICIAL_PING, "click and httpx": BARE_PING}


def cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    """
    Run *command* and return the CPU time that it took, children included.
    """
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    assert process.stderr is not None
    if status:
        raise SystemExit(f"{command} failed: {process.stderr.read().decode()}")
    process.stderr.close()
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


def keep_references(environment: dict[str, str]) -> None:
    """
    Keep references of a deployment, with as much prose as ours have, so that they are in use for its root URL.
    """
    documents = {name: with_prose(content) for name, content in published().items()}
    texts = merge.convert_documents(validate_documents(documents), references.built_in())
    kept_references.store(environment, LIVE_ROOT_URL, texts, now=1_893_553_445)


def with_prose(document: Any) -> Any:
    """
    Return a reference with a description of ten lines at each of its entries.
    """
    said = "Words that a deployment says of a method, in a line of this length.\n" * 10
    if "entries" not in document:
        return document
    return {**document, "description": said, "entries": [{**each, "description": said} for each in document["entries"]]}


def main() -> None:
    """
    Measure, and print a row for each command.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    commands = {**BASELINES, **{name: command for name, (command, _, _) in CASES.items()}}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    with Server() as server, tempfile.TemporaryDirectory() as cache:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TASKCLUSTER_", "TC_"))}
        environment = {**kept, "TASKCLUSTER_ROOT_URL": server.root_url, "XDG_CACHE_HOME": f"{cache}/empty"}
        live_environment = {**kept, "TASKCLUSTER_ROOT_URL": LIVE_ROOT_URL, "XDG_CACHE_HOME": f"{cache}/live"}
        keep_references(live_environment)
        for run in range(runs + 1):
            for name, command in commands.items():
                taken = cpu_seconds(command, live_environment if name.startswith("live: ") else environment)
                if run:  # the first round only warms up
                    seconds[name].append(taken)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"medians of {runs} alternating runs, CPU time")
    for name in BASELINES:
        print(f"{name:34} {medians[name] * 1000:6.1f} ms")
    for name, (_, baseline, limit) in CASES.items():
        ratio = medians[name] / medians[baseline]
        print(f"{name:34} {medians[name] * 1000:6.1f} ms  {ratio:.2f} x {baseline} (at most {limit})")


if __name__ == "__main__":
    main()
