"""
What a request adds to a start, in CPU time: ``tc queue ping`` relative to other programs that send one.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from tccli.sandbox.server import Server
from tests.benchmarks.measure import TC, alternate, clean_environment, compare, install_tool, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.measure import Figure

PING = "/api/queue/v1/ping"
OFFICIAL = "import os, taskcluster; taskcluster.Queue(taskcluster.optionsFromEnvironment()).ping()"
BARE = f"import os, click, httpx; httpx.get(os.environ['TASKCLUSTER_ROOT_URL'] + '{PING}').raise_for_status()"


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield a figure for each program that is compared.
    """
    http = install_tool("httpie", "http")
    with Server() as server:
        environment = {**clean_environment(), "TASKCLUSTER_ROOT_URL": server.root_url}
        commands = {
            "tc queue ping": [TC, "queue", "ping"],
            "the official Python client": [sys.executable, "-c", OFFICIAL],
            "httpie": [http, "--ignore-stdin", "GET", server.root_url + PING],
            "a script with click and httpx": [sys.executable, "-c", BARE],
        }
        cases = {name: partial(run, words, environment) for name, words in commands.items()}
        usages = alternate(2 * runs, cases)
    for base, goal in zip(list(commands)[1:], (1.0, 0.5, 1.15), strict=True):
        yield compare(usages, "tc queue ping", base, goal, resource="cpu", in_readme=True)
