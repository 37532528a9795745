"""
Base classes of commands and groups: shared options, names in any spelling, and the layout of help.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from tccli import names
from tccli.cli.options import (
    HELP_OPTIONS,
    global_options,
    option_section,
    output_options,
    peek_options,
    spell_global_options,
)
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# As Go's strconv.ParseBool reads them.
TRUE_WORDS, FALSE_WORDS = ("1", "t", "true"), ("0", "f", "false")
RAW_LETTER = "r"
"""Of ``--raw-strings``, unless a command has another option of that letter, as the Go client does."""
CONTEXT_SETTINGS = {"help_option_names": list(HELP_OPTIONS)}


class _ClickContext(click.Context):
    """
    A click context that uses our formatter.

    Attributes:
        takes_shared: Whether shared options may follow. To create them takes as long as the rest of a small command.
    """

    takes_shared = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        spell = names.Spellings()
        # The case of short options matters.
        self.token_normalize_func = lambda name: name if len(name) == 1 else spell(name)

    def make_formatter(self) -> click.HelpFormatter:
        """
        Return a formatter for the width of the terminal.
        """
        from tccli.cli.help.formatter import Formatter, help_width

        return Formatter(width=help_width() - 2)


def _print_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if value and not ctx.resilient_parsing:
        print_help(ctx, ctx.get_help())
        ctx.exit()


def print_help(ctx: click.Context, text: str) -> None:
    """
    Print a help; on a terminal that it does not fit, in a pager.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        click.echo(text)
        return
    from tccli.output.pager import open_pager

    # The options after --help are not parsed.
    with open_pager(sys.stdout.buffer, peek_options(ctx.find_root().obj.argv).pager) as out:
        out.write(f"{text}\n".encode())


