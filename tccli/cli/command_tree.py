"""
The command line as a tree of data: every command, service and method with its arguments and options.

It is built from click's commands. Completion scripts, manual pages and tables are generated from it::

    tree = build_tree(root, context)
    for entry in tree.walk():
        print(entry.usage, "-", entry.summary)
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import click

from tccli.cli.command import Group
from tccli.cli.completion import kinds
from tccli.cli.context import get_context
from tccli.cli.help.methods import describe_parameter, find_method_docs
from tccli.cli.methods import MethodCommand, MethodTree, ServiceGroup
from tccli.cli.options import option_section
from tccli.references import method_docs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.cli.context import Context
    from tccli.references import Method
    from tccli.references.exchanges import Exchange

OWN, OUTPUT, GLOBAL = "own", "output", "global"


@dataclass(frozen=True, slots=True)
class Argument:
    """
    A positional argument, or several that one usage line describes together.

    Attributes:
        metavar: As in usage lines: ``<taskId>``, ``NAME``, ``[TASK] [RUN] NAME [FILE]``.
        meaning: Its description, or empty.
        kinds: The kind of value of each word (see :mod:`~tccli.cli.completion.kinds`); empty if not known.
        is_required: Whether it must be given.
        is_repeatable: Whether it takes all remaining words; the last kind is then that of all further words.
    """

    metavar: str
    meaning: str
    kinds: tuple[str, ...]
    is_required: bool
    is_repeatable: bool


@dataclass(frozen=True, slots=True)
class Option:
    """
    An option.

    Attributes:
        spellings: With their dashes, short ones first: ``-o``, ``--output``.
        secondary: Of the opposite: ``--no-proxy``.
        takes_value: Whether the next word is its value; if not, it is a flag or is counted.
        metavar: The name of the value, or empty.
        help: A sentence.
        choices: The possible values, if they are few.
        kind: The kind of value, or empty.
        is_repeatable: Whether it may be given several times.
        is_required: Whether it must be given.
        section: ``own`` of this command; of those for ``output``; or ``global``, which all commands take.
    """

    spellings: tuple[str, ...]
    secondary: tuple[str, ...]
    takes_value: bool
    metavar: str
    help: str
    choices: tuple[str, ...]
    kind: str
    is_repeatable: bool
    is_required: bool
    section: str


@dataclass(frozen=True, slots=True)
class CommandNode:
    """
    A command or a group of commands.

    Attributes:
        path: The words after ``tc``: ``("queue", "createTask")``; empty for the root.
        summary: One line, without a dot at the end.
        paragraphs: Of its help. Only one that keeps its lines has line breaks.
        usage: ``tc queue createTask [OPTIONS] <taskId>``.
        arguments: In their order.
        options: Its own first, in the order of its help, then those for output, then the global ones.
        examples: Each is one or more lines for a shell.
        epilog: Paragraphs at the end of its help.
        commands: Its subcommands, in the order of its help.
        service: The service that it or its method belongs to, or empty.
        method: The method that it calls, if it calls one.
        exchanges: Of the service, if it is a service.
        is_tree: Whether it contains all services and methods again, as ``tc url`` does.
    """

    path: tuple[str, ...]
    summary: str
    paragraphs: tuple[str, ...]
    usage: str
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    epilog: tuple[str, ...]
    commands: tuple[CommandNode, ...]
    service: str
    method: Method | None
    exchanges: tuple[Exchange, ...]
    is_tree: bool

    @property
    def name(self) -> str:
        """
        The last word of its path; ``tc`` for the root.
        """
        return self.path[-1] if self.path else "tc"

    def walk(self) -> Iterator[CommandNode]:
        """
        Yield it and everything below it.
        """
        yield self
        for each in self.commands:
            yield from each.walk()

    def own_options(self) -> list[Option]:
        """
        Return the options that are neither global nor for output.
        """
        return [option for option in self.options if option.section == OWN]


def build_tree(root: click.Group, context: Context) -> CommandNode:
    """
    Return *root* with everything below it.

    Args:
        context: Its references are described.
    """
    with root.context_class(root, info_name="tc", obj=context, **root.context_settings) as ctx:
        return _entry(root, ctx, ())


def _entry(command: click.Command, ctx: click.Context, path: tuple[str, ...]) -> CommandNode:
    method = command.method if isinstance(command, MethodCommand) else None
    params = [param for param in command.get_params(ctx) if not getattr(param, "hidden", False)]
    return CommandNode(
        path=path,
        summary=_summary(command, ctx),
        paragraphs=_all_paragraphs(command),
        usage=" ".join([ctx.command_path, *command.collect_usage_pieces(ctx)]),
        arguments=tuple(_argument(each, path, method) for each in params if isinstance(each, click.Argument)),
        options=tuple(_option(each, method) for each in params if isinstance(each, click.Option)),
        examples=_examples(command),
        epilog=_paragraphs(command.epilog or ""),
        commands=tuple(_below(command, ctx, path)),
        service=method.service if method else str(command.name) if isinstance(command, ServiceGroup) else "",
        method=method,
        exchanges=_exchanges(command, ctx),
        is_tree=isinstance(command, MethodTree),
    )


def _below(command: click.Command, ctx: click.Context, path: tuple[str, ...]) -> Iterator[CommandNode]:
    """
    Yield the commands of a group.
    """
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            if below is not None and not below.hidden:
                inner = below.context_class(below, info_name=name, parent=ctx, **below.context_settings)
                yield _entry(below, inner, (*path, name))


def _exchanges(command: click.Command, ctx: click.Context) -> tuple[Exchange, ...]:
    if isinstance(command, ServiceGroup):
        return tuple(get_context(ctx).library().service(str(command.name)).exchanges.values())
    return ()


def _summary(command: click.Command, ctx: click.Context) -> str:
    """
    Return the command's line in the list of commands of its group.
    """
    if ctx.parent is not None and isinstance(ctx.parent.command, Group):
        return ctx.parent.command.one_liner(ctx.parent, str(ctx.info_name))
    return command.get_short_help_str(limit=1000).removesuffix(".")


def _all_paragraphs(command: click.Command) -> tuple[str, ...]:
    """
    Return the paragraphs of a command's help, with the documentation of a service or a method.
    """
    more: Sequence[str] = ()
    if isinstance(command, MethodCommand):
        more = find_method_docs(command.method).paragraphs
    elif isinstance(command, ServiceGroup):
        more = method_docs.load_service_docs(str(command.name))
    return (*_paragraphs(command.help or ""), *more)


def _paragraphs(text: str) -> tuple[str, ...]:
    """
    Return the paragraphs of a help text; those that keep their lines begin with a line that holds a backspace.
    """
    found = []
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = part.strip("\n").split("\n")
        if lines[0].strip() == "\b":
            found.append("\n".join(line.rstrip() for line in lines[1:]))
        elif part.strip():
            found.append(" ".join(part.split()))
    return tuple(found)


def _examples(command: click.Command) -> tuple[str, ...]:
    return tuple(getattr(command, "examples", ()))


def _argument(argument: click.Argument, path: tuple[str, ...], method: Method | None) -> Argument:
    metavar = argument.metavar or argument.human_readable_name
    name = metavar.strip("<>[]") if method is not None else ""
    known = method is not None and name in method.args
    return Argument(
        metavar=metavar,
        meaning=describe_parameter(method, name) if known and method else "",
        kinds=(kinds.of_parameter(method, name),) if known and method else kinds.of_argument(path, metavar),
        is_required=argument.required,
        is_repeatable=argument.nargs == -1,
    )


def _option(option: click.Option, method: Method | None) -> Option:
    described = _describe_option(option)
    query = next((name for name in method.query if f"query_{name}" == option.name), None) if method else None
    if method is not None and query is not None and described.takes_value:
        return replace(described, kind=kinds.of_parameter(method, query))
    return described


# Each command has the same shared options.
@cache
def _describe_option(option: click.Option) -> Option:
    takes_value = not (option.is_flag or option.count)
    metavar = (option.metavar or str(option.name).upper()) if takes_value else ""
    kind = kinds.of_option(metavar, option.opts) if takes_value else ""
    return Option(
        spellings=tuple(sorted(option.opts, key=len)),
        secondary=tuple(option.secondary_opts),
        takes_value=takes_value,
        metavar=metavar,
        help=option.help or "",
        choices=_choices(option),
        kind=kind,
        is_repeatable=option.multiple or option.count,
        is_required=option.required,
        section=option_section(option),
    )


def _choices(option: click.Option) -> tuple[str, ...]:
    if isinstance(option.type, click.Choice):
        return tuple(map(str, option.type.choices))
    return ()
