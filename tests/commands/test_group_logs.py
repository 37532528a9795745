"""
``tc group logs``: the logs of tasks, in whole lines after their names.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.commands.test_task_log import live_log, print_on_terminal
from tests.ids import TASK_ID
from tests.processes import stopped

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Start
    from tests.group_env import GroupEnv


@pytest.fixture
def group(group_env: GroupEnv) -> GroupEnv:
    """
    A group with logs, and with tasks that have none.
    """
    group_env.add("b-long", "completed", log=b"b1\nb2\nno end")
    group_env.add("a", "failed", log=b"[taskcluster 2026-01-02T03:04:05.678Z] x\na1\n")
    group_env.add("never", needs=["a"])
    group_env.add("cancelled", "exception")
    return group_env


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (
            ["--name", "a,b*"],
            0,
            [
                "a      | [taskcluster 2026-01-02T03:04:05.678Z] x",
                "a      | a1",
                "b-long | b1",
                "b-long | b2",
                "b-long | no end",
            ],
        ),
        (["--state", "failed", "--own"], 0, ["a | a1"]),
        (["--name", "a,b*", "-n1"], 0, ["a      | a1", "b-long | no end"]),
        (["--name", "a,b*", "--grep", "1$", "--prefix", "none"], 0, ["a1", "b1"]),
        (["--name", "b*", "--prefix", "id", "--tail", "1"], 0, ["ID | no end"]),
        (["--log-match", "a1", "--own"], 0, ["a | a1"]),
        (["--name", "never"], 5, []),
        (["--name", "nosuch"], 1, []),
    ],
    ids=str,
)
def test_logs(tc: CommandLine, group: GroupEnv, options: list[str], code: int, expected: list[str]) -> None:
    """
    One after the other, by name.
    """
    result = tc("group", "logs", group.group_id, *options, env=group.environment)

    assert code == result.exit_code, result.stderr
    assert [line.replace("ID", group.ids["b-long"]) for line in expected] == result.stdout.splitlines()
    assert (code != 0) == bool(result.stderr)


def test_what_has_no_log_is_counted(tc: CommandLine, group: GroupEnv) -> None:
    """
    A log that is missing is an error, after the others were printed.
    """
    result = tc("group", "logs", group.group_id, env=group.environment)
    assert (0, 5, 1) == (result.exit_code, len(result.stdout.splitlines()), result.stderr.count("\n"))
    assert "1 unscheduled" in result.stderr
    assert "1 exception" in result.stderr

    only_failed = tc("group", "logs", group.group_id, "--failed", env=group.environment)
    selected = tc("group", "logs", group.group_id, "--state", "failed", env=group.environment)
    assert (0, selected.stdout) == (only_failed.exit_code, only_failed.stdout)

    group.add("aa", "failed")
    result = tc("group", "logs", group.group_id, "--state", "failed", env=group.environment)
    assert (5, 2, 2) == (result.exit_code, len(result.stdout.splitlines()), result.stderr.count("\n"))


def test_many_logs_in_order(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    Those that are read ahead are printed in order, with lines of any length.
    """
    for number in range(20):
        group_env.add(f"t{number:02}", "completed", log=b"%d" % number * 200_000 + b"\nend\n")
    result = tc("group", "logs", group_env.group_id, env=group_env.environment)

    assert 0 == result.exit_code
    assert result.stdout == "".join(f"t{n:02} | {str(n) * 200_000}\nt{n:02} | end\n" for n in range(20))


