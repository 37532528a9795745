"""
``tc sandbox``: run a Taskcluster deployment on this machine.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Group
from tccli.cli.context import Context, with_context
from tccli.cli.types import directory_name
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from tccli.sandbox.server import Server

REQUIRED_MODULES = ("jsone", "starlette", "uvicorn")
CHILD_EXCLUDED_VARIABLES = ("TASKCLUSTER_CERTIFICATE", "TASKCLUSTER_PROXY_URL", "TC_FAKE")
FAULTS = """
\b
API faults, METHOD=FAULT, with xN for N calls only, then ,chance=P:
  queue.createTask=503x2   respond with this status, and do nothing
  queue.*=drop             close the connection without a response
  queue.createTask=lostx1  do what the call asks, then close the connection
  *=503,chance=10%         respond so to this share of the calls

\b
Storage faults, KIND=VALUE with conditions after commas:
  slow=SIZE         limit each connection to this many bytes per second
  latency=DURATION  delay each response
  status=503        respond with this status
  drop=SIZE         close the connection after this many bytes of a body
  reset=SIZE        reset the connection after this many bytes of a body
  short=SIZE        send this many bytes less than Content-Length
  long=SIZE         send this many bytes more than the file has
  cut=SIZE          send no Content-Length and this many bytes less
  range=ignore      send the whole file instead of a range
  range=wrong       send a Content-Range of other bytes
  etag=changing     send another ETag in each response
  hashes=wrong      (or none, unknown) falsify the hashes in startDownload
  expire=DURATION   expire URLs after this time, whatever their expiry

\b
Conditions:
  times=N        the first N matching requests only
  skip=N         not the first N matching requests
  chance=P       with this probability: 0.1 or 10%
  match=PATTERN  names that match: OBJECT, or TASK/RUN/ARTIFACT
  verb=get|put   downloads only, or uploads only

