"""
Every hand-written command has examples, and each of them does what it says.
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
from tccli.cli.methods import MethodTree
from tests.examples import commands
from tests.examples.example_deployment import populate_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.examples.example_deployment import ExampleDeployment
    from tests.examples.shell import Shell

WIDEST = 96


def hand_written() -> Iterator[tuple[str, click.Command]]:
    """
    Yield every command that is no service or method, and what it is called after ``tc``.
    """
    ctx = click.Context(app.root, info_name="tc", **app.root.context_settings)
    for name in [*app.hand_written(), "api"]:
        yield from commands_in(ctx, name, app.root.load(ctx, name))


def commands_in(parent: click.Context, name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """
    Yield a command and those in it, but not a method again and again.
    """
    yield name, command
    if isinstance(command, Group) and not isinstance(command, MethodTree):
        ctx = click.Context(command, parent=parent, info_name=name, **command.context_settings)
        for each in command.list_commands(ctx):
            found = command.load(ctx, each)
            assert found is not None
            yield from commands_in(ctx, f"{name} {each}", found)


def examples_of(command: click.Command) -> tuple[str, ...]:
    """
    Return a command's examples.
    """
    assert isinstance(command, Command | Group)
    return tuple(command.examples)


COMMANDS = dict(hand_written())
EXAMPLES = [(name, number) for name, command in COMMANDS.items() for number in range(len(examples_of(command)))]
EVERY_EXAMPLE = pytest.mark.parametrize(
    ("name", "number"), EXAMPLES, ids=[f"{name} {number + 1}" for name, number in EXAMPLES]
)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_examples(name: str) -> None:
    """
    Only a group that does nothing by itself may leave them to its commands.
    """
    command = COMMANDS[name]
    is_group = isinstance(command, Group) and not isinstance(command, MethodTree)
    only_leads_on = is_group and not getattr(command, "invoke_without_command", True)

    assert examples_of(command) or only_leads_on


@EVERY_EXAMPLE
def test_an_example_fits(name: str, number: int) -> None:
    """
    It calls the command that it is an example of, in lines that a terminal shows whole.
    """
    lines = examples_of(COMMANDS[name])[number]

    assert f"tc {name}" in lines
    assert WIDEST >= max(map(len, lines.split("\n")))


@EVERY_EXAMPLE
def test_an_example_runs(deployment: ExampleDeployment, shell: Shell, name: str, number: int) -> None:
    """
    As it stands in the help, copied into a shell.
    """
    lines = examples_of(COMMANDS[name])[number]
    if "curl " in lines and shutil.which("curl") is None:
        pytest.skip("there is no curl")
    if name in commands.PREPARE:
        commands.PREPARE[name](deployment)
    populate_task(deployment)
    if name in commands.UNTIL_INTERRUPTED:
        run_until_interrupted(lines, deployment, shell)
        return
    done = shell.run(lines, deployment)

    assert commands.ENDS_WITH.get(name, 0) == done.returncode, done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def run_until_interrupted(lines: str, deployment: ExampleDeployment, shell: Shell) -> None:
    """
    Wait for the first line of output, then press Ctrl-C, which is no failure.
    """
    process = shell.start(lines, deployment)
    assert process.stdout is not None
    first = process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert first, errors.decode()
    assert 0 == process.returncode, errors.decode()
    assert "Traceback" not in errors.decode()
