"""
SELECT: what the options select, and which texts they reject.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tccli.core.tasks.members import Member
from tccli.core.tasks.selection import parse_selection
from tccli.errors import RefusedError, UsageError

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def make_member(name: str, state: str, minutes: float, **values: Any) -> Member:
    """
    Return a task that was started so many minutes ago.
    """
    run = {"state": state, "started": (NOW - timedelta(minutes=minutes)).isoformat(), "reasonResolved": state}
    task = {"metadata": {"name": name, "owner": f"{name}@example.com"}, "tags": {"kind": name[:4], **values}}
    return Member({"status": {"taskId": name, "state": state, "runs": [run], "taskQueueId": "p/w"}, "task": task})


MEMBERS = [
    make_member("test-b/opt", "failed", 50),
    make_member("test-a/opt", "completed", 10, os="linux"),
    make_member("lint-c", "failed", 1, os="mac,old"),
    make_member("build", "running", 90),
]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "test-b/opt test-a/opt lint-c build"),
        ({"name": ["test-*"]}, "test-b/opt test-a/opt"),
        ({"name": ["*c,build"]}, "lint-c build"),
        ({"name": ["!test-*,build"]}, "lint-c"),
        ({"name": ["~^(test|lint)-[bc]"]}, "test-b/opt lint-c"),
        ({"name": ["!~opt$"]}, "lint-c build"),
        ({"name": ["[tl]*", "!*c"]}, "test-b/opt test-a/opt"),
        ({"name": ["TEST-*"]}, ""),
        ({"state": ["failed"]}, "test-b/opt lint-c"),
        ({"state": ["!failed,running"]}, "test-a/opt"),
        ({"reason": ["failed"]}, "test-b/opt lint-c"),
        ({"queue": ["p/*"], "kind": ["test"]}, "test-b/opt test-a/opt"),
        ({"tag": ["os=linux"]}, "test-a/opt"),
        ({"tag": ["os=mac,linux"]}, "test-a/opt"),
        ({"tag": ["!os=linux"]}, "test-b/opt lint-c build"),
        ({"owner": ["*-?/opt@example.com"]}, "test-b/opt test-a/opt"),
        ({"longer": "30m"}, "test-b/opt build"),
        ({"longer": "1 hour"}, "build"),
        ({"limit": 2}, "build lint-c"),
        ({"log_match": "x"}, "test-b/opt"),
        ({"log_match": "x", "limit": 1}, "test-b/opt"),
    ],
    ids=str,
)
def test_selects(options: dict[str, Any], expected: str) -> None:
    """
    Options are combined, commas are alternatives, and ! is all others.
    """

    def read_log(member: Member) -> list[str]:
        return ["y", "has x"] if member.name == "test-b/opt" else ["y"]

    found = parse_selection(options).select(MEMBERS, NOW, read_log)

    assert expected == " ".join(member.name for member in found)


def test_logs_are_read_at_the_same_time() -> None:
    """
    Of several tasks; the first error ends the selection.
    """
    both = threading.Barrier(2, timeout=60)

    def read_log(member: Member) -> list[str]:
        both.wait()
        if member.name == "lint-c":
            raise RefusedError("no", status=403)
        return ["x"]

    found = parse_selection({"log_match": "x"}).select(MEMBERS, NOW, read_log)

    assert "test-b/opt" == next(found).name
    with pytest.raises(RefusedError):
        next(found)


@pytest.mark.parametrize(
    "options",
    [
        {"name": [""]},
        {"name": ["!"]},
        {"name": ["a,,b"]},
        {"name": ["~("]},
        {"name": ["~"]},
        {"state": ["fialed"]},
        {"state": ["failed,"]},
        {"state": ["running,!failed"]},
        {"name": ["test-*,!test-1"]},
        {"name": ["!a,!b"]},
        {"reason": ["cancelled"]},
        {"tag": ["os"]},
        {"tag": ["=x"]},
        {"longer": "soon"},
        {"longer": "-1h"},
        {"longer": ""},
        {"log_match": "["},
        {"log_match": ""},
    ],
    ids=str,
)
def test_rejects(options: dict[str, Any]) -> None:
    """
    Before anything is sent.
    """
    with pytest.raises(UsageError):
        parse_selection(options)