def test_follows_all_tasks(start_quick: Start, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    Lines are printed whole, also of tasks that start later, until nothing can run any more.
    """
    group_env.add("a", "running")
    group_env.add("b", "running")
    group_env.add("later", needs=["a"])
    with live_log(group_env, "a", tmp_path) as first, live_log(group_env, "b", tmp_path) as second:
        first.write(b"half ")
        second.write(b"b1\n")
        process = start_quick("group", "logs", group_env.group_id, "-f", env=group_env.environment)
        assert process.stdout is not None
        assert b"b     | b1\n" == process.stdout.readline().replace(b"b |", b"b     |")
        first.write(b"a1\n")
        assert process.stdout.readline().endswith(b"| half a1\n")
    group_env.resolve("a", "completed")
    group_env.resolve("b", "failed")
    # It would tell that it waits for the log of a task that was claimed, and has none yet.
    with stopped(process):
        group_env.claim("later")
        group_env.write_log("later", b"l1\n")
    time.sleep(0.5)
    group_env.resolve("later", "completed")
    out, err = process.communicate(timeout=60)

    assert (0, b"later | l1\n", b"") == (process.returncode, out, err)


def test_colours_end_with_their_line(start: Start, group_env: GroupEnv) -> None:
    """
    Names are as harmless as logs.
    """
    log = b"\x1b[31mred\n\x1b[31mreset\x1b[0m\nplain \x1b[2J\n"
    group_env.add("a\x1b[2J\nb", "completed", log=log)
    shown = print_on_terminal(group_env, start, "group", "logs", group_env.group_id)

    lines = shown.splitlines()
    assert 3 == len(lines)
    assert lines[0].endswith(b"\x1b[31mred\x1b[0m")
    assert lines[1].startswith(lines[0][:4])
    assert lines[1].endswith(b"\x1b[31mreset\x1b[0m\x1b[0m")
    assert lines[2].endswith(b"plain \\x1b[2J")
    assert b"\x1b[2J" not in shown


@pytest.mark.parametrize(
    "options", [["-f", "--limit", "1"], ["--prefix", "x"], ["--grep", "("], ["--name", ""]], ids=str
)
def test_wrong_options_send_nothing(tc: CommandLine, group_env: GroupEnv, options: list[str]) -> None:
    """
    One line, and exit code 2.
    """
    result = tc("group", "logs", TASK_ID, *options, env=group_env.environment)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert not group_env.sandbox.requests


def test_a_name_has_the_same_form_everywhere(tc: CommandLine, start: Start, group_env: GroupEnv) -> None:
    """
    What would end its line is escaped alike in lists, prefixes, reports and on a terminal.
    """
    name, shown = "a\nb\x9bc", r"a\x0ab\x9bc"
    group_env.add(name, "failed", log=b"error: no\n")
    for command in ("list", "logs", "failures --format text", "failures --format markdown"):
        words = command.split()
        result = tc("group", words[0], group_env.group_id, *words[1:], env=group_env.environment)
        assert shown in result.stdout, command
    group_env.add("\u202eevil", "failed", log=b"x\n")
    for words in (["logs"], ["watch", "--for", "resolved"]):
        screen = print_on_terminal(group_env, start, "group", words[0], group_env.group_id, *words[1:], COLUMNS="200")
        assert shown.encode() in screen, words
        assert b"\\u202eevil" in screen, words
        assert "\u202e".encode() not in screen


def test_follows_with_an_expression(tc: CommandLine, group: GroupEnv) -> None:
    """
    The same lines as without -f, long ones as well; errors end the command, and one log the others do not need.
    """
    group.add("c", "completed", log=b"c1\n" * 3 + b"1" * 500_000 + b"\nc2\nlast 1")
    for options in ([], ["--tail", "2"], ["--own", "--name", "~[abc]"], ["--timestamps"]):
        line = ["group", "logs", group.group_id, "--grep", "1", "--prefix", "id", *options]
        once, followed = tc(*line, env=group.environment), tc(*line, "-f", env=group.environment)
        # The group is settled, and a task of it failed.
        assert (0, 0) == (once.exit_code, followed.exit_code), followed.stderr
        assert sorted(once.stdout.splitlines()) == sorted(followed.stdout.splitlines())
        assert "last 1" in once.stdout
    missing = tc("group", "logs", TASK_ID, "-f", "--grep", "1", env=group.environment)
    assert (5, 1) == (missing.exit_code, missing.stderr.count("\n")), missing.stderr
    none = tc("group", "logs", group.group_id, "-f", "--grep", "1", "--name", "nosuch", env=group.environment)
    assert (1, 1) == (none.exit_code, none.stderr.count("\n")), none.stderr


def test_what_never_has_a_log_is_told(tc: CommandLine, group: GroupEnv) -> None:
    """
    By a line; it is also the outcome, if no log at all is printed.
    """
    line = ["group", "logs", group.group_id, "-f"]
    some = tc(*line, env=group.environment)
    assert (0, 5, 2) == (some.exit_code, len(some.stdout.splitlines()), some.stderr.count("\n")), some.stderr
    assert "without a log: 1 exception" in some.stderr
    assert "of 4 tasks, 1 can never run (never)" in some.stderr

    never = tc(*line, "--name", "never", env=group.environment)
    waited = tc("group", "wait", group.group_id, "--name", "never", env=group.environment)
    assert (1, "", waited.stderr) == (never.exit_code, never.stdout, never.stderr)

    cancelled = tc(*line, "--name", "cancelled", env=group.environment)
    assert (5, "", 2) == (cancelled.exit_code, cancelled.stdout, cancelled.stderr.count("\n")), cancelled.stderr


@pytest.mark.usefixtures("quick_polls")
def test_a_group_may_appear(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    With -f, and only for as long as --appear tells.
    """
    line = ["group", "logs", group_env.group_id]
    for options, code, named in (
        (["-f"], 5, "--appear"),
        (["-f", "--appear", "0.05s"], 5, "did not appear"),
        (["--appear", "1m"], 2, "-f"),
    ):
        result = tc(*line, *options, env=group_env.environment)
        assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
        assert named in result.stderr
    timer = threading.Timer(0.05, group_env.add, ["a", "completed"], {"log": b"x\n"})
    timer.start()
    result = tc(*line, "-f", "--appear", "1m", "--timeout", "1m", env=group_env.environment)
    timer.join()
    assert (0, "a | x") == (result.exit_code, result.stdout.strip()), result.stderr