class _BaseCommand(click.Command):
    """
    A command with the shared options after its own.

    Attributes:
        prints_data: Whether the command has the options for output.
    """

    context_class = _ClickContext
    prints_data = True
    _examples: Sequence[str] = ()
    _own_help_option: click.Option | None = None

    @property
    def examples(self) -> Sequence[str]:
        """
        Shell commands, each on one or several lines.
        """
        return self._examples

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """
        Return the command's own parameters, then the shared options whose names are still free.
        """
        own = super().get_params(ctx)
        if not getattr(ctx, "takes_shared", True):
            return own
        return _with_shared(own, [*self._output_options(), *global_options()])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """
        Return the help option. That of click looks for a translation, which takes several milliseconds.
        """
        if self._own_help_option is None:
            self._own_help_option = click.Option(
                [*self.get_help_option_names(ctx), "_help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_help,
                help="Show this message and exit.",
            )
        return self._own_help_option

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Parse the arguments. The shared options are created only if an argument may be one.
        """
        assert isinstance(ctx, _ClickContext)
        # The options of a group end at its first argument; but after --help, more options may follow.
        is_first_only = isinstance(self, click.Group) and not (args and args[0] in HELP_OPTIONS)
        words = args[:1] if is_first_only else args
        ctx.takes_shared = any(word.startswith("-") and word not in HELP_OPTIONS for word in words)
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            # click knows the command of some errors only.
            error.ctx = error.ctx or ctx
            raise
        ctx.takes_shared = True
        return rest

    def make_parser(self, ctx: click.Context) -> click.parser._OptionParser:
        """
        Return a parser that reads ``-o=FILE`` as ``-o FILE``, takes ``--quiet=false``, and refuses an option of the
        command that is given twice.
        """
        parser = super().make_parser(ctx)
        match_short_option, short_options = parser._match_short_opt, parser._short_opt  # noqa: SLF001 - no other way
        match_long_option, long_options = parser._match_long_opt, parser._long_opt  # noqa: SLF001 - no other way

        raw_letters: list[click.Option] = []

        def match_short(word: str, state: Any) -> None:
            raw_letters.extend(_find_raw_letter(short_options, word, has_next=bool(state.rargs)))
            for place, letter in enumerate(word[1:], 2):
                option = short_options.get(word[0] + letter)
                if option is not None and word.startswith("=", place):
                    if option.takes_value:
                        state.rargs.insert(0, word[place + 1 :])
                        word = word[:place]
                        break
                    if place > 2:
                        match_short_option(word[: place - 1], state)
                    _set_flag(option, word[place + 1 :], state)
                    return
                if option is not None and option.takes_value:
                    break
            match_short_option(word, state)

        def match_long(name: str, value: str | None, state: Any) -> None:
            option = long_options.get(name)
            if option is not None and value is not None and not option.takes_value:
                _set_flag(option, value, state)
            else:
                match_long_option(name, value, state)

        parse = parser.parse_args

        def parse_args(args: list[str]) -> tuple[dict[str, Any], list[str], list[click.Parameter]]:
            values, rest, order = parse(args)
            _refuse_repeated_options(ctx, order)
            _refuse_taken_letter(raw_letters, values, ctx)
            return values, rest, order

        vars(parser).update(_match_short_opt=match_short, _match_long_opt=match_long, parse_args=parse_args)
        return parser

    def explain_missing_option(self, _name: str) -> str:
        """
        Return why the command does not have an option that others have, or nothing.
        """
        return ""

    def _output_options(self) -> Sequence[click.Option]:
        return output_options() if self.prints_data else ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the command's own options, those for output, and the names of the global ones; the root describes these.
        """
        params = [
            param
            for param in _with_shared(super().get_params(ctx), self._output_options())
            if isinstance(param, click.Option)
        ]
        sections = (
            ("Options", [param for param in params if option_section(param) == "own"]),
            ("Output", [param for param in params if option_section(param) == "output"]),
        )
        for heading, options in sections:
            rows = [row for param in options if (row := param.get_help_record(ctx)) is not None]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
        with formatter.section("Global options"):
            if ctx.parent is None:
                rows = [row for option in global_options() if (row := option.get_help_record(ctx)) is not None]
                formatter.write_dl(rows)
            else:
                formatter.write_text(f"{', '.join(spell_global_options())}: see tc --help.")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the examples without wrapping, so that they can be copied.
        """
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
                for line in "\n".join(self.examples).split("\n"):
                    formatter.write(f"{' ' * formatter.current_indent}{line}\n")


def _with_shared(own: list[click.Parameter], shared: Sequence[click.Option]) -> list[click.Parameter]:
    taken = {names.fold(spelling) for param in own for spelling in (*param.opts, *param.secondary_opts)}
    if taken.isdisjoint(_fold_spellings(tuple(shared))):
        return [*own, *shared]
    return [*own, *(kept for option in shared if (kept := _without_taken_spellings(option, taken)) is not None)]


@cache
def _fold_spellings(options: tuple[click.Option, ...]) -> frozenset[str]:
    return frozenset(names.fold(spelling) for option in options for spelling in option.opts)


def _without_taken_spellings(option: click.Option, taken: set[str]) -> click.Option | None:
    """
    Return a shared option without the short spelling that a command gives to an option of its own; None without any.
    """
    left = [spelling for spelling in option.opts if names.fold(spelling) not in taken]
    if len(left) == len(option.opts) or not any(spelling.startswith("--") for spelling in left):
        return option if len(left) == len(option.opts) else None
    from copy import copy

    option = copy(option)
    option.opts = left
    return option


def _find_raw_letter(short_options: dict[str, Any], word: str, *, has_next: bool) -> list[click.Option]:
    """
    Return the option of ``-r`` if a word of short options has it.

    Args:
        has_next: Whether another word follows.

    Raises:
        click.UsageError: It needs a value, which ``--raw-strings`` does not.
    """
    for place, letter in enumerate(word[1:], 2):
        option = short_options.get(word[0] + letter)
        if letter == RAW_LETTER and option is not None:
            if option.takes_value and not (has_next or word[place:]):
                raise click.BadOptionUsage(f"-{RAW_LETTER}", _explain_letter(option.obj))
            return [option.obj]
        if option is None or option.takes_value:
            break
    return []


def _refuse_taken_letter(given: Sequence[click.Option], values: dict[str, Any], ctx: click.Context) -> None:
    """
    Refuse the flag ``-r`` that has another meaning in this command, where it may be meant as ``--raw-strings``.
    """
    for option in given:
        if option.is_flag and option.name != "raw_strings" and (values.get("jq") or values.get("format")):
            raise click.UsageError(_explain_letter(option), ctx)


def _explain_letter(option: click.Option) -> str:
    name = next(spelling for spelling in option.opts if spelling.startswith("--"))
    name = " ".join(filter(None, [name, option.metavar]))
    return f"-{RAW_LETTER} is {name} in this command; write --raw-strings for strings without quotes, or {name}"


def _set_flag(option: Any, value: str, state: Any) -> None:
    """
    Set a flag that has a value, such as ``--force=false``.
    """
    word = value.lower()
    mode = getattr(option.obj, "mode", "")
    if word not in TRUE_WORDS and word not in FALSE_WORDS and not (mode and word == mode):
        known = f"true, false or {mode}" if mode else "true or false"
        raise click.UsageError(f"{option.obj.opts[0]} is a flag: {value!r} is not {known}")
    if mode:
        # The flag restricts, so a weaker value does not replace a stronger one.
        if word in TRUE_WORDS or (word == mode and option.dest not in state.opts):
            state.opts[option.dest] = option.const if word in TRUE_WORDS else mode
    elif option.action == "count":
        state.opts[option.dest] = int(word in TRUE_WORDS)
    else:
        state.opts[option.dest] = option.const if word in TRUE_WORDS else not option.const
    state.order.append(option.obj)


def _refuse_repeated_options(ctx: click.Context, order: Sequence[click.Parameter]) -> None:
    # A shared option may be repeated: the later one wins, so that a script can override those of an alias. But two
    # lists of columns look like one longer list.
    seen = set()
    for param in order:
        is_own = param.expose_value or param.name == "columns"
        if isinstance(param, click.Option) and is_own and not (param.multiple or param.count):
            if param in seen and not param.is_flag:
                advice = "; separate the names by commas" if param.name == "columns" else ""
                raise click.UsageError(f"{param.opts[0]} is given twice{advice}", ctx)
            seen.add(param)


class Command(_BaseCommand):
    """
    A command of tc.

    Args:
        prints_data: Whether the command has the options for output.
        examples: Shell commands, each on one or several lines.
    """

    def __init__(self, *args: Any, prints_data: bool = True, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT_SETTINGS, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self.prints_data = prints_data
        self._examples = examples


class Group(_BaseCommand, click.Group):
    """
    A group of commands, which finds them by any spelling of their names.

    Args:
        examples: Shell commands, each on one or several lines.
    """

    command_class = Command
    group_class = type
    kind = "command"

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT_SETTINGS, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self._examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the commands, then the options.
        """
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write a line for each command. That of click loads them all.
        """
        rows = [(name, self.one_liner(ctx, name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def one_liner(self, ctx: click.Context, name: str) -> str:
        """
        Return the summary of a command for a list.
        """
        command = self.load(ctx, name)
        return "" if command is None else command.get_short_help_str(limit=1000).removesuffix(".")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """
        Return a command by any spelling of its name.
        """
        found = names.find(cmd_name, self.list_commands(ctx))
        return None if found is None else self.load(ctx, found)

    def load(self, _ctx: click.Context, name: str) -> click.Command | None:
        """
        Return a command by its exact name.
        """
        return self.commands.get(name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """
        Find the command that the first word names.

        Raises:
            UsageError: There is no such command; the hint suggests similar names.
        """
        command = self.get_command(ctx, args[0])
        if command is None:
            where = ctx.command_path.removeprefix(ctx.find_root().command_path).strip()
            message = f"{where}: no {self.kind} {args[0]!r}" if where else f"no {self.kind} {args[0]!r}"
            if args[0].lower() == "help":
                raise UsageError(message, hint=f"write {' '.join([ctx.command_path, *args[1:2]])} --help")
            raise UsageError(message, hint=self.hint(ctx, args[0]))
        return command.name, command, args[1:]

    def hint(self, ctx: click.Context, name: str) -> str:
        """
        Return a hint for a name that is not known.
        """
        return names.suggestion(name, self.list_commands(ctx)) or f"{ctx.command_path} --help lists them"
