"""
The options that commands share, and the settings that they fill.

A shared option is accepted before the command and after it; the later one wins. An option that a command declares
itself hides a shared one of the same name, which is then accepted only before the command.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tccli.core.account import Account, Wishes
    from tccli.core.client import Client
    from tccli.core.http.messages import Transport
    from tccli.core.http.retry import RetryPolicy
    from tccli.core.http.transport import HttpTransport
    from tccli.core.reference_fetch import Fetcher
    from tccli.core.transfer.context import TransferContext
    from tccli.output import Answer
    from tccli.references import Library

FORMATS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "output")


class Settings:
    """
    What the shared options say: an attribute for each, None or its default where an option is not given.

    Attributes:
        words: The command line, for what has to be known before it is parsed.
    """

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = words
        self._library: Library | None = None
        self.root_url: str | None = None
        self.profile: str | None = None
        self.reference: list[str] = []
        self.anonymous = False
        self.authorized_scope: list[str] = []
        self.authorized_scopes: list[str] | None = None
        self.proxy: bool | None = None
        self.service_discovery = "default"
        self.retries = 5
        self.timeout = 30.0
        self.delay_factor = 0.1
        self.randomization_factor = 0.25
        self.max_delay = 30.0
        self.retry_unsafe = False
        self.trace_id: str | None = None
        self.fake: str | None = None
        self.fake_calls: str | None = None
        self.verbose = 0
        self.quiet = False
        self.color = "auto"
        self.format: str | None = None
        self.output: str | None = None
        self.jq: str | None = None
        self.raw_strings = False

    def note(self, line: str) -> None:
        """
        Tell the person at the terminal something that is no error.
        """
        if not self.quiet and sys.stderr is not None:
            click.echo(f"tc: {line}", err=True)

    def writer(self) -> Callable[[Answer], None]:
        """
        Return the function that writes an answer; what is wrong with the target is said now, before anything is sent.
        """
        from tccli.output import Output

        return Output(self.format, self.output, self.jq, self.raw_strings, self.color).prepare()

    def wishes(self) -> Wishes:
        """
        Return what the options say about the account.
        """
        from tccli.core.account import Wishes

        scopes = None
        if self.authorized_scope or self.authorized_scopes is not None:
            scopes = (*(self.authorized_scopes or ()), *self.authorized_scope)
        return Wishes(self.root_url, self.profile, self.anonymous, self.proxy, scopes)

    def account(self, *, sends: bool = True) -> Account:
        """
        Return where requests go and as whom; with faked answers, anybody's root URL will do.

        Args:
            sends: Whether requests will be made; if not, there may be no root URL.
        """
        from tccli.core import account

        environ: dict[str, str] = dict(os.environ)
        if self.fake_path is not None:
            environ = {"TASKCLUSTER_ROOT_URL": account.FAKE_ROOT_URL, **environ}
        return account.account(self.wishes(), environ, sends=sends)

    def root(self) -> str:
        """
        Return the root URL, without a look at credentials.
        """
        from tccli.core import account

        return account.root_url(self.wishes(), os.environ)

    @property
    def fake_path(self) -> str | None:
        """
        The file of faked answers, if answers are faked.
        """
        return self.fake or os.environ.get("TC_FAKE") or None

    def transfer_context(self) -> TransferContext:
        """
        Return what a transfer goes by.
        """
        from tccli.core.transfer.context import TransferContext

        if self.fake_path is not None:
            raise ConfigurationError("API calls can be faked, but not uploads and downloads")
        return TransferContext(self._connections(), self._policy(), self._report)

    def library(self) -> Library:
        """
        Return the references that commands are made from.
        """
        if self._library is None:
            from tccli.cli import library

            self.quiet = self.quiet or library.is_quiet(self.words)
            self._library = library.in_use(self.words, os.environ, self.fetcher, self.note)
        return self._library

    def fetcher(self) -> Fetcher:
        """
        Return what fetches references, without credentials.
        """
        from tccli.core.reference_fetch import Fetcher

        if self.fake_path is not None:
            raise ConfigurationError("API calls can be faked, but not the fetching of references")
        return Fetcher(self._connections(), self._policy(), self._report)

    def client(self) -> Client:
        """
        Return a client for the account.
        """
        from tccli.core.client import Client

        transport: Transport
        if self.fake_path is not None:
            from tccli.core.http.fake import FakeTransport

            transport = FakeTransport(self.fake_path, self.fake_calls or os.environ.get("TC_FAKE_CALLS") or None)
        else:
            transport = self._connections()
        if self.verbose > 1:
            from tccli.core.http.redact import TracingTransport

            transport = TracingTransport(transport, lambda line: click.echo(line, err=True))
        return Client(self.account(), transport, self._policy(), self.service_discovery, self.trace_id, self._report)

    def _connections(self) -> HttpTransport:
        """
        Return what sends; it is closed when the command ends.
        """
        from tccli.core.http.transport import HttpTransport

        connections = HttpTransport(self.timeout, os.environ)
        click.get_current_context().call_on_close(connections.close)
        return connections

    def _policy(self) -> RetryPolicy:
        from tccli.core.http.retry import RetryPolicy

        return RetryPolicy(
            self.retries, self.delay_factor, self.randomization_factor, self.max_delay, self.retry_unsafe
        )

    def _report(self, line: str) -> None:
        """
        Tell of retries and the like, to those who asked for more.
        """
        if self.verbose:
            self.note(line)


def settings_of(ctx: click.Context) -> Settings:
    """
    Return the settings of this run.
    """
    return ctx.ensure_object(Settings)


pass_settings = click.make_pass_decorator(Settings, ensure=True)


def _store(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """
    Keep what a shared option says, when it says something.
    """
    assert param.name is not None
    if value is None or ctx.get_parameter_source(param.name) is not click.core.ParameterSource.COMMANDLINE:
        return
    settings = settings_of(ctx)
    if isinstance(param, click.Option) and param.multiple:
        getattr(settings, param.name).extend(value)
    elif isinstance(param, click.Option) and param.count:
        setattr(settings, param.name, getattr(settings, param.name) + value)
    else:
        setattr(settings, param.name, value)


def _shared(*declarations: str, **attributes: Any) -> click.Option:
    return click.Option(declarations, expose_value=False, callback=_store, **attributes)


@cache
def global_options() -> tuple[click.Option, ...]:
    """
    Return the options that every command takes.
    """
    from tccli.cli.types import duration, one_of, scope_list, timeout, trace_id

    return (
        _shared("--root-url", metavar="URL", help="Root URL of the deployment (else TASKCLUSTER_ROOT_URL)."),
        _shared("--profile", metavar="NAME", help="Take root URL and credentials from a profile."),
        _shared(
            "--reference",
            metavar="FILE|URL",
            multiple=True,
            help="Add or replace a service by its api.json; repeatable.",
        ),
        _shared("--anonymous", is_flag=True, help="Use no credentials."),
        _shared("--authorized-scope", metavar="SCOPE", multiple=True, help="Use at most this scope; repeatable."),
        _shared(
            "--authorized-scopes", type=scope_list, metavar="JSON", help="The same, as a JSON array; [] allows nothing."
        ),
        _shared("--proxy/--no-proxy", default=None, help="Go through TASKCLUSTER_PROXY_URL, or not."),
        _shared(
            "--service-discovery",
            type=one_of("default", "k8s-dns"),
            metavar="SCHEME",
            help="How services are reached: default, k8s-dns.",
        ),
        _shared("--retries", type=click.IntRange(min=0), metavar="N", help="Attempts after the first (5)."),
        _shared("--timeout", type=timeout, metavar="DURATION", help="For one attempt (30s)."),
        _shared(
            "--delay-factor", type=duration, metavar="DURATION", help="Base of the delay between attempts (100ms)."
        ),
        _shared("--randomization-factor", type=click.FloatRange(0, 1), metavar="F", help="Spread of the delay (0.25)."),
        _shared("--max-delay", type=duration, metavar="DURATION", help="Longest delay between attempts (30s)."),
        _shared("--retry-unsafe", is_flag=True, help="Repeat even calls whose effect may double."),
        _shared("--trace-id", type=trace_id, metavar="TEXT", help="Send as x-taskcluster-trace-id."),
        _shared("--fake", metavar="FILE", help="Answer calls from a JSON file instead of the network (TC_FAKE)."),
        _shared("--fake-calls", metavar="FILE", help="Append every faked call to a file, as JSON lines."),
        _shared("-v", "--verbose", count=True, help="Say more; -vv shows requests and answers."),
        _shared("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        _shared(
            "--color",
            type=one_of("auto", "always", "never"),
            metavar="WHEN",
            help="Colour: auto, always, never.",
        ),
    )


def file_option() -> click.Option:
    """
    Return ``-o`` without its long spelling, for a command in which ``--output`` has another meaning.
    """
    return _shared("-o", "output", metavar="FILE", help="Write to a file, whole or not at all.")


@cache
def output_options() -> tuple[click.Option, ...]:
    """
    Return the options that every command takes that prints data.
    """
    from tccli.cli.types import one_of

    formats = sorted(
        name.removesuffix(".py") for name in os.listdir(FORMATS) if name.endswith(".py") and name[0] != "_"
    )
    return (
        _shared("--format", type=one_of(*formats), metavar="FORMAT", help=f"One of {', '.join(formats)}."),
        _shared("-o", "--output", metavar="FILE", help="Write to a file, whole or not at all."),
        _shared("--jq", metavar="EXPR", help="Filter the answer."),
        _shared("-r", "--raw-strings", is_flag=True, help="Print strings without quotes."),
    )
