"""
Commands as files: their names and summaries without importing them, and groups whose subcommands are files.

``commands/version.py`` is a command; ``commands/task/`` is a group, and ``commands/task/status.py`` its subcommand.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import Any

import click

from tccli import names
from tccli.cli.command import Group

COMMANDS_DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "commands")


@cache
def command_names(directory: str = COMMANDS_DIRECTORY) -> list[str]:
    """
    Return the names of the commands in *directory*.
    """
    found = os.listdir(directory)
    stems = (
        name.removesuffix(".py") for name in found if name[0] not in "_." and (name.endswith(".py") or "." not in name)
    )
    return sorted(stem.replace("_", "-") for stem in stems)


def load_command(name: str, package: str = "tccli.commands") -> click.Command:
    """
    Import a command.
    """
    command = import_module(f"{package}.{name.replace('-', '_')}").command
    assert isinstance(command, click.Command)
    return command


def find_summary(words: str) -> str:
    """
    Return the summary of a command (``version``) or a subcommand (``task status``), without opening its file.
    """
    from tccli.cli.summaries import SUMMARIES

    return SUMMARIES.get(words, "")


class DirectoryGroup(Group):
    """
    A group whose subcommands are the files in its directory. Only the one that runs is imported.
    """

    # Options in front of the subcommand are moved behind it.
    prints_data = False

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._package = f"tccli.commands.{name}"
        self._directory = os.path.join(COMMANDS_DIRECTORY, name)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """
        Return the names of the subcommands.
        """
        return command_names(self._directory)

    def load(self, _ctx: click.Context, name: str) -> click.Command | None:
        """
        Import a subcommand.
        """
        return load_command(name, self._package)

    def one_liner(self, _ctx: click.Context, name: str) -> str:
        """
        Return the summary of a subcommand without importing it.
        """
        return find_summary(f"{self.name} {name}")

    def hint(self, ctx: click.Context, name: str) -> str:
        """
        Return a hint for a name that is not known.
        """
        from tccli.cli.pointers import find_pointer

        return find_pointer(name, self.name or "") or super().hint(ctx, name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Move options in front of the subcommand behind it: ``tc task -r 0 status ID`` is ``tc task status -r 0 ID``.
        """
        if args and args[0].startswith("-"):
            known = self.list_commands(ctx)
            place = next((place for place, word in enumerate(args) if names.find(word, known)), 0)
            args = [*args[place : place + 1], *args[:place], *args[place + 1 :]] if place else args
        return super().parse_args(ctx, args)
