"""
Each hand-written command has examples, and each of them runs.
"""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import click
import pytest

from tccli.cli import app
from tccli.cli.command import Command, Group
from tccli.cli.directories import command_names
from tccli.cli.methods import MethodTree
from tests.examples import commands
from tests.examples.example_deployment import populate_task
from tests.examples.shell import finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.examples.example_deployment import ExampleDeployment
    from tests.examples.shell import Shell

MAX_EXAMPLE_COLUMNS = 73
"""What a manual page of 78 columns has room for."""


def list_commands() -> Iterator[tuple[str, click.Command]]:
    """
    Yield each command that is not a service or method, with its name after ``tc``.
    """
    ctx = click.Context(app.root, info_name="tc", **app.root.context_settings)
    for name in [*command_names(), "api"]:
        yield from walk_commands(ctx, name, app.root.load(ctx, name))


def walk_commands(parent: click.Context, name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """
    Yield a command and its subcommands, but no methods.
    """
    yield name, command
    if isinstance(command, Group) and not isinstance(command, MethodTree):
        ctx = click.Context(command, parent=parent, info_name=name, **command.context_settings)
        for each in command.list_commands(ctx):
            found = command.load(ctx, each)
            assert found is not None
            yield from walk_commands(ctx, f"{name} {each}", found)


def list_examples(command: click.Command) -> tuple[str, ...]:
    """
    Return a command's examples.
    """
    assert isinstance(command, Command | Group)
    return tuple(command.examples)


COMMANDS = dict(list_commands())
EXAMPLES = [(name, number) for name, command in COMMANDS.items() for number in range(len(list_examples(command)))]
EVERY_EXAMPLE = pytest.mark.parametrize(
    ("name", "number"), EXAMPLES, ids=[f"{name} {number + 1}" for name, number in EXAMPLES]
)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_examples(name: str) -> None:
    """
    A group may leave them to its commands.
    """
    command = COMMANDS[name]
    is_group = isinstance(command, Group) and not isinstance(command, MethodTree)
    only_leads_on = is_group and not getattr(command, "invoke_without_command", True)

    assert list_examples(command) or only_leads_on


@EVERY_EXAMPLE
def test_an_example_fits(name: str, number: int) -> None:
    """
    It calls the command that it belongs to, and its lines fit a terminal.
    """
    lines = list_examples(COMMANDS[name])[number]

    assert f"tc {name}" in lines
    assert MAX_EXAMPLE_COLUMNS >= max(map(len, lines.split("\n")))


@EVERY_EXAMPLE
def test_an_example_runs(deployment: ExampleDeployment, shell: Shell, name: str, number: int) -> None:
    """
    As copied from the help into a shell.
    """
    lines = list_examples(COMMANDS[name])[number]
    if "curl " in lines and shutil.which("curl") is None:
        pytest.skip("there is no curl")
    if name in commands.PREPARE:
        commands.PREPARE[name](deployment)
    populate_task(deployment)
    if name in commands.UNTIL_INTERRUPTED and "--detach" not in lines:
        run_until_interrupted(lines, deployment, shell)
        return
    done = shell.run(lines, deployment)

    assert commands.EXIT_CODES.get(name, 0) == done.returncode, done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def run_until_interrupted(lines: str, deployment: ExampleDeployment, shell: Shell) -> None:
    """
    Wait for the first line of output, then press Ctrl-C, which must not be a failure.
    """
    process = shell.start(lines, deployment)
    assert process.stdout is not None
    first = process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = finish(process)

    assert first, errors.decode()
    assert 0 == process.returncode, errors.decode()
    assert "Traceback" not in errors.decode()
