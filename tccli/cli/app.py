"""
The root group and main(): finds commands by name, and turns errors into messages and exit codes.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tccli import __version__, names
from tccli.cli.command import Command, Group
from tccli.cli.context import Context, discard_stream, get_context
from tccli.cli.directories import command_names, find_summary, load_command
from tccli.errors import INTERRUPTED, OUTPUT_CLOSED, ConfigurationError, LocalFileError, TcError, UsageError
from tccli.interrupts import interrupts

if TYPE_CHECKING:
    from collections.abc import Sequence

MORE_HELP = (
    ("tc SERVICE --help", "The methods of a service."),
    ("tc SERVICE METHOD --help", "What a method does, its payload and its scopes, with an example."),
    ("tc find WORDS", "Methods, commands and topics that are about something."),
    # Not from the topics: to import them takes a hundredth of a start.
    ("tc help TOPIC", "How something works: credentials, environment, exit-codes, formats, in-ci, scopes, times."),
)
ALIASES = {"completion": "completions", "login": "signin", "logout": "signout"}
API = "Call a method: tc api queue task is the same as tc queue task"
MIN_OPEN_FILES = 64
"""With which each command runs."""
OUTPUT_ERRORS = {errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.ENXIO}
MAX_WORD_CHARACTERS = 400
"""Of a word in a message, such as a URL. With --error-format json, it is whole."""
MAX_NAMED_METHODS = 3
"""In a message."""
USAGE_EXIT_CODE = UsageError.exit_code


class Root(Group):
    """
    The root of all commands: a file or directory in ``commands/`` is a command, a file in ``references/`` a service.

    Nothing is imported but the command that runs.
    """

    kind = "command or service"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """
        Return all names, services last. A service with the name of a command is found below ``tc api`` only.
        """
        commands = [*command_names(), "api"]
        taken = {names.fold(name) for name in commands}
        services = get_context(ctx).library().service_names()
        return [*commands, *(name for name in services if names.fold(name) not in taken)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """
        Return a command by any spelling of its name. References are read only if no file has the name.
        """
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        return self.load(ctx, cmd_name) if cmd_name in command_names() else super().get_command(ctx, cmd_name)

    def load(self, ctx: click.Context, name: str) -> click.Command:
        """
        Return a command or a service.
        """
        if name in command_names():
            return load_command(name)
        from tccli.cli import methods

        return methods.api_tree() if name == "api" else methods.service_group(get_context(ctx).library(), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the services, then the commands.
        """
        commands = [*command_names(), "api"]
        taken = {names.fold(name) for name in commands}
        library = get_context(ctx).library()
        services = [
            (f"api {name}" if names.fold(name) in taken else name, library.service(name).summary)
            for name in library.service_names()
        ]
        with formatter.section("Services"):
            formatter.write_dl(services)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.one_liner(ctx, name)) for name in commands])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write where more help is.
        """
        super().format_epilog(ctx, formatter)
        with formatter.section("More help"):
            formatter.write_dl(MORE_HELP)

    def hint(self, ctx: click.Context, name: str) -> str:
        """
        Return a hint for a name that is not known.
        """
        from tccli.cli.pointers import find_pointer

        near = find_pointer(name) or self._find_method(ctx, name) or names.suggestion(name, self.list_commands(ctx))
        return near or "tc --help lists them; tc find searches for what something does"

    def _find_method(self, ctx: click.Context, name: str) -> str:
        """
        Return what to write for the name of a method without its service, or nothing.
        """
        if name == name.lower() and "-" not in name:
            # To read all references takes longer than all else, and most mistyped words are one word.
            return ""
        library = get_context(ctx).library()
        found = [
            f"tc {service} {method}"
            for service in library.service_names()
            if (method := names.find(name, library.service(service).methods)) is not None
        ]
        # Some methods, such as ping, are in every service.
        return f"write {' or '.join(found)}" if 0 < len(found) <= MAX_NAMED_METHODS else ""

    def one_liner(self, ctx: click.Context, name: str) -> str:
        """
        Return the summary of a command or service without importing it.
        """
        if name in command_names():
            return find_summary(name)
        return API if name == "api" else get_context(ctx).library().service(name).summary


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if value and not ctx.resilient_parsing:
        click.echo(f"tc {__version__}")
        ctx.exit()


root = Root(
    "tc",
    help="Taskcluster in the shell. Call an API method with: tc SERVICE METHOD ARGUMENTS.",
    examples=(
        "tc queue status fN1SbArXTPSVFNUvaOlinQ",
        "tc secrets list --paginate --format jsonl",
        "tc find rerun a task",
    ),
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
    Run the command line and exit.
    """
    program = os.path.basename(sys.argv[0]).removesuffix(".exe")
    context = Context(argv=sys.argv[1:] if argv is None else argv, program=program)
    try:
        code = run(argv, context)
    except Exception:
        # A bug prints its traceback; exit code 1 has another meaning.
        if interrupts.numbers:
            # Of a KeyboardInterrupt, imports of C modules and definitions of classes make another error.
            raise
        import traceback

        request = "report it where you got tc from, with the command and the lines above"
        message = f"{traceback.format_exc()}tc: this is a bug in tc {__version__}; {request}"
        # stderr may be closed.
        with suppress(OSError):
            context.print_message(message, exitCode=TcError.exit_code)
        code = _exit_code(TcError.exit_code, context)
    sys.exit(code)


