"""
What ``tc batch`` needs for a million lines: their requests, and a journal in which all of them are done.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tccli.core.journal.digests import JournalCall
from tccli.core.journal.file import Journal
from tccli.core.journal.lines import State
from tests.benchmarks.measure import TC, Figure, clean_environment, run, show_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 1_000_000
ROOT_URL = "http://127.0.0.1:1"
TASK_ID = "fN1SbArXTPSVFNUvaOlinQ"
MAX_MEBIBYTES = 100


def measure(_runs: int) -> Iterator[Figure]:
    """
    Yield the peaks of the memory.
    """
    env = {**clean_environment(), "TASKCLUSTER_ROOT_URL": ROOT_URL}
    with tempfile.TemporaryDirectory() as directory:
        lines, journal = Path(directory, "lines"), Path(directory, "journal")
        call = {"service": "queue", "method": "status", "args": [TASK_ID]}
        lines.write_text(f"{json.dumps(call)}\n" * LINES, "ascii")
        write_journal(journal)
        for what, options in (
            ("their requests", ["--dry-run"]),
            ("resumed, all done", ["--journal", str(journal)]),
        ):
            usage = run([TC, "batch", *options], env, stdin=lines)
            yield Figure(
                f"{LINES:,} lines, {what}",
                f"{usage.memory:.0f} MiB",
                f"in {show_seconds(usage.wall)}",
                usage.memory,
                "MiB",
                goal=MAX_MEBIBYTES,
                in_readme=True,
            )


def write_journal(path: Path) -> None:
    """
    Write a journal in which the calls of all lines are done.
    """
    with Journal(str(path), ROOT_URL) as journal:
        whole, parts = journal.digest(JournalCall("queue", "status", [TASK_ID], {}, None))
        for number in range(1, LINES + 1):
            journal.record(f"line {number}", whole, State.DONE, parts)
