"""
The commands for groups: time and peak memory for a large group. ``actions.py`` cancels one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import sandbox
from tests.benchmarks.measure import TC, Figure, clean_environment, run, show, start_sandbox
from tests.transfer_env import slug

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 50_000
MAX_MEBIBYTES = 64


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the memory that each command needs.
    """
    del runs  # each is fifty pages
    with start_sandbox() as deployment:
        environment = {**clean_environment(), **deployment}
        group, ids = slug(), [slug() for _ in range(COUNT)]
        sandbox.run_clients(sandbox.create, environment, group, ids, 4)
        for words in (
            ("group", "status", group),
            ("group", "list", group),
            ("group", "list", group, "--format", "jsonl"),
            ("group", "list", group, "--sort", "duration", "--limit", "10"),
            ("group", "list", group, "--sort", "name"),
            ("group", "list", group, "--sort", "duration", "--format", "jsonl"),
            ("group", "wait", group, "--timeout", "30s"),
            ("group", "watch", group, "--timeout", "30s"),
            ("group", "cancel", group, "-n"),
            ("group", "rerun", group, "-n", "--failed"),
            ("group", "artifacts", group, "--failed"),
            ("group", "failures", group),
        ):
            usage = run([TC, *words], environment, exit_codes={0, 1, 124})
            name = " ".join(word for word in words if word != group)
            seconds = f"{show(usage.wall, 's')}, {show(usage.cpu, 's')} CPU"
            yield Figure(
                f"tc {name}, {COUNT:,} tasks", show(usage.memory, "MiB"), seconds, usage.memory, "MiB", MAX_MEBIBYTES
            )
