"""
Words that name a task.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.addresses import TaskAddress, parse_task_address

ROOT = "https://tc.example.com"
TASK = "fN1SbArXTPSVFNUvaOlinQ"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param(TASK, TaskAddress(None, TASK), id="id"),
        pytest.param(f"{ROOT}/tasks/{TASK}", TaskAddress(ROOT, TASK), id="web address"),
        pytest.param(f"{ROOT}/tasks/{TASK}/runs/1?x", TaskAddress(ROOT, TASK, "1"), id="web address of a run"),
        pytest.param(f"{ROOT}/tasks/{TASK}/runs/0/logs/public/a", TaskAddress(ROOT, TASK, "0"), id="of a log"),
        pytest.param(f"{ROOT}/tasks/{TASK}#artifacts", TaskAddress(ROOT, TASK), id="with a fragment"),
        pytest.param(f"{ROOT}/below/tasks/{TASK}", TaskAddress(f"{ROOT}/below", TASK), id="below a path"),
        pytest.param(f"{ROOT}/api/queue/v1/task/{TASK}/status", TaskAddress(ROOT, TASK), id="API address"),
        pytest.param(
            f"{ROOT}/api/queue/v1/task/{TASK}/runs/2", TaskAddress(ROOT, TASK, "2"), id="API address of a run"
        ),
        pytest.param(f"HTTPS://TC.Example.com:443/tasks/{TASK}", TaskAddress(ROOT, TASK), id="capitals and the port"),
        pytest.param(f"{ROOT}/tasks/{TASK}x", None, id="id too long"),
        pytest.param(f"{ROOT}/tasks/groups/{TASK}", None, id="address of a group"),
        pytest.param(f"{ROOT}?/tasks/{TASK}", None, id="in a query"),
        pytest.param(f"file:///tasks/{TASK}", None, id="not HTTP"),
        pytest.param("public/build", None, id="another word"),
        pytest.param("", None, id="empty"),
    ],
)
def test_parses_addresses(word: str, expected: TaskAddress | None) -> None:
    """
    A slug by itself, or at its place in an address.
    """
    assert expected == parse_task_address(word)


@given(st.text(max_size=60) | st.text("htps:/#?1" + TASK, max_size=60))
def test_any_word_can_be_parsed(word: str) -> None:
    """
    The id that is found is in the word.
    """
    found = parse_task_address(word)

    assert found is None or found.task_id in word
