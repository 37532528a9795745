"""
What people try first: an error of one line that has what to write instead.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import click
import pytest

from tccli.cli.app import root
from tccli.cli.first_guesses import OPTIONS_BY_COMMAND
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from tests.conftest import CommandLine, Start


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (f"group download {TASK_ID}", "'*' is the PATTERN"),
        (f"group download {TASK_ID} --pattern x", "PATTERN is an argument"),
        (f"group download {TASK_ID} -p x", "PATTERN is an argument"),
        (f"group download {TASK_ID} --artifact x", "PATTERN is an argument"),
        (f"group artifacts {TASK_ID} --glob x", "PATTERN is an argument"),
        (f"group cancel --group-id {TASK_ID}", "GROUP is an argument"),
        (f"group cancel --taskGroupId {TASK_ID}", "GROUP is an argument"),
        (f"task status --id {TASK_ID}", "TASK is an argument"),
        (f"task status -t {TASK_ID}", "TASK is an argument"),
        (f"download-artifact --task {TASK_ID} x", "TASK is an argument"),
        (f"task status {TASK_ID} --format csv", "| @csv"),
        (f"queue status {TASK_ID} --format=TSV", "| @tsv"),
        (f"queue status {TASK_ID} --format xml", "jsonl"),
        ("task run --queue proj-x/linux", "--queue POOL -- COMMAND"),
        (f"group list {TASK_ID} --reverse", "--sort -KEY"),
        (f"group list {TASK_ID} --desc", "--sort -KEY"),
        (f"queue status {TASK_ID} --reverse", "--help lists"),
        (f"group list {TASK_ID} --no-header", "| @tsv"),
        (f"group list {TASK_ID} -l 3", "--limit N"),
        (f"group list {TASK_ID} --watch", "tc group watch"),
        (f"group wait {TASK_ID} --until completed", "--for CONDITION"),
        (f"group wait {TASK_ID} --interval 5", "--timeout"),
        (f"group prioritize {TASK_ID} --priority high", "LEVEL is an argument"),
        ("createTask", "tc queue createTask"),
        ("find-task x", "tc index findTask"),
        ("examples", "tc SERVICE METHOD --help"),
        ("slugid -n 5", "--count N"),
        ("slugid --number 5", "--count N"),
        ("slugid 5", "--count 5"),
        ("slugid generate --count 5", "tc slugid --count"),
        (f"task log --all-runs {TASK_ID}", "-r N"),
        (f"task log -a {TASK_ID}", "-r N"),
        ("task run --artifact x", "payload.artifacts"),
        ("task run --maxRunTime 5", "payload.maxRunTime"),
        ("task run -c x", "after --"),
        (f"task log {TASK_ID} --run-id 0", "did you mean --run?"),
        (f"task log {TASK_ID} --format json", "text of logs"),
        (f"task log {TASK_ID} --lines 5", "--tail N"),
        (f"task log {TASK_ID} --filter x", "--grep REGEX"),
        (f"task status {TASK_ID} --json", "--format json"),
        (f"task status {TASK_ID} --since 1d", "--max-age TIME"),
        (f"task rerun {TASK_ID} -y", "write --force"),
        (f"task wait {TASK_ID} --follow", "write --log"),
        (f"task retrigger {TASK_ID} --count 3", "--times N"),
        (f"group wait {TASK_ID} --log", "tc group logs GROUP -f"),
        (f"group wait {TASK_ID} --limit 5", "tc task wait -"),
        (f"group cancel {TASK_ID} -c", "tc asks once"),
        (f"group artifacts {TASK_ID} --all-runs", "tc group download GROUP PATTERN --all-runs -n"),
        (f"group wait {TASK_ID} -t 5", "--timeout TIME"),
        (f"group list {TASK_ID} --status failed", "--state STATE"),
        (f"group list {TASK_ID} --label x", "--name GLOB"),
        (f"group list {TASK_ID} --sort-by name", "--sort KEY"),
        (f"group list {TASK_ID} --fields name", "--columns NAMES"),
        (f"group cancel {TASK_ID} --yes", "write --force"),
        (f"group logs {TASK_ID} -r 0", "tc task log TASK -r N"),
        (f"group download {TASK_ID} x --to d", "--output DIR"),
        (f"download artifact {TASK_ID} x -n", "write --dry-run"),
        (f"download artifact {TASK_ID} x --directory d", "--output FILE|DIR"),
        (f"signed-url artifact {TASK_ID} x --ttl 2h", "--expires WHEN"),
        (f"open {TASK_ID} --print", "write --no-browser"),
    ],
)
def test_a_first_guess(tc: CommandLine, words: str, named: str) -> None:
    """
    Leads to what is meant.
    """
    result = tc(*words.split())
    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert named in result.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("task-group list", "tc group list"),
        ("taskgroup", "tc group list"),
        ("task-log x", "tc task log"),
        ("share x", "tc signed-url artifact"),
        ("red", "tc group failures"),
        ("state x", "tc task status"),
        ("push", "tc group list"),
        ("grep x", "tc task log"),
        ("each", "tc batch"),
        ("task url x", "tc open"),
        ("task grep x", "tc task log TASK --grep"),
        ("task id x", "tc task status"),
        ("task deps x", "tc task def"),
        ("group url x", "tc open"),
        ("group red x", "tc group failures"),
        ("group progress x", "tc group watch"),
        ("group summary x", "tc group status"),
        ("group lock x", "tc group seal"),
        ("queue wait x", "tc task wait"),
        ("queue logs x", "tc task log"),
        ("queue cancel x", "did you mean cancelTask"),
        ("hooks fire x", "tc hooks triggerHook"),
    ],
)
def test_a_first_command(tc: CommandLine, words: str, named: str) -> None:
    """
    Leads to the one that exists.
    """
    result = tc(*words.split())
    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert named in result.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("task status", "tc task status -"),
        ("task log", "one id from stdin"),
        ("group wait", "tc group wait -"),
        ("queue status", "tc batch queue status"),
        ("queue createTask", ""),
    ],
)
def test_ids_on_stdin_without_an_argument(start: Start, words: str, named: str) -> None:
    """
    Are not read, and how they are is named; without a pipe it is not.
    """
    for stdin in (subprocess.PIPE, subprocess.DEVNULL):
        process = start(*words.split(), stdin=stdin, stderr=subprocess.PIPE)
        _, errors = process.communicate(b"x\n" if stdin == subprocess.PIPE else None)
        assert (2, 1) == (process.returncode, errors.count(b"\n"))
        assert ("stdin" in errors.decode()) is bool(named and stdin == subprocess.PIPE)
        assert named in errors.decode() or stdin == subprocess.DEVNULL


def test_the_options_do_not_exist() -> None:
    """
    Advice for an option that its command has would never be printed.
    """
    for path, table in OPTIONS_BY_COMMAND.items():
        command: click.Command = root
        context = click.Context(root)
        for word in path.split():
            assert isinstance(command, click.Group)
            found = command.get_command(context, word)
            assert found is not None, path
            command = found
        known = {spelling for param in command.params for spelling in (*param.opts, *param.secondary_opts)}
        assert known.isdisjoint(" ".join(table).split()), path
