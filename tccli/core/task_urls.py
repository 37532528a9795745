"""
Parse what names a task: its id, or its address in the web interface or in the API.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_URL = re.compile(
    r"(?P<root_url>https?://[^?#]+?)/(?:tasks|api/queue/v1/task)/(?P<task_id>[A-Za-z0-9_-]{22})"
    r"(?:/runs/(?P<run_id>[0-9]+))?(?:[/?#].*)?"
)
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


class TaskAddress(NamedTuple):
    """
    A task or one of its runs.

    Attributes:
        root_url: Of the deployment in the address; None for a task id alone.
        run_id: None if no run is named.
    """

    root_url: str | None
    task_id: str
    run_id: str | None = None


def parse_task_address(word: str) -> TaskAddress | None:
    """
    Return the task that *word* names, or None if it is neither a task id nor the address of a task.
    """
    if _ID.fullmatch(word):
        return TaskAddress(None, word)
    found = _URL.fullmatch(word)
    return TaskAddress(found["root_url"], found["task_id"], found["run_id"]) if found else None
