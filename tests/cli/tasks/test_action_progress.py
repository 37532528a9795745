"""
How many tasks were acted on, at each moment.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tccli.cli.tasks.action_progress import ActionProgress
from tccli.core.http.deadline import Cancellation
from tccli.errors import NoAnswerError


def test_a_task_is_counted_once() -> None:
    """
    As one that runs, or as what has become of it: an interruption may tell the numbers at any moment.
    """
    counts: list[int] = []

    class Observed(threading.Condition):
        def __exit__(self, *error: object) -> None:
            counts.append(progress._done + progress._ended_early + progress._working)
            super().__exit__(*cast("Any", error))

    def fail() -> tuple[str, dict[str, Any]]:
        raise NoAnswerError("the transfer was stopped")

    cancellation = Cancellation()
    cancellation.cancel()
    progress = ActionProgress(cast("Any", SimpleNamespace(time_limit=None)), 2, cancellation)
    progress._changed = Observed()
    progress.perform(lambda: ("line", {}), 0)
    assert {1} == set(counts)
    counts.clear()
    with pytest.raises(NoAnswerError):
        progress.perform(fail, 1)
    assert {2} == set(counts)
