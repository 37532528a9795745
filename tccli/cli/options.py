"""
The options that all commands share: their values, and their definitions for click.

A shared option may be given before or after the command; the later one wins. If a command declares an option of the
same name, that option hides the shared one, which is then accepted only before the command.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from tccli import names
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS_DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "output", "formats")
HELP_OPTIONS = ("--help", "-h")
# Commands are made from references, so the options that select references are needed before click parses the rest.
EARLY_OPTIONS = ("root_url", "profile", "reference", "quiet", "error_format", "pager")
# And these, if a reference is fetched.
EARLY_RETRY_OPTIONS = ("retries", "delay_factor", "randomization_factor", "max_delay")


class Options:
    """
    The values of the shared options: None or the default where an option was not given. Durations are in seconds.
    """

    # Not a dataclass: the import and the definition would take a twentieth of a start.
    root_url: str | None = None
    profile: str | None = None
    anonymous: bool = False
    authorized_scopes: list[str] | None = None
    proxy: bool | None = None
    service_discovery: str = "default"
    retries: int = 5
    timeout: float = 30.0
    delay_factor: float = 0.1
    randomization_factor: float = 0.25
    max_delay: float = 30.0
    retry_unsafe: bool = False
    trace_id: str | None = None
    read_only: str | None = None
    fake: str | None = None
    fake_calls: str | None = None
    verbose: int = 0
    quiet: bool = False
    error_format: str = "text"
    color: str = "auto"
    format: str | None = None
    output: str | None = None
    jq: str | None = None
    pager: bool | None = None
    columns: list[str] | None = None
    raw_strings: bool = False

    def __init__(self) -> None:
        self.reference: list[str] = []
        self.authorized_scope: list[str] = []

    @property
    def selects_parts(self) -> bool:
        """
        Whether ``--jq`` or ``--columns`` select parts of the result.
        """
        return self.jq is not None or self.columns is not None

    def replace(self, **values: Any) -> Options:
        """
        Return options that differ in these values.
        """
        options = Options()
        vars(options).update(vars(self), **values)
        return options


def peek_options(argv: Sequence[str], more: Sequence[str] = ()) -> Options:
    """
    Return the ``EARLY_OPTIONS`` of *argv*, read before click parses it; other options keep their defaults.

    It reports no errors of these: click does that later. After ``--`` there are no options.

    Args:
        more: Names of other options that are read as well.

    Raises:
        click.UsageError: The value of one of these is not valid.
    """
    options = Options()
    if not any(word.startswith("-") and word not in HELP_OPTIONS for word in argv):
        return options
    spell = names.Spellings()
    known = {
        _respell(opt, spell): (option, opt in option.opts)
        for option in global_options()
        if option.name in EARLY_OPTIONS or option.name in more
        for opt in (*option.opts, *option.secondary_opts)
    }
    words = iter(argv)
    for word in words:
        if word == "--":
            break
        name, equals, value = word.partition("=")
        option, is_on = known.get(_respell(name, spell), (None, False)) if name.startswith("-") else (None, False)
        if option is None:
            continue
        assert option.name is not None
        if option.is_flag:
            setattr(options, option.name, is_on)
            continue
        for text in [value] if equals else islice(words, 1):
            _assign(options, option, option.type.convert(text, option, None) if option.name in more else text)
    return options


def split_options(words: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """
    Return the arguments and the options (``--name value`` or ``--name=value``) of a command that declares no options.

    Raises:
        UsageError: An option has no value.
    """
    args: list[str] = []
    options: list[tuple[str, str]] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            args.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            following = next(rest, None)
            if following is None:
                raise UsageError(f"--{name} has no value")
            value = following
        options.append((name, value))
    return args, options


def _respell(spelling: str, spell: names.Spellings) -> str:
    return f"--{spell(spelling[2:])}" if spelling.startswith("--") else spelling


def _assign(options: Options, option: click.Parameter, value: Any) -> None:
    assert option.name is not None
    if isinstance(option, click.Option) and option.multiple:
        getattr(options, option.name).extend([value] if isinstance(value, str) else value)
    elif isinstance(option, click.Option) and option.count:
        setattr(options, option.name, getattr(options, option.name) + value)
    elif hasattr(option, "mode") and getattr(options, option.name) is not None:
        # The weaker mode does not replace the stronger one, wherever they stand.
        setattr(options, option.name, value if value != option.mode else getattr(options, option.name))
    else:
        setattr(options, option.name, value)


def _store(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    assert param.name is not None
    if value is None or ctx.get_parameter_source(param.name) is not click.core.ParameterSource.COMMANDLINE:
        return
    # The object of every click context here is a Context of this package, which imports this module.
    _assign(ctx.find_root().obj.options, param, value)


def _shared(*declarations: str, cls: type[click.Option] = click.Option, **attributes: Any) -> click.Option:
    return cls(declarations, expose_value=False, callback=_store, **attributes)


@cache
def global_options() -> tuple[click.Option, ...]:
    """
    Return the options that every command takes.
    """
    return tuple(_shared(*declarations, **attributes) for declarations, attributes in _list_global_options())


def spell_global_options() -> list[str]:
    """
    Return the spellings of the options that every command takes, without creating these: ``--proxy / --no-proxy``.
    """
    return [declarations[-1].replace("/", " / ") for declarations, _ in _list_global_options()]


def _define(*declarations: str, **attributes: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return declarations, attributes


def _list_global_options() -> tuple[tuple[tuple[str, ...], dict[str, Any]], ...]:
    from tccli.cli.types import (
        Choice,
        ModeFlag,
        duration,
        file_name,
        fraction,
        retry_count,
        scope_list,
        timeout,
        trace_id,
    )

    return (
        _define("--root-url", metavar="URL", help="Root URL of the deployment (default TASKCLUSTER_ROOT_URL)."),
        _define("--profile", metavar="NAME", help="Use the root URL and credentials of this profile."),
        _define(
            "--reference",
            type=file_name,
            metavar="FILE|URL",
            multiple=True,
            help="Add or replace a service by its api.json; repeatable.",
        ),
        _define("--anonymous", is_flag=True, help="Use no credentials."),
        _define(
            "--authorized-scope",
            metavar="SCOPE",
            multiple=True,
            help="Limit the credentials to this scope; repeatable.",
        ),
        _define(
            "--authorized-scopes", type=scope_list, metavar="JSON", help="The same as a JSON array; [] is no scopes."
        ),
        _define("--proxy/--no-proxy", default=None, help="Use TASKCLUSTER_PROXY_URL, or ignore it."),
        _define(
            "--service-discovery",
            type=Choice(["default", "k8s-dns"]),
            metavar="SCHEME",
            help="How to reach services: default, k8s-dns.",
        ),
        _define("--retries", type=retry_count, metavar="N", help="Retries after the first attempt (default 5)."),
        _define("--timeout", type=timeout, metavar="DURATION", help="Time limit of one attempt (default 30s)."),
        _define(
            "--delay-factor", type=duration, metavar="DURATION", help="Base delay between attempts (default 100ms)."
        ),
        _define(
            "--randomization-factor",
            type=fraction,
            metavar="F",
            help="Random part of the delay (default 0.25).",
        ),
        _define("--max-delay", type=duration, metavar="DURATION", help="Longest delay between attempts (default 30s)."),
        _define("--retry-unsafe", is_flag=True, help="Retry calls that are not idempotent, too."),
        _define("--trace-id", type=trace_id, metavar="TEXT", help="Send as x-taskcluster-trace-id."),
        _define(
            "--read-only",
            cls=ModeFlag,
            flag_value="1",
            mode="with-secrets",
            help="Refuse calls that change something or return secrets; =with-secrets allows these (TC_READ_ONLY).",
        ),
        _define(
            "--fake",
            type=file_name,
            metavar="FILE",
            help="Take responses from a JSON file; send nothing (TC_FAKE).",
        ),
        _define(
            "--fake-calls",
            type=file_name,
            metavar="FILE",
            help="Append each call with --fake to a file, as JSON lines.",
        ),
        _define(
            "-v",
            "--verbose",
            count=True,
            help="Print the account in use, each request and retries; -vv also prints headers and bodies (TC_LOG).",
        ),
        _define("-q", "--quiet", is_flag=True, help="Print only errors on stderr."),
        _define(
            "--color",
            type=Choice(["auto", "always", "never"]),
            metavar="WHEN",
            help="Use colour: auto, always, never.",
        ),
        _define("--pager/--no-pager", default=None, help="Page long output on a terminal, or not (TC_PAGER, PAGER)."),
        _define(
            "--error-format",
            type=Choice(["text", "json"]),
            metavar="FORMAT",
            help="Print errors and notes as text, or each as a line of JSON.",
        ),
    )


def option_section(option: click.Option) -> str:
    """
    Return where help shows an option: among the command's ``own``, those for ``output``, or the ``global`` ones.

    The command may have taken the short spelling of a shared one. One that has only that is described by the command.
    """
    if option.callback is not _store or not any(spelling.startswith("--") for spelling in option.opts):
        return "own"
    return "output" if option.name in {each.name for each in output_options()} else "global"


def file_option() -> click.Option:
    """
    Return ``-o`` without its long spelling, for a command in which ``--output`` has another meaning.
    """
    from tccli.cli.types import file_name

    return _shared("-o", "output", type=file_name, metavar="FILE", help="Write to a file, completely or not at all.")


def output_file_option() -> click.Option:
    """
    Return ``--output`` alone, for a command without the other options for output.
    """
    return next(option for option in output_options() if option.name == "output")


@cache
def output_options() -> tuple[click.Option, ...]:
    """
    Return the options that every command takes that prints data.
    """
    from tccli.cli.types import Choice, column_names, file_name

    formats = sorted(
        name.removesuffix(".py") for name in os.listdir(FORMATS_DIRECTORY) if name.endswith(".py") and name[0] != "_"
    )
    return (
        _shared("--format", type=Choice(formats), metavar="FORMAT", help=f"One of {', '.join(formats)}."),
        _shared("-o", "--output", type=file_name, metavar="FILE", help="Write to a file, completely or not at all."),
        _shared("--jq", metavar="EXPR", help="Filter the response with a jq expression; jq reads numbers as doubles."),
        _shared(
            "--columns",
            type=column_names,
            metavar="NAMES",
            help="Print a table with these columns, such as taskId,metadata.name.",
        ),
        _shared("-r", "--raw-strings", is_flag=True, help="Print strings without quotes."),
    )
