"""
Copies of definitions.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tccli.core.tasks.copies import copy_definition
from tccli.errors import BrokenAnswerError

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TIMES = {"created": "2026-01-01T00:00:00.000Z", "deadline": "2026-01-01T01:00:00.000Z"}


def test_all_times_are_shifted() -> None:
    """
    By as much as makes the copy created now; times that are missing stay so.
    """
    copied = copy_definition({**TIMES, "taskQueueId": "a/b", "workerType": "b"}, now=NOW, exact=False)

    assert copied == {
        "created": "2026-01-02T00:00:00.000Z",
        "deadline": "2026-01-02T01:00:00.000Z",
        "taskQueueId": "a/b",
        "retries": 0,
        "dependencies": [],
        "routes": [],
    }


@pytest.mark.parametrize(
    "definition", [{}, {"created": 5}, {"created": "soon"}, {**TIMES, "deadline": None}, {**TIMES, "expires": []}]
)
def test_a_malformed_definition_is_the_responses_fault(definition: dict[str, Any]) -> None:
    """
    Whatever it has for a time.
    """
    with pytest.raises(BrokenAnswerError):
        copy_definition(definition, now=NOW, exact=True)
