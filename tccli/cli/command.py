"""
What all commands of tc are: they take the shared options, find their names in any spelling, and wrap their help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli import names
from tccli.cli.options import global_options, output_options
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTEXT = {"token_normalize_func": names.fold, "help_option_names": ["--help", "-h"]}


class _Context(click.Context):
    """
    Knows whether the shared options can matter: making them takes as long as the rest of a small command.
    """

    takes_shared = True

    def make_formatter(self) -> click.HelpFormatter:
        """
        Return what help is written with: as wide as the terminal, up to a width that can be read.
        """
        from tccli.cli.help.formatter import Formatter, help_width

        return Formatter(width=help_width() - 2)


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class _TakesSharedOptions(click.Command):
    """
    A command with the shared options beside its own.

    Attributes:
        prints_data: Whether the options for output apply.
    """

    context_class = _Context
    prints_data = True
    _examples: Sequence[str] = ()

    @property
    def examples(self) -> Sequence[str]:
        """
        For a shell, as people copy them: each a line, or several.
        """
        return self._examples

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """
        Return the command's own parameters, then the shared ones that they leave free.
        """
        shared = self.shared(ctx)
        # It is asked for ten times by a help, and adds up.
        known: dict[bool, list[click.Parameter]] = self.__dict__.setdefault("_params", {})
        if bool(shared) not in known:
            known[bool(shared)] = self._with_shared(super().get_params(ctx), shared)
        return list(known[bool(shared)])

    @staticmethod
    def _with_shared(own: list[click.Parameter], shared: Sequence[click.Option]) -> list[click.Parameter]:
        if not shared:
            return own
        taken = {names.fold(spelling) for param in own for spelling in (*param.opts, *param.secondary_opts)}
        return [*own, *(option for option in shared if not taken & {names.fold(each) for each in option.opts})]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """
        Return the option for help. That of click asks for a translation, which takes as long as all of the help.
        """
        known: click.Option | None = self.__dict__.get("_help")
        if known is None:
            known = self.__dict__["_help"] = click.Option(
                [*self.get_help_option_names(ctx), "_help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help="Show this message and exit.",
            )
        return known

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Parse; where no word can be a shared option, they are left out.
        """
        assert isinstance(ctx, _Context)
        # A group's own options end at its first other word; but after one for help, more of them may come.
        only_first = isinstance(self, click.Group) and args[:1] not in (["--help"], ["-h"])
        words = args[:1] if only_first else args
        ctx.takes_shared = any(word.startswith("-") and word not in {"--help", "-h"} for word in words)
        rest = super().parse_args(ctx, args)
        ctx.takes_shared = True
        return rest

    def shared(self, ctx: click.Context) -> Sequence[click.Option]:
        """
        Return the shared options that apply.
        """
        if not getattr(ctx, "takes_shared", True):
            return ()
        return (*(output_options() if self.prints_data else ()), *global_options())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the options under headings: the command's own, those for output, and the global ones by name only.
        """
        assert isinstance(ctx, _Context)
        ctx.takes_shared = True
        shared = self.shared(ctx)
        params = self.get_params(ctx)
        sections = (
            ("Options", [param for param in params if param not in shared and isinstance(param, click.Option)]),
            ("Output", [option for option in output_options() if option in params]),
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
                spelled = [" / ".join((option.opts[-1], *option.secondary_opts)) for option in global_options()]
                formatter.write_text(f"{', '.join(spelled)}: see tc --help.")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the examples as they are: what is wrapped cannot be copied.
        """
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
                for line in "\n".join(self.examples).split("\n"):
                    formatter.write(f"{' ' * formatter.current_indent}{line}\n")


class Command(_TakesSharedOptions):
    """
    A command of tc.

    Args:
        prints_data: Whether it has an answer, so that the options for output apply.
        examples: For a shell, as people copy them: each a line, or several.
    """

    def __init__(self, *args: Any, prints_data: bool = True, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self.prints_data = prints_data
        self._examples = examples


class Group(_TakesSharedOptions, click.Group):
    """
    A group of tc, whose commands are found under any spelling of their names.

    Args:
        examples: As of a :class:`Command`.
    """

    command_class = Command
    group_class = type
    kind = "command"

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self._examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the commands, then the options.
        """
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def one_liner(self, ctx: click.Context, name: str) -> str:
        """
        Return what a list of commands says of one.
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
            UsageError: There is none; the near misses are named.
        """
        command = self.get_command(ctx, args[0])
        if command is None:
            where = ctx.command_path.removeprefix(ctx.find_root().command_path).strip()
            message = f"{where}: no {self.kind} {args[0]!r}" if where else f"no {self.kind} {args[0]!r}"
            raise UsageError(message, hint=self.hint(ctx, args[0]))
        return command.name, command, args[1:]

    def hint(self, ctx: click.Context, name: str) -> str:
        """
        Say what may have been meant by a name that is not there.
        """
        return names.suggestion(name, self.list_commands(ctx)) or f"{ctx.command_path} --help lists them"
