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
