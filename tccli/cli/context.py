"""
What a command works with, made from the options and the environment: account, client, transport, references, output.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.options import Options, peek_options
from tccli.errors import INTERRUPTED, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import TextIO

    from tccli.core.account import Account, AccountOptions
    from tccli.core.client import Client
    from tccli.core.config_files import ConfigFiles
    from tccli.core.http.messages import Transport
    from tccli.core.http.redact import Redactor
    from tccli.core.http.request_log import RequestLog
    from tccli.core.http.retry import RetryPolicy
    from tccli.core.http.tracing import TraceSink
    from tccli.core.http.transport import StreamingTransport
    from tccli.core.read_only import ReadOnly
    from tccli.core.reference_fetch import Fetcher
    from tccli.core.tasks.pauses import TimeLimit
    from tccli.core.transfer.context import TransferContext
    from tccli.output import Result
    from tccli.references import ReferenceSet


def discard_stream(stream: TextIO | None) -> None:
    """
    Redirect a standard stream to nowhere, so that the interpreter does not fail when it flushes it at exit.
    """
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Context:
    """
    One run of the command line.

    Attributes:
        options: Filled while click parses, so complete in the body of a command.
        environ: Environment variables.
        argv: The words after ``tc``, from which the references are chosen before click parses them.
        program: The name that tc was called by.
        time_limit: Of a command that waits, by its ``--timeout``; None for all others. The clients that are made
            afterwards end with it.
        message_printers: Print messages while something else has the terminal; the last one does.
    """

    def __init__(
        self,
        options: Options | None = None,
        environ: Mapping[str, str] = os.environ,
        argv: Sequence[str] = (),
        program: str = "tc",
    ) -> None:
        self.options = Options() if options is None else options
        self.environ = environ
        self.argv = argv
        self.program = program
        # Shared with the contexts that are made of this one; empty until something is printed.
        self._redactors: list[Redactor] = []
        self._warnings: set[str] = set()
        self._logs: list[RequestLog] = []
        self._interruptions: list[None] = []
        self._interruption_notes: list[str] = []
        self.message_printers: list[Callable[[str], None]] = []
        self._config_files: ConfigFiles | None = None
        self._library: ReferenceSet | None = None
        self.time_limit: TimeLimit | None = None

    def replace(self, **options: Any) -> Context:
        """
        Return a context that differs in these options. What was read for this one is not read again.
        """
        return self._with_options(self.options.replace(**options))

    def _with_options(self, options: Options) -> Context:
        context = Context(options, self.environ, self.argv, self.program)
        context._config_files, context._library = self._config_files, self._library
        context._redactors, context._warnings, context._logs = self._redactors, self._warnings, self._logs
        context._interruptions, context.message_printers = self._interruptions, self.message_printers
        context._interruption_notes, context.time_limit = self._interruption_notes, self.time_limit
        return context

    @property
    def is_go_client(self) -> bool:
        """
        Whether tc stands in for the Go client: it was called by that one's name, and scripts expect what that one does.
        """
        return self.program == "taskcluster"

    def note(self, line: str, **fields: Any) -> None:
        """
        Print *line* to stderr unless ``--quiet`` was given.

        Args:
            fields: For ``--error-format json``.
        """
        if not self.options.quiet:
            from tccli.core.printable import escape_line_breaks

            self.print_message(escape_line_breaks(f"tc: {line}"), **fields)

    def note_interruption(self, line: str, **fields: Any) -> None:
        """
        Print what Ctrl-C has ended. End a display of progress first.
        """
        self.end_interrupted_line()
        self.note(line, exitCode=self._find_interrupted_code(), **fields)
        if not self.options.quiet:
            self._interruption_notes.append(line)

    def report_interruption(self) -> None:
        """
        Print a document with ``--error-format json`` that Ctrl-C or a signal ended the command, unless one was printed.
        """
        self.end_interrupted_line()
        if self.has_json_errors and not self._interruption_notes:
            self.print_message("interrupted", exitCode=self._find_interrupted_code())

    def _find_interrupted_code(self) -> int:
        from tccli.interrupts import interrupts

        # That of the shell, where a signal ends this process.
        return 128 + interrupts.numbers[0] if interrupts.numbers else INTERRUPTED

    def end_interrupted_line(self) -> None:
        """
        End the line on which the terminal shows ``^C``, unless that was done before.
        """
        if not self._interruptions and sys.stderr is not None and sys.stderr.isatty():
            # It may be closed.
            with suppress(OSError):
                click.echo(err=True)
        self._interruptions.append(None)

    @property
    def has_json_errors(self) -> bool:
        """
        Whether each line on stderr is JSON, also before click has parsed the options.
        """
        if self.options.error_format == "json":
            return True
        # Most command lines are not read again for each message.
        return any("json" in word.lower() for word in self.argv) and (
            peek_options(self.argv).error_format.lower() == "json"
        )

    @property
    def redactor(self) -> Redactor:
        """
        Masks the secrets of this run in everything that people see.
        """
        if not self._redactors:
            from tccli.core.http.redact import Redactor

            redactor = Redactor(self.environ)
            for before, word in pairwise(["", *self.argv]):
                # In --secret a:token=NAME, the name is not a secret.
                if not (before.startswith("--secret") or word.startswith("--secret")):
                    redactor.add_text(word)
            self._redactors.append(redactor)
        return self._redactors[0]

    def print_message(self, text: str, **fields: Any) -> None:
        """
        Print *text* to stderr without secrets, and without characters that control a terminal. With ``--error-format
        json``, it is the ``message`` of a document on one line, with further *fields*.

        A disk that is full does not change what is done. A pipe that nobody reads ends the program, as with stdout.
        """
        from tccli.core.printable import escape_controls

        if sys.stderr is None:
            return
        try:
            text = escape_controls(self.redactor.redact_text(text))
            if self.has_json_errors:
                text = self.format_document({"message": text.removeprefix("tc: "), **fields})
            self.print_line(text)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            discard_stream(sys.stderr)

    def print_line(self, text: str) -> None:
        """
        Print what is safe to print to stderr, above a display that is on the terminal.
        """
        # At once: another thread may end the display.
        for print_above in self.message_printers[-1:]:
            print_above(text)
            return
        click.echo(text, err=True)

    def format_document(self, document: dict[str, Any]) -> str:
        """
        Return a line of JSON for stderr, without secrets.
        """
        from tccli.core.printable import escape_controls_in_json
        from tccli.output.text import dump_json

        return escape_controls_in_json(dump_json(self.redactor.redact_document(document)))

    def writer(self, *, is_list: bool = False) -> Callable[[Result], None]:
        """
        Return the function that writes a result. Errors in the output options are raised now, before anything is sent.

        Args:
            is_list: Whether the result is a list without an envelope, which ``--jq`` must take.
        """
        from tccli.output import Output

        options = self.options
        return Output(
            options.format,
            options.output,
            options.jq,
            options.raw_strings,
            options.color,
            options.columns,
            options.pager,
            self.note,
        ).prepare(is_list=is_list)

    @property
    def profile_name(self) -> str | None:
        """
        The name of the profile that ``--profile`` or ``TC_PROFILE`` selects, or None.
        """
        return self.options.profile if self.options.profile is not None else self.environ.get("TC_PROFILE") or None

    def account_options(self) -> AccountOptions:
        """
        Return the options that select the account.
        """
        from tccli.core.account import AccountOptions

        options = self.options
        scopes = None
        if options.authorized_scope or options.authorized_scopes is not None:
            scopes = (*(options.authorized_scopes or ()), *options.authorized_scope)
        return AccountOptions(options.root_url, self.profile_name, options.anonymous, options.proxy, scopes)

    def account(self, *, sends: bool = True) -> Account:
        """
        Return the root URL and the credentials; with ``--fake``, the root URL has a default.

        Args:
            sends: Whether requests will be made. If not, the root URL may be missing.
        """
        from tccli.core.account import FAKE_ROOT_URL, resolve_account

        environ = dict(self.environ)
        if self.fake_path is not None:
            environ = {"TASKCLUSTER_ROOT_URL": FAKE_ROOT_URL, **environ}
        account = resolve_account(self.account_options(), environ, self.config_files(), sends=sends)
        for path in self.config_files().exposed_paths:
            self._warn(f"others may read or change {path}, which has credentials; chmod 600 {path}")
        if sends and account.unused and self.profile_name is not None and not self.options.anonymous:
            self._warn(f"no credentials are used: {account.unused}")
        if account.credentials is not None:
            self.redactor.add(account.credentials.access_token)
        return account

    def _warn(self, line: str) -> None:
        self.note_once(f"warning: {line}")

    def note_once(self, line: str) -> None:
        """
        Print *line* as `note` does, unless this run has printed it already.
        """
        if line not in self._warnings:
            self._warnings.add(line)
            self.note(line)

    def root_url(self) -> str:
        """
        Return the root URL. Credentials are not checked.
        """
        from tccli.core.root_url import resolve_root_url

        return resolve_root_url(self.options.root_url, self.profile_name, self.environ, self.config_files())[0]

    def config_files(self) -> ConfigFiles:
        """
        Return the profiles and the Go client's configuration, read once for each run.
        """
        if self._config_files is None:
            from tccli.core.config_files import ConfigFiles

            self._config_files = ConfigFiles(self.environ)
        return self._config_files

    def call_options(self) -> Options:
        """
        Return the options, where they were not given those of the profile in use.
        """
        profile, source = self._profile()
        if not profile:
            return self.options
        from tccli.cli.profiles import read_options

        return self.options.replace(**{**read_options(profile, source), **vars(self.options)})

    def _profile(self) -> tuple[Mapping[str, Any], str]:
        """
        Return the profile in use, and its name for messages; empty without one.

        Raises:
            ConfigurationError: It cannot be read. With ``--root-url`` and ``--anonymous``, a default profile that
                cannot be read is left out, with a warning: the call has its whole account from the command line.
        """
        name, files, options = self.profile_name, self.config_files(), self.options
        if name is not None:
            return files.profile(name), f"profile {name}"
        if options.root_url is None or not options.anonymous or options.proxy:
            return files.default_profile(), f"profile {files.default_name}"
        from tccli.cli.profiles import read_options

        try:
            source = f"profile {files.default_name}"
            read_options(profile := files.default_profile(), source)
        except ConfigurationError as error:
            self._warn(f"no profile is used: {error}")
            return {}, ""
        return profile, source

    def read_only(self) -> ReadOnly | None:
        """
        Return the read-only mode, or None. The strictest of option, environment and profile counts, so that none of
        them turns off what another one has turned on.
        """
        option, variable = self.options.read_only, self.environ.get("TC_READ_ONLY")
        profile, profile_source = self._profile()
        given = {
            "--read-only": option,
            "TC_READ_ONLY": variable,
            f"read_only in {profile_source}": profile.get("read_only"),
        }
        if all(value is None for value in given.values()):
            return None
        from tccli.core.read_only import choose_strictest

        return choose_strictest(given)

    @property
    def fake_path(self) -> str | None:
        """
        The file of faked responses, if ``--fake`` or ``TC_FAKE`` names one.

        Raises:
            ConfigurationError: ``TC_FAKE`` is empty: a script that is tested must not send real requests because one
                of its own variables is not set.
        """
        if self.options.fake is None and self.environ.get("TC_FAKE") == "":
            raise ConfigurationError("TC_FAKE is empty", hint="let it name a file of responses, or unset it to send")
        return self.options.fake or self.environ.get("TC_FAKE") or None

    @property
    def traces(self) -> bool:
        """
        Whether requests are reported or logged.
        """
        return bool(self.options.verbose or self.environ.get("TC_LOG"))

    def transfer_context(self) -> TransferContext:
        """
        Return everything that a transfer needs.
        """
        from tccli.core.transfer.context import TransferContext

        if self.fake_path is not None:
            raise ConfigurationError("API calls can be faked, but not uploads and downloads")
        return TransferContext(self._transport(), self._policy(), self._report)

    def library(self) -> ReferenceSet:
        """
        Return the references that commands are made from.
        """
        if self._library is None:
            from tccli.cli import library

            early = peek_options(self.argv)
            note = self._with_options(early).note
            self._library = library.active_library(early, self.environ, self.config_files, self._early_fetcher, note)
        return self._library

    def _early_fetcher(self) -> Fetcher:
        from tccli.cli.options import EARLY_RETRY_OPTIONS

        options = peek_options(self.argv, EARLY_RETRY_OPTIONS)
        options.verbose = self.options.verbose
        return self._with_options(options).fetcher()

    def fetcher(self) -> Fetcher:
        """
        Return a fetcher of references, which sends no credentials.
        """
        from tccli.core.reference_fetch import Fetcher

        if self.fake_path is not None:
            raise ConfigurationError("API calls can be faked, but not the fetching of references")
        return Fetcher(self._transport(), self._policy(), self._report)

    def client(self, account: Account | None = None) -> Client:
        """
        Return a client for an account, or for that of options, environment and files.
        """
        from tccli.core.account import is_sent_in_clear
        from tccli.core.client import Client

        transport: Transport
        calls_path = self.options.fake_calls or self.environ.get("TC_FAKE_CALLS") or None
        if calls_path is not None and self.fake_path is None:
            raise ConfigurationError("--fake-calls (TC_FAKE_CALLS) needs --fake FILE (TC_FAKE)")
        if self.fake_path is not None:
            from tccli.core.http.fake import FakeTransport

            transport = self._trace(FakeTransport(self.fake_path, calls_path, self.library().method_ids()))
        else:
            transport = self._transport()
        options, account = self.call_options(), account or self.account()
        if is_sent_in_clear(account) and options.service_discovery == "default":
            self._warn(f"{account.root_url} is not https: others on the way can read and change requests and responses")
        if options.verbose and self.fake_path is None:
            from tccli.core.destination import describe_destination

            for line in describe_destination(account, options.service_discovery, self.environ):
                self.note_once(line)
        return Client(
            account,
            transport,
            self._policy(),
            options.service_discovery,
            options.trace_id,
            self._report,
            None if self.time_limit is None else self.time_limit.cancellation,
            self.read_only(),
        )

    def limit_time(self, seconds: float | None, *, acts: bool = False) -> None:
        """
        End all requests of this command after some time; None for no limit.

        Args:
            acts: Whether it changes something before it waits.
        """
        if seconds is not None:
            from tccli.core.tasks.pauses import TimeLimit

            self.time_limit = TimeLimit(seconds, acts=acts)

    @property
    def remaining_seconds(self) -> float | None:
        """
        Of the command; negative when its time is up, None without a limit.
        """
        return None if self.time_limit is None else self.time_limit.remaining

    def suspend_time(self) -> AbstractContextManager[None]:
        """
        Stop the time of the command during a block, in which somebody answers a question.
        """
        return nullcontext() if self.time_limit is None else self.time_limit.suspend()

    def _transport(self) -> StreamingTransport:
        """
        Return a transport that is closed when the command ends.
        """
        from tccli.core.http.transport import HttpTransport

        transport = HttpTransport(self.call_options().timeout, self.environ)
        # The log of what it ends is closed after it.
        traced: StreamingTransport = self._trace(transport)
        click.get_current_context().call_on_close(transport.close)
        return traced

    def _trace(self, transport: Any) -> Any:
        """
        Return a transport that reports its requests, with ``-v`` and ``TC_LOG``.
        """
        log_path = self.environ.get("TC_LOG")
        verbose = 0 if self.options.quiet else self.options.verbose
        if not (verbose or log_path):
            return transport
        from tccli.core.http.tracing import RequestReporter, TracingTransport

        sinks: list[TraceSink] = []
        if verbose:
            sinks.append(RequestReporter(self.redactor, self.print_message, has_details=verbose > 1))
        if log_path:
            from tccli.core.http.request_log import RequestLog

            if not self._logs:
                log = RequestLog(log_path, self.redactor, self.note)
                click.get_current_context().call_on_close(log.close)
                self._logs.append(log)
            sinks += self._logs
        return TracingTransport(transport, sinks)

    def _policy(self) -> RetryPolicy:
        from tccli.core.http.retry import RetryPolicy

        options = self.call_options()
        return RetryPolicy(
            options.retries,
            options.delay_factor,
            options.randomization_factor,
            options.max_delay,
            options.retry_unsafe,
        )

    def _report(self, line: str) -> None:
        if self.options.verbose:
            self.note(line)


def get_context(ctx: click.Context) -> Context:
    """
    Return the context of this run.
    """
    context = ctx.find_object(Context)
    assert context is not None
    return context


with_context = click.make_pass_decorator(Context)
