"""
Which line of a log tells why a task failed, and what lines of the same kind have in common.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tccli.core.tasks.log_ranks import Rank, rank_by_rules, rank_text
from tccli.core.tasks.signatures import (
    MAX_SIGNATURE_CHARACTERS,
    clean_line,
    find_context,
    find_failure_line,
    fold_line,
)

LOGS = Path(__file__).parents[2] / "vectors" / "logs"
INDEX: dict[str, dict[str, str]] = json.loads((LOGS / "index.json").read_text(encoding="utf-8"))
MIN_RIGHT_SHARE = 0.94
# Words of logs, so that lines are found which look like those of failures.
WORDS = (
    "ERROR error: FAILED Traceback (most recent call last): [taskcluster:error] [taskcluster exit status 1 Exit Code: "
    "0 TEST-UNEXPECTED-FAIL | TEST-PASS a.c:1:2: warning: \x1b[31m \r * What went wrong: > E ● KeyError: 'a' artifact "
    "upload 10:00:00 INFO - [task 2026-11-20T10:00:00.000Z] npm ERR! make: *** Killed"
)
LINES = st.lists(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from(["", *WORDS.split(" ")]), max_size=8).map(" ".join)),
    max_size=20,
)


def test_lines_that_a_person_would_point_at() -> None:
    """
    Of real-looking logs, nearly all. The first of the index were written before the rules, the others later.
    """
    expected = {name: line for batch in INDEX.values() for name, line in batch.items()}
    wrong = {}
    for name, line in expected.items():
        lines = (LOGS / f"{name}.log").read_text(encoding="utf-8").split("\n")
        found = find_failure_line(lines)
        if found is None or lines[found.number] != line:
            wrong[name] = found

    assert len(expected) - len(wrong) >= MIN_RIGHT_SHARE * len(expected), wrong


@pytest.mark.parametrize("mark", ["...ignoring", "... ignored"])
def test_an_error_that_was_ignored(mark: str) -> None:
    """
    Of the lines before, the next best counts; a line with the word alone changes nothing.
    """
    start = ["error: first", "a", "b", "c", "fatal: [web]: FAILED! => {}"]
    found = find_failure_line([*start, mark, "done"])
    assert found is not None
    assert "error: first" == found.text
    other = find_failure_line([*start, "", "ignoring the rest"])
    assert other is not None
    assert other.text.startswith("fatal: ")


@pytest.mark.parametrize(
    ("between", "first"),
    [([], True), (["a", "b"], True), (["  at a", "  at b", "  at c"], True), (["+ cp a b"], False)],
)
def test_the_first_of_errors_that_follow_each_other(between: list[str], *, first: bool) -> None:
    """
    The others are its consequences; but not those of the next command, nor those much later.
    """
    found = find_failure_line(["error: disk full", *between, "error: no route", "done"])
    assert found is not None
    assert found.text == ("error: disk full" if first else "error: no route")
    later = find_failure_line(["error: disk full", "a", "b", "c", "error: no route", "done"])
    assert later is not None
    assert later.text == "error: no route"


@pytest.mark.parametrize(
    "line",
    [
        "Finished: FAILURE",
        "FAILED: Build did NOT complete successfully",
        "ERROR: Job failed: exit code 1",
        "make: *** [Makefile:4: all] Error 2",
        "##[error]Bash exited with code '1'.",
        "ERROR run failed: command exited (1)",
        "Some tests did not pass: 3 passed, 1 failed, 0 errored, 0 broken.",
        " ELIFECYCLE  Command failed with exit code 1.",
    ],
)
def test_a_line_that_only_repeats_that_something_failed(line: str) -> None:
    """
    It is never the reason, if there is one.
    """
    found = find_failure_line(["cannot open shop.db", "a", "b", "c", line])
    assert found is not None
    assert found.text == "cannot open shop.db"


def test_a_heading_is_not_the_reason() -> None:
    """
    It is in the line after it, if that is set off.
    """
    found = find_failure_line(["Error: ", " Problem: conflicting packages", "done"])
    assert found is not None
    assert "Problem: conflicting packages" == found.text


def test_keywords_are_those_of_the_rules() -> None:
    """
    A line without a keyword is one that no rule is about.
    """
    lines = {line for path in LOGS.glob("*.log") for line in path.read_text(encoding="utf-8").split("\n")}
    parts = {line[start:] for line in lines for start in (0, 31, 34, 45)}
    differ = [part for part in parts if part.strip() and rank_text(part, "") != rank_by_rules(part, "")]

    assert not differ


@given(LINES)
def test_any_log(lines: list[str]) -> None:
    """
    A line of the log, if that has any; the line itself is the first and the last one of the shortest context.
    """
    found = find_failure_line(lines)
    for line in lines:
        assert not line.strip() or rank_text(line, "") == rank_by_rules(line, "")
    if found is not None:
        assert lines[found.number][:1] or found.text
        assert len(found.signature) <= MAX_SIGNATURE_CHARACTERS
        assert find_context(lines, found.number, 1) == [clean_line(lines[found.number])]
        assert clean_line(lines[found.number]) in find_context(lines, found.number, 5)
        assert len(find_context(lines, found.number, 5)) <= 5


@given(st.text(max_size=400))
@example("0-0")
def test_folding_twice_changes_nothing(text: str) -> None:
    """
    A signature is its own signature.
    """
    assert fold_line(fold_line(text)) == fold_line(text)


@given(
    st.integers(0, 10**6),
    st.uuids(),
    st.from_regex(r"[A-Za-z_][A-Za-z][0-9][A-Z][a-z]{3}[A-Za-z0-9_-]{14}[A-Za-z0-9]", fullmatch=True),
    st.datetimes(),
    st.from_regex(r"[a-z0-9_]{8}", fullmatch=True),
)
def test_what_differs_from_run_to_run(number: int, uuid: object, task_id: str, when: object, random: str) -> None:
    """
    Numbers, ids, times and the random parts of paths.
    """
    line = f"/tmp/tmp{random}/a.log: got {number}, pid {number}, of {uuid} and {task_id} at {when}Z (0x{number:x})"

    assert fold_line(line) == "/tmp/<random>/a.log: got <n>, pid <n>, of <id> and <id> at <time> (<id>)"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FAILED tests/test_bug1.py::test_a", "FAILED tests/test_bug2.py::test_a"),
        ("TEST-UNEXPECTED-FAIL | dom/test_bug100533.html | a", "TEST-UNEXPECTED-FAIL | dom/test_bug200001.html | a"),
        ("== wordwrap-03.html", "== wordwrap-04.html"),
        ("error[E0308]: mismatched types", "error[E0599]: mismatched types"),
        ("curl: (22) The requested URL returned error: 503", "curl: (22) The requested URL returned error: 404"),
        ("HTTP Error 503", "HTTP Error 404"),
        ("command exited with code 137", "command exited with code 1"),
    ],
)
def test_what_makes_failures_different(one: str, other: str) -> None:
    """
    Numbers in names, and codes.
    """
    assert fold_line(one) != fold_line(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/a.c:12:3: error: x", "src/a.c:99:14: error: x"),
        ("took 12ms", "took 9128ms"),
        ("[12:00:01] failed after 3.5s", "[13:11:59] failed after 10.25s"),
        ("/home/task_1763633/a.zip", "/home/task_99/a.zip"),
        ("cache /tmp/fetch.Xa81kq of i-0123456789abcdef0", "cache /tmp/fetch.9bQxx1 of i-0fedcba9876543210"),
        ("ref 4d3f9a1be2c7a001 is bad", "ref 0a3f9a1be2c7a00f is bad"),
        ("-3 != +4", "5 != 6"),
    ],
)
def test_what_makes_no_difference(one: str, other: str) -> None:
    """
    The rest of the numbers.
    """
    assert fold_line(one) == fold_line(other)


@pytest.mark.parametrize(
    "piece", ["a", "1", "Error: ", "> ", "TEST-", " ", "-0a", ".a1", "[", "\x1b[", "=", "a.b/", "9:"]
)
def test_lines_of_10_mb(piece: str) -> None:
    """
    Linear time, whatever is repeated.
    """
    line = piece * (10 * 2**20 // len(piece))
    started = time.process_time()
    found = find_failure_line(["x", line, "[task 2026-11-20T10:00:00.000Z] " + line])
    if found is not None:
        assert found.signature is not None
    fold_line(line)
    clean_line(line)

    assert time.process_time() - started < 1


def test_the_worker() -> None:
    """
    A task that was ended by the worker failed because of that; an exit code tells nothing.
    """
    log = ["make: *** [a] Error 1", "error: b", "[taskcluster:error] Task aborted - max run time exceeded"]
    assert find_failure_line(log).rank == Rank.WORKER  # type: ignore[union-attr]
    log[2] = "[taskcluster:error] exit status 1"
    assert find_failure_line(log).text == "error: b"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "line", ["\0\0\0", "\0 \0", "\x1b[0m", "[taskcluster:error] ", "[taskcluster:error] \0", "\x07"]
)
def test_a_line_that_shows_nothing_is_none(line: str) -> None:
    """
    Neither alone nor among others.
    """
    assert find_failure_line([line]) is None
    found = find_failure_line(["some output", line])
    assert found is not None
    assert "some output" == found.text