\b
For example: --storage-fault 'drop=1MB,times=3' --storage-fault slow=20MB
"""

_OPTIONS = (
    click.option(
        "--data",
        type=directory_name,
        metavar="DIR",
        help="Store the state in DIR (in memory).",
    ),
    click.option("--listen", "host", metavar="ADDRESS", help="Listen on this IPv4 address (127.0.0.1)."),
    click.option(
        "--worker",
        is_flag=False,
        flag_value="",
        metavar="[QUEUE]",
        help="Run tasks on this machine, of one queue or of all.",
    ),
    click.option(
        "--provider",
        "providers",
        multiple=True,
        metavar="NAME,...",
        help="Accept worker pools of these providers, and start no workers: google, or NAME=google; repeatable.",
    ),
    click.option("--amqp", metavar="URL", help="Publish events to a broker: amqp://user:password@host:port/vhost."),
    click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar="SPEC",
        help="Make API calls fail: queue.createTask=503x2; repeatable.",
    ),
    click.option("--latency", metavar="DURATION", help="Delay each response of the API: 50ms."),
    click.option("--drop", metavar="SHARE", help="Close the connection of this share of API calls: 1%, 0.01."),
    click.option("--fake", metavar="FILE", help="Respond to the methods in FILE from it."),
    click.option(
        "--storage-fault",
        "storage_faults",
        multiple=True,
        metavar="SPEC",
        help="Make downloads and uploads fail; repeatable.",
    ),
)


def _sandbox_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group(cls=Group, name="sandbox", examples=("tc sandbox tour", "tc sandbox run -- tc queue ping"))
def command() -> None:
    """
    Run a Taskcluster deployment on this machine, for tests and experiments: real HTTP, real signatures, no setup.
    """


@command.command(
    "run",
    prints_data=False,
    short_help="Run a command with a new sandbox",
    epilog=FAULTS,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    examples=(
        "tc sandbox run -- tc queue ping",
        "tc sandbox run --fault 'queue.ping=503x2' -- tc -v queue ping",
        "tc sandbox run --worker -- sh -c 'tc whoami && tc sandbox calls'",
    ),
)
@_sandbox_options
@click.argument("words", nargs=-1, type=click.UNPROCESSED, required=True, metavar="COMMAND...")
@click.pass_context
def run(ctx: click.Context, /, words: tuple[str, ...], **options: Any) -> None:
    """
    Start a sandbox, run COMMAND with root URL and root credentials in its environment, and exit with its exit code.

    Write -- before a COMMAND that has options. A shell as COMMAND, as in tc sandbox run -- bash, is a session with the
    sandbox.
    """
    from tccli.sandbox.testing import subprocess_runner

    with _launch(**options) as server:
        status = subprocess_runner.run(words, child_environment(server))
    ctx.exit(status)


@command.command(
    "start",
    prints_data=False,
    short_help="Run a sandbox until Ctrl-C",
    epilog=FAULTS,
    examples=(
        "tc sandbox start --worker",
        "tc sandbox start --data deployment --latency 50ms",
        'eval "$(tc sandbox start --detach)"; tc queue ping; tc sandbox stop',
    ),
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Listen on this port (a free one).")
@click.option("--detach", is_flag=True, help="Run it in the background until tc sandbox stop.")
@_sandbox_options
@with_context
def start(context: Context, /, *, detach: bool, **options: Any) -> None:
    """
    Start a sandbox, and print root URL and root credentials as export lines.

    It listens on 127.0.0.1 unless you give --listen, and stops at Ctrl-C, SIGTERM or tc sandbox stop. With
    WEBSOCKTUNNEL_SECRET in the environment, it issues websocktunnel tokens.
    """
    from tccli.sandbox.testing import background, subprocess_runner

    launching = _launch(**options)
    write: Callable[[str], object] = sys.stdout.write
    if detach:
        sides = background.split(lambda text: click.echo(text, nl=False))
        if isinstance(sides, background.Parent):
            click.get_current_context().exit(sides.exit_code)
        write = sides
    with subprocess_runner.handle_stop_signals() as is_requested, launching as server:
        server.sandbox.on_stop = is_requested.set
        lines = [f"export {name}={value}" for name, value in server.environment.items()]
        # An empty certificate unsets one of earlier credentials.
        write("\n".join([*lines, "export TASKCLUSTER_CERTIFICATE=", ""]))
        sys.stdout.flush()
        if not detach and stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode):
            context.note('this sandbox runs until Ctrl-C; for eval "$(tc sandbox start)", add --detach')
        is_requested.wait()


@command.command(
    "stop",
    prints_data=False,
    short_help="Stop a sandbox that runs in the background",
    examples=('eval "$(tc sandbox start --detach)"; tc sandbox stop',),
)
@with_context
def stop(context: Context) -> None:
    """
    Stop the sandbox at the root URL, and wait until it has ended.
    """
    from tccli.sandbox.testing import control_client

    control_client.stop(context.root_url())


@command.command("tour", prints_data=False, short_help="Watch a first session", examples=("tc sandbox tour",))
def tour() -> None:
    """
    Run a short session with a new sandbox, and print each command and its output.
    """
    from tccli.sandbox.testing.tour import run_tour

    with _launch(worker="") as server:
        run_tour(child_environment(server), lambda text: click.echo(text, nl=False))


@command.command(
    "clock",
    prints_data=False,
    short_help="Print or move a sandbox's time",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
    examples=("tc sandbox clock", "tc sandbox clock +1h", "tc sandbox clock real"),
)
@click.argument("words", nargs=-1, metavar="[OFFSET]...")
@with_context
def clock(context: Context, *, words: tuple[str, ...]) -> None:
    """
    Move the time of a running sandbox by OFFSET, such as +1h, -5m or 2 days, and print its new time.

    Deadlines, claims and expiries take effect at once. OFFSET real or reset returns to the real time; without OFFSET,
    the time is printed. tc from-now, signed-url and temp-credentials use the clock of this machine; for the time of the
    sandbox, use tc from-now 1 hour --from "$(tc sandbox clock)".
    """
    from tccli.sandbox.testing import control_client

    if words == ("-h",):
        # Not an option: -1h would contain it.
        click.echo(click.get_current_context().get_help())
        return
    offset, payload = " ".join(words), None
    if offset in {"real", "reset"}:
        payload = {"offset": 0}
    elif words:
        payload = {"advance": round(_parse_seconds(offset) * 1000)}
    click.echo(control_client.request(context.root_url(), "clock", payload)["now"])


@command.command("outbox", short_help="Print the messages of notify", examples=("tc sandbox outbox --format jsonl",))
@with_context
def outbox(context: Context) -> None:
    """
    Print the messages that notify would have sent: email, Matrix, Slack and Pulse.
    """
    _print_list(context, "outbox", "messages")


@command.command(
    "calls",
    short_help="Print the requests that a sandbox received",
    examples=("tc sandbox calls", "tc sandbox calls --jq '.[-1].path' -r"),
)
@with_context
def calls(context: Context) -> None:
    """
    Print the requests that a running sandbox received: time, verb, path, method, client and status, without secrets.
    """
    _print_list(context, "calls", "calls", ("verb", "method", "status", "time", "path"))


@command.command(
    "methods",
    short_help="List the methods that the sandbox implements",
    examples=("tc sandbox methods", "tc sandbox methods --missing --format jsonl"),
)
@click.option("--missing", is_flag=True, help="List only those that it does not implement.")
@with_context
def methods(context: Context, *, missing: bool) -> None:
    """
    List every API method, and whether the sandbox implements it; the response of the others is 501 NotInSandbox.
    """
    from tccli import references
    from tccli.output import Result

    _check_installed()
    from tccli.sandbox.services.all import create_registry

    write = context.writer(is_list=True)
    registry = create_registry()
    listed = [
        {"method": method.id, "built": registry.handler(method) is not None}
        for name in references.service_names()
        for method in references.service(name).methods.values()
    ]
    write(Result([[entry for entry in listed if not (missing and entry["built"])]], is_table=True))


def child_environment(server: Server) -> dict[str, str]:
    """
    Return this process's environment with the sandbox's root URL and credentials, and without other credentials.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in CHILD_EXCLUDED_VARIABLES}
    return {**inherited, **server.environment}


