"""
The runs of a task as its logs are followed: from which run on, and how each of them ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.core.responses import read_timestamp
from tccli.core.tasks.queue import find_run, format_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def describe_end(status: Mapping[str, Any], run_id: int, *, has_log: bool = True) -> str:
    """
    Return how a run has ended, and which run is next if the task was retried or rerun.
    """
    text = f"run {run_id} of task {status['taskId']}: {format_run(find_run(status, run_id))}"
    if not has_log:
        text += ", without a log"
    if has_next_run(status, run_id):
        text += f"; next is run {run_id + 1}"
    return text


def has_next_run(status: Mapping[str, Any], run_id: int) -> bool:
    """
    Return whether there are later runs of a task.
    """
    return len(status["runs"]) > run_id + 1


def was_started(status: Mapping[str, Any], run_id: int) -> bool:
    """
    Return whether a worker has claimed a run; no other run can have a log.
    """
    return find_run(status, run_id).get("started") is not None


def find_first_unresolved(status: Mapping[str, Any], since: datetime) -> int:
    """
    Return the first run that was not resolved before a time; if all were, the latest.
    """
    what = f"task {status['taskId']}"
    number = len(status["runs"])
    for run_id in range(number):
        resolved = find_run(status, run_id).get("resolved")
        if resolved is None or read_timestamp(what, resolved) >= since:
            return run_id
    return max(number - 1, 0)
