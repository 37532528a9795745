"""
``tc group watch``: a line per change off a terminal, and a display on one.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.tasks.group_progress import measure_progress
from tccli.core.tasks.members import Member
from tccli.core.tasks.waiting import Changes, Snapshot
from tccli.core.times import format_timestamp

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv


MAX_SECONDS = 60


def add_red_group(env: GroupEnv) -> None:
    """
    Create a group with a failure, a task after it, one that is completed and one that runs.
    """
    env.add("build", "completed")
    env.add("test-1", "failed")
    env.add("sign", needs=["test-1"])
    env.add("test-2", "running")


def test_a_line_per_change(tc: CommandLine, start_quick: Start, group_env: GroupEnv) -> None:
    """
    The states now, then each change, until no task can move; the end is that of a wait.
    """
    add_red_group(group_env)
    process = start_quick("group", "watch", group_env.group_id, env=group_env.environment)
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(4)]
    group_env.resolve("test-2", "completed")
    out, err = process.communicate(timeout=60)
    found = [line.split()[1:] for line in [*(line.decode() for line in first), *out.decode().splitlines()]]

    assert 1 == process.returncode
    assert sorted([["build", "completed"], ["test-1", "failed"], ["sign", "unscheduled"], ["test-2", "running"]]) == (
        sorted(found[:4])
    )
    assert [["test-2", "completed"]] == found[4:]
    assert b"1 failed (test-1), 1 can never run (sign)" in err
    lines = tc("group", "watch", group_env.group_id, "--name", "build", "--format", "jsonl", env=group_env.environment)
    assert (0, ["build"]) == (lines.exit_code, [json.loads(line)["name"] for line in lines.stdout.splitlines()])
    assert json.loads(lines.stdout)["before"] is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--timeout", "0.1s"], 124),
        (["--fail-fast"], 1),
        (["--for", "completed"], 1),
        (["--name", "nosuch", "--timeout", "0.1s"], 1),
        (["--name", "build,test-1"], 1),
        (["--state", "fialed"], 2),
        (["--limit", "1"], 2),
    ],
    ids=str,
)
def test_ends(tc: CommandLine, group_env: GroupEnv, options: list[str], code: int) -> None:
    """
    Exit codes are those of a wait.
    """
    add_red_group(group_env)
    result = tc("group", "watch", group_env.group_id, *options, env=group_env.environment)

    assert (code, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr


def run_on_terminal(argv: list[str], env: dict[str, str], expected: str) -> tuple[str, int]:
    """
    Return what a command shows on a terminal, and its exit code. When it has shown a text, Ctrl-C is pressed.
    """
    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, [sys.executable, "-m", "tccli", *argv], env)
    shown = b""
    is_pressed = False
    end = time.monotonic() + MAX_SECONDS
    while select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        shown += data
        if expected.encode() in shown and not is_pressed:
            is_pressed = True
            os.write(terminal, b"\x03")
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_terminal_shows_a_display(process_environment: dict[str, str], group_env: GroupEnv) -> None:
    """
    Failures stay above it; counts, what can never run and the rate are drawn again and again; no name steers it.
    """
    add_red_group(group_env)
    group_env.add("\x1b]0;title\x07", "failed")
    env = {**process_environment, **group_env.environment, "TERM": "xterm", "COLUMNS": "80"}
    shown, code = run_on_terminal(["group", "watch", group_env.group_id, "--timeout", "1h"], env, "next look in 1 s")
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)

    assert 130 == code
    assert shown.count(group_env.ids["test-1"]) == 1
    for text in ("3 of 5 ended", "2 failed", "1 running", "1 can never run: sign", "per minute", "gives up in 59 min"):
        assert text in plain, text
    assert "\x1b]" not in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert max(map(len, re.split(r"[\r\n]+", plain))) <= 80
    # Yellow, cyan and white are hard to see on white.
    assert not re.search(r"\x1b\[(?:[0-9;]*;)?(?:3[367]|9[0-7])m", shown)
    bare, _ = run_on_terminal(["group", "watch", group_env.group_id], {**env, "NO_COLOR": "1"}, "next look")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", bare)


@pytest.mark.parametrize(
    ("others", "is_known"),
    [
        ([("running", "proj-x/ci", 30)], True),
        ([("running", "proj-x/ci", 300)], False),
        ([("pending", "proj-x/ci", None)], True),
        ([("pending", "proj-x/none", None)], False),
        ([("running", "proj-x/ci", 30), ("pending", "proj-x/none", None)], False),
        ([], False),
    ],
    ids=str,
)
def test_the_time_left_is_known(others: list[tuple[str, str, int | None]], is_known: bool) -> None:
    """
    Unless a task runs longer than all others took, or is in a queue of which none has started.
    """
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def make_member(number: int, state: str, queue: str, age: int | None, taken: int | None = None) -> Member:
        run: dict[str, Any] = {"state": state, "scheduled": format_timestamp(now - timedelta(seconds=400))}
        if age is not None:
            run["started"] = format_timestamp(now - timedelta(seconds=age))
            if taken is not None:
                run["resolved"] = format_timestamp(now - timedelta(seconds=age - taken))
        status = {"taskId": str(number), "state": state, "taskQueueId": queue, "runs": [run]}
        return Member({"status": status, "task": {"metadata": {"name": "x", "owner": "o"}}})

    members = [make_member(number, "completed", "proj-x/ci", 120, 60) for number in range(3)]
    members += [make_member(10 + number, *other) for number, other in enumerate(others)]
    snapshot = Snapshot({each.task_id: each for each in members}, Changes([], {}), {}, False, now)

    assert is_known == (measure_progress(snapshot).seconds_left is not None)


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_lines_are_shown_as_they_come(process_environment: dict[str, str], group_env: GroupEnv, command: str) -> None:
    """
    On a terminal that cannot be drawn on, too; no pager waits for the end.
    """
    add_red_group(group_env)
    env = {**process_environment, **group_env.environment, "TERM": "dumb" if command == "watch" else "xterm"}
    shown, code = run_on_terminal(["group", command, group_env.group_id], env, "build completed")

    assert 130 == code, shown
    assert "build completed" in shown