def run(argv: Sequence[str] | None = None, context: Context | None = None) -> int:
    """
    Run the command line; return its exit code.
    """
    context = context or Context(argv=sys.argv[1:] if argv is None else argv)
    try:
        return _invoke(argv, context)
    except (KeyboardInterrupt, click.Abort):
        context.report_interruption()
        return INTERRUPTED
    except OSError:
        discard_stream(sys.stdout)
        return OUTPUT_CLOSED
    except click.UsageError as error:
        _print_error(UsageError(_usage_line(error)), context)
        return _exit_code(USAGE_EXIT_CODE, context)
    except click.ClickException as error:
        _print_error(UsageError(error.format_message()), context)
        return _exit_code(USAGE_EXIT_CODE, context)
    except TcError as error:
        if context.time_limit is not None:
            error = context.time_limit.explain(error)
        _print_error(error, context)
        if isinstance(error, LocalFileError):
            discard_stream(sys.stdout)
        return _exit_code(error.exit_code, context)


def _exit_code(code: int, context: Context) -> int:
    # The Go client has one exit code for all errors, and scripts compare it.
    return 1 if context.is_go_client else code


def _invoke(argv: Sequence[str] | None, context: Context) -> int:
    """
    Run the command line and flush its output.

    Raises:
        BrokenPipeError: The reader of stdout has gone away.
        LocalFileError: stdout cannot be written.
        ConfigurationError: There is not enough memory, or not enough open files are allowed.
    """
    try:
        # Not click's main: it writes an empty line at Ctrl-C, looks for a variable of its own completions, and expands
        # patterns of artifacts to names of files on Windows.
        try:
            with root.make_context("tc", sys.argv[1:] if argv is None else list(argv), obj=context) as ctx:
                result = root.invoke(ctx)
        except click.exceptions.Exit as error:
            result = error.exit_code
        except click.exceptions.NoArgsIsHelpError as error:
            if context.is_go_client:
                click.echo(error.format_message())
            else:
                context.print_message(error.format_message(), exitCode=USAGE_EXIT_CODE)
            result = 0 if context.is_go_client else USAGE_EXIT_CODE
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        raise _to_local_error(error) from error
    except MemoryError as error:
        hint = "raise the limit of memory (ulimit -v); some of what it was to do may be done"
        raise ConfigurationError("cannot finish the command: the memory does not suffice", hint=hint) from error
    except ImportError as error:
        if not _may_open_few_files():
            raise
        hint = "allow more (ulimit -n); some of what it was to do may be done"
        raise ConfigurationError("cannot finish the command: too many open files", hint=hint) from error
    return result if isinstance(result, int) else 0


def _may_open_few_files() -> bool:
    """
    Return whether this process may open so few files that a module cannot be loaded while others are open.
    """
    try:
        import resource
    except ImportError:
        # Where processes fork, the module exists and could not be loaded. Windows has neither it nor such a limit.
        return hasattr(os, "fork")
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] < MIN_OPEN_FILES