def _print_list(context: Context, name: str, key: str, key_columns: Sequence[str] = ()) -> None:
    from tccli.output import Pages, Result
    from tccli.sandbox.testing import control_client

    write = context.writer(is_list=context.options.format != "jsonl")
    document = control_client.request(context.root_url(), name)
    if context.options.format == "jsonl":
        write(Result(pages=Pages(iter([document]))))
    else:
        write(Result([document[key]], is_table=True, key_columns=key_columns))


def _parse_seconds(offset: str) -> float:
    from datetime import timedelta

    from tccli.core.times import parse_offset

    return parse_offset(offset) / timedelta(seconds=1)


def _check_installed() -> None:
    from importlib.util import find_spec

    missing = [name for name in REQUIRED_MODULES if find_spec(name) is None]
    if missing:
        names = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
        message = f"cannot run a sandbox: {names} {'is' if len(missing) == 1 else 'are'} not installed"
        raise ConfigurationError(
            message, hint="pip install 'taskcluster-cli[sandbox]', or pip install '.[sandbox]' in a checkout"
        )


def _launch(**options: Any) -> AbstractContextManager[Server]:
    _check_installed()
    from pathlib import Path

    from tccli.sandbox.config import SandboxConfig
    from tccli.sandbox.launcher import launch

    data = options.pop("data", None)
    return launch(SandboxConfig.from_options(data=Path(data) if data is not None else None, **options))
