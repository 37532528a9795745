"""
The root: finds commands by name, and is the one place where an error becomes text and an exit code.
"""

from __future__ import annotations

import errno
import os
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import click

from tccli import __version__, names
from tccli.cli.command import Group
from tccli.cli.context import Context, get_context
from tccli.errors import INTERRUPTED, OUTPUT_CLOSED, LocalFileError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "commands")
API = "Call a method: tc api queue task is the same as tc queue task"
USAGE_EXIT_CODE = UsageError.exit_code


class Root(Group):
    """
    Commands are the files in ``commands/``, services those in ``references/``; what is not used is not loaded.
    """

    kind = "command or service"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """
        Return all names, services last; one that is named like a command is found below ``tc api`` only.
        """
        commands = [*hand_written(), "api"]
        services = get_context(ctx).library().service_names()
        return [*commands, *(name for name in services if names.find(name, commands) is None)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """
        Return a command by any spelling of its name; the references are read only when no file has the name.
        """
        return self.load(ctx, cmd_name) if cmd_name in hand_written() else super().get_command(ctx, cmd_name)

    def load(self, ctx: click.Context, name: str) -> click.Command:
        """
        Return a command or a service.
        """
        if name in hand_written():
            command = import_module(f"tccli.commands.{name.replace('-', '_')}").command
            assert isinstance(command, click.Command)
            return command
        from tccli.cli import methods

        return methods.api_tree() if name == "api" else methods.service_group(get_context(ctx).library(), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write services and commands apart.
        """
        commands = [*hand_written(), "api"]
        library = get_context(ctx).library()
        services = [
            (name if names.find(name, commands) is None else f"api {name}", library.service(name).summary)
            for name in library.service_names()
        ]
        with formatter.section("Services"):
            formatter.write_dl(services)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.one_liner(ctx, name)) for name in commands])

    def one_liner(self, ctx: click.Context, name: str) -> str:
        """
        Return what the list says of a command or a service, which is not loaded for it.
        """
        if name in hand_written():
            return _first_line(name)
        return API if name == "api" else get_context(ctx).library().service(name).summary


@cache
def hand_written() -> list[str]:
    """
    Return the names of the commands that have a file.
    """
    files = (name for name in os.listdir(COMMANDS) if name.endswith(".py") and not name.startswith("_"))
    return sorted(name.removesuffix(".py").replace("_", "-") for name in files)


def _first_line(command: str) -> str:
    """
    Return what a command's file says first, which is its line in the list of commands; nothing is imported for it.
    """
    with open(os.path.join(COMMANDS, command.replace("-", "_") + ".py"), encoding="utf-8") as file:
        file.readline()
        said = file.readline().partition(": ")[2].strip().removesuffix(".")
    return said[:1].upper() + said[1:]


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if value and not ctx.resilient_parsing:
        click.echo(f"tc {__version__}")
        ctx.exit()


root = Root(
    "tc",
    help="Taskcluster in the shell. Call an API method with: tc SERVICE METHOD ARGUMENTS.",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_print_version,
            help="Print the version.",
        )
    ],
)


def main(argv: Sequence[str] | None = None) -> None:
    """
    Run the command line and exit with the code that says how it went.
    """
    try:
        code = run(argv)
    except Exception:  # noqa: BLE001 - a mistake of ours is shown whole, but 1 would say that the answer is no
        import traceback

        traceback.print_exc()
        code = TcError.exit_code
    sys.exit(code)


def run(argv: Sequence[str] | None = None) -> int:
    """
    Run the command line; return its exit code.
    """
    context = Context(argv=sys.argv[1:] if argv is None else argv)
    try:
        return _invoke(argv, context)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except OSError:
        return _without_stdout(OUTPUT_CLOSED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE_EXIT_CODE
    except click.UsageError as error:
        _say(_usage_line(error))
        return USAGE_EXIT_CODE
    except click.ClickException as error:
        _say(error.format_message())
        return USAGE_EXIT_CODE
    except TcError as error:
        _say(str(error), error.details if context.options.verbose else "")
        return _without_stdout(error.exit_code) if isinstance(error, LocalFileError) else error.exit_code


def _invoke(argv: Sequence[str] | None, context: Context) -> int:
    """
    Run the command line, and write all of its output.

    Raises:
        BrokenPipeError: Whoever read it went away.
        LocalFileError: It cannot be written.
    """
    stdout = sys.stdout
    try:
        result = root.main(list(argv) if argv is not None else None, "tc", standalone_mode=False, obj=context)
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit:
        # A closed pipe makes click end the process with a code of its own, and wrap stdout.
        if sys.stdout is stdout:
            raise
        raise BrokenPipeError from None
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        raise LocalFileError(f"cannot write the output: {error.strerror or error}") from error
    return result if isinstance(result, int) else 0


def _say(line: str, details: str = "") -> None:
    """
    Write one line for people, and what else there is to know when they ask for it.
    """
    if sys.stderr is None:
        return
    try:
        click.echo(f"tc: {line}".replace("\n", " "), err=True)
        if details:
            click.echo(details, err=True)
    except OSError:
        pass


def _usage_line(error: click.UsageError) -> str:
    """
    Return what is wrong with the command line: where, what, and what may have been meant.
    """
    ctx = error.ctx
    where = ctx.command_path.removeprefix("tc").strip() if ctx else ""
    if isinstance(error, click.NoSuchOption) and ctx is not None:
        known = [name for param in ctx.command.get_params(ctx) for name in (*param.opts, *param.secondary_opts)]
        options = [name.lstrip("-") for name in known if name.startswith("--")]
        hint = names.suggestion(error.option_name.lstrip("-"), options)
        what = f"no option {error.option_name!r}"
        if hint:
            what += "; " + hint.replace("did you mean ", "did you mean --").replace(" or ", " or --")
        else:
            what += f"; {ctx.command_path} --help lists them, and what is no option goes after --"
    elif isinstance(error, click.MissingParameter) and error.param is not None:
        kind = "option " + error.param.opts[0] if error.param.param_type_name == "option" else "argument"
        what = f"missing {kind} {error.param.metavar or error.param.human_readable_name}"
        what += f"; usage: {ctx.command_path} {' '.join(ctx.command.collect_usage_pieces(ctx))}" if ctx else ""
    else:
        message = error.format_message()
        what = message[:1].lower() + message[1:].removesuffix(".")
        if ctx and "unexpected extra argument" in message:
            what += f"; usage: {ctx.command_path} {' '.join(ctx.command.collect_usage_pieces(ctx))}"
    return f"{where}: {what}" if where else what


def _without_stdout(code: int) -> int:
    """
    Keep the interpreter from flushing into an output that is gone, and complaining about it.
    """
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