def _to_local_error(error: OSError) -> LocalFileError:
    """
    Return what an error of the system means that no function nearer to it has explained.
    """
    from tccli.reasons import explain

    reason = explain(error)
    if error.filename is not None:
        return LocalFileError(f"cannot use {os.fsdecode(error.filename)}: {reason}")
    if error.errno == errno.ENOENT:
        # Without a name, it is the system's search for the current directory.
        return LocalFileError("cannot find the current directory: it was deleted", hint="change to another directory")
    if error.errno in OUTPUT_ERRORS:
        return LocalFileError(f"cannot write the output: {reason}")
    return LocalFileError(f"cannot finish the command: this machine refused: {reason}")


def _print_error(error: TcError, context: Context) -> None:
    """
    Print an error to stderr as one line of text or JSON; with ``-v``, the details follow the text.
    """
    if sys.stderr is None:
        return
    details = error.details if context.options.verbose else ""
    with suppress(OSError):
        if context.has_json_errors:
            context.print_line(context.format_document(error.as_document(details)))
        else:
            prefix = "Error" if context.is_go_client else "tc"
            # An argument of thousands of characters would hide what is wrong with it.
            line = re.sub(rf"(\S{{{MAX_WORD_CHARACTERS}}})\S+", r"\1…", f"{prefix}: {error}")
            context.print_message(line.replace("\n", " ") + (f"\n{details}" if details else ""))


def _usage_line(error: click.UsageError) -> str:
    """
    Return the message for an error of click: the command, the problem, and what to do.
    """
    ctx = error.ctx
    where = ctx.command_path.removeprefix("tc").strip() if ctx else ""
    if isinstance(error, click.NoSuchOption) and ctx is not None:
        message = _unknown_option(ctx, error.option_name)
    elif isinstance(error, click.MissingParameter) and error.param is not None:
        kind = "option " + error.param.opts[0] if error.param.param_type_name == "option" else "argument"
        message = f"missing {kind} {error.param.metavar or error.param.human_readable_name}{_usage(ctx)}"
        if ctx is not None:
            message += _explain_missing_argument(ctx, error.param)
    else:
        text = error.format_message().replace("is not a valid integer range", "is not a whole number")
        message = text[:1].lower() + text[1:].removesuffix(".")
        if "unexpected extra argument" in text:
            message += _usage(ctx)
        elif isinstance(error, click.BadParameter) and error.param is not None:
            from tccli.cli.first_guesses import explain_value

            message += explain_value(ctx, error.param, text)
    return f"{where}: {message}" if where else message


def _explain_missing_argument(ctx: click.Context, param: click.Parameter) -> str:
    """
    Return what else can be written for an argument: a text to append, or nothing.
    """
    metavar = str(param.metavar)
    if metavar == "PATTERN":
        return "; '*' is the PATTERN of all artifacts"
    if metavar == "IMAGE":
        return "; without an IMAGE, write tc task run --queue POOL -- COMMAND"
    if not _has_input():
        return ""
    if metavar.startswith(("TASK", "GROUP")):
        return f"; - reads {'the ids' if metavar.endswith('...') else 'one id'} from stdin: {ctx.command_path} -"
    method = getattr(ctx.command, "method", None)
    if method is not None and not method.takes_payload:
        return f"; tc batch {method.service} {method.name} makes a call for each line of stdin"
    return ""


def _has_input() -> bool:
    """
    Return whether stdin is a pipe or a file, from which ids may come.
    """
    try:
        return not stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def _unknown_option(ctx: click.Context, name: str) -> str:
    from tccli.cli.first_guesses import explain_option

    reason = ctx.command.explain_missing_option(name) if isinstance(ctx.command, Command | Group) else ""
    reason = reason or explain_option(ctx, name)
    if reason:
        return f"no option {name!r}: {reason}"
    known = [opt for param in ctx.command.get_params(ctx) for opt in (*param.opts, *param.secondary_opts)]
    hint = names.suggestion(name.lstrip("-"), [opt.lstrip("-") for opt in known if opt.startswith("--")], 0.75)
    if hint:
        hint = hint.replace("did you mean ", "did you mean --").replace(" or ", " or --")
    else:
        hint = f"{ctx.command_path} --help lists the options"
        arguments = [str(param.metavar) for param in ctx.command.params if isinstance(param, click.Argument)]
        if any("COMMAND" in metavar for metavar in arguments) or (arguments and not name.startswith("--")):
            hint += "; put arguments that start with - after --"
    return f"no option {name!r}; {hint}"


def _usage(ctx: click.Context | None) -> str:
    return f"; usage: {ctx.command_path} {' '.join(ctx.command.collect_usage_pieces(ctx))}" if ctx else ""
