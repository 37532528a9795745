"""
``tc sandbox``: a Taskcluster deployment in one process, for trying things out and for tests.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Group
from tccli.cli.context import Context, with_context
from tccli.errors import ConfigurationError, LocalFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tccli.sandbox.events import Message
    from tccli.sandbox.server import Server

NEEDED = ("croniter", "jsone", "starlette", "uvicorn")
NOT_FOR_CHILDREN = ("TASKCLUSTER_CERTIFICATE", "TASKCLUSTER_PROXY_URL")
FAULTS = """
\b
Faults of the API, METHOD=WHAT, with xN at the end for so many times:
  queue.createTask=503x2   a status instead of an answer; nothing is done
  queue.*=drop             hang up instead of answering
  queue.createTask=lostx1  do what is asked, and hang up then

\b
Storage faults, KIND=VALUE with conditions after commas:
  slow=SIZE         bytes per second and connection
  latency=DURATION  before each answer
  status=503        instead of an answer
  drop=SIZE         hang up after so many bytes of a body
  reset=SIZE        the same, but by a reset
  short=SIZE        send so many bytes fewer than promised
  long=SIZE         promise and send so many bytes more than there are
  cut=SIZE          promise no length, and send so many bytes fewer
  range=ignore      answer a range with everything
  range=wrong       with a Content-Range for other bytes
  etag=changing     another one in each answer
  hashes=wrong      (or none, unknown) what startDownload says
  expire=DURATION   URLs expire then, whatever is said of them

\b
Conditions:
  times=N        so often, and then never again
  skip=N         not the first N times
  chance=P       with this probability
  match=PATTERN  names like this: OBJECT, or TASK/RUN/ARTIFACT
  verb=get|put   only for downloads, or uploads

\b
For example: --storage-fault 'drop=1MB,times=3' --storage-fault slow=20MB
"""

_OPTIONS = (
    click.option(
        "--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep the state here."
    ),
    click.option("--listen", "host", metavar="ADDRESS", help="Listen here, and let others in (127.0.0.1)."),
    click.option(
        "--worker", is_flag=False, flag_value="", metavar="[QUEUE]", help="Run tasks here, of all queues or of one."
    ),
    click.option("--amqp", metavar="URL", help="Publish events there: amqp://user:password@host:port/vhost."),
    click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar="SPEC",
        help="Make API calls fail: queue.createTask=503x2; repeatable.",
    ),
    click.option("--latency", metavar="DURATION", help="Wait before each answer of the API."),
    click.option("--drop", metavar="SHARE", help="Hang up on so many calls: 1%."),
    click.option("--fake", metavar="FILE", help="Answer the methods in FILE from it."),
    click.option(
        "--storage-fault",
        "storage_faults",
        multiple=True,
        metavar="SPEC",
        help="Make downloads and uploads fail; repeatable.",
    ),
)


def _sandbox_options(function: Callable[..., None]) -> Callable[..., None]:
    """
    Give a command the options that all sandboxes have.
    """
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group(cls=Group, name="sandbox", examples=("tc sandbox tour", "tc sandbox run -- tc queue ping"))
def command() -> None:
    """
    Run a Taskcluster deployment on this machine: real HTTP, real signatures, nothing to install and nobody to ask.
    """


@command.command(
    "run",
    prints_data=False,
    short_help="Run a command against a fresh sandbox",
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
    Start a sandbox, run COMMAND with root URL and root credentials in its environment, and exit as it does.

    Write -- before a COMMAND that has options.
    """
    from tccli.sandbox.testing import subprocess_runner

    with _server(port=0, **options) as server:
        status = subprocess_runner.run(words, child_environment(server))
    ctx.exit(status)


@command.command(
    "start",
    prints_data=False,
    short_help="Run a sandbox until Ctrl-C",
    epilog=FAULTS,
    examples=("tc sandbox start --worker", "tc sandbox start --data deployment --latency 50ms"),
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Listen here (any free port).")
@_sandbox_options
def start(*, port: int, **options: Any) -> None:
    """
    Start a sandbox and print the variables that lead to it, as export lines.

    It listens on 127.0.0.1 only, unless --listen says otherwise, and stops at Ctrl-C or SIGTERM.
    """
    from tccli.sandbox.testing import subprocess_runner

    with subprocess_runner.until_asked_to_stop() as wait, _server(port=port, **options) as server:
        lines = [f"export {name}={value}" for name, value in server.environment.items()]
        # An empty certificate is none: whoever takes over these lines loses an old one.
        click.echo("\n".join([*lines, "export TASKCLUSTER_CERTIFICATE="]))
        sys.stdout.flush()
        wait()


@command.command("tour", prints_data=False, short_help="Watch a first session", examples=("tc sandbox tour",))
def tour() -> None:
    """
    Show what tc does: a short session against a fresh sandbox, each command before its output.
    """
    from tccli.sandbox.testing import tour as steps

    with _server(port=0, worker="") as server:
        steps.walk(child_environment(server), lambda line: click.echo(line, nl=False))


@command.command(
    "clock",
    prints_data=False,
    short_help="Show or move a sandbox's time",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
    examples=("tc sandbox clock", "tc sandbox clock +1h", "tc sandbox clock real"),
)
@click.argument("words", nargs=-1, metavar="[OFFSET]...")
@with_context
def clock(context: Context, *, words: tuple[str, ...]) -> None:
    """
    Move the time of a running sandbox by OFFSET, such as +1h, -5m or 2 days, and print its new time.

    Deadlines, claims and expiries are seen at once. OFFSET real is the real time again; without one the time is shown.
    """
    from tccli.sandbox.testing import control_client

    offset, payload = " ".join(words), None
    if offset == "real":
        payload = {"offset": 0}
    elif words:
        payload = {"advance": round(_seconds(offset) * 1000)}
    click.echo(control_client.ask(context.root_url(), "clock", payload)["now"])


@command.command(
    "outbox", short_help="Show what a sandbox would have sent", examples=("tc sandbox outbox --format jsonl",)
)
@with_context
def outbox(context: Context) -> None:
    """
    Show the messages that notify was to send: mail, Matrix, Slack, pulse.
    """
    _list(context, "outbox", "messages")


@command.command(
    "calls",
    short_help="Show what a sandbox was asked",
    examples=("tc sandbox calls", "tc sandbox calls --jq '.[-1].path' -r"),
)
@with_context
def calls(context: Context) -> None:
    """
    Show the calls that a running sandbox got: time, verb, path, method, client and status, without secrets.
    """
    _list(context, "calls", "calls")


@command.command(
    "methods",
    short_help="List the methods that the sandbox answers",
    examples=("tc sandbox methods", "tc sandbox methods --missing --format jsonl"),
)
@click.option("--missing", is_flag=True, help="List those that it does not answer.")
@with_context
def methods(context: Context, *, missing: bool) -> None:
    """
    List every API method, and whether the sandbox answers it or says 501 NotInSandbox.
    """
    from tccli import references
    from tccli.output import Answer

    _check_installed()
    from tccli.sandbox import registry

    write = context.writer()
    registry.load()
    listed = [
        {"method": method.id, "built": registry.is_built(method)}
        for name in references.service_names()
        for method in references.service(name).methods.values()
    ]
    write(Answer([[entry for entry in listed if not (missing and entry["built"])]], is_table=True))


def child_environment(server: Server) -> dict[str, str]:
    """
    Return this process's environment, changed so that every client in it finds the sandbox and nothing else.
    """
    inherited = {
        name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN and name != "TC_FAKE"
    }
    return {**inherited, **server.environment}


def _list(context: Context, what: str, key: str) -> None:
    from tccli.output import Answer, Pages
    from tccli.sandbox.testing import control_client

    write = context.writer()
    found = control_client.ask(context.root_url(), what)
    if context.options.format == "jsonl":
        write(Answer(pages=Pages(iter([found]))))
    else:
        write(Answer([found[key]], is_table=True))


def _seconds(offset: str) -> float:
    """
    Return the seconds in an offset such as ``+1h`` or ``-2 days``.
    """
    from datetime import timedelta

    from tccli.core.times import parse_offset

    return parse_offset(offset) / timedelta(seconds=1)


def _check_installed() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        what = f"the sandbox needs {' and '.join(missing)}"
        raise ConfigurationError(what, hint="pip install 'taskcluster-cli[sandbox]'")


@contextmanager
def _server(*, port: int, data: Path | None = None, worker: str | None = None, **options: Any) -> Iterator[Server]:
    """
    Run a server for as long as the context lasts, and a worker beside it if one is wanted.
    """
    _check_installed()
    import sqlite3
    from contextlib import nullcontext

    from tccli.sandbox import config
    from tccli.sandbox.server import HOST, Server
    from tccli.sandbox.worker.host import Worker, check_queue

    host = options.get("host") or HOST
    config.check_address(host)
    mischief = config.read_mischief(**options)
    faults = config.read_storage_faults(options.get("storage_faults", ()))
    if worker:
        config.checked("--worker", worker, check_queue)
    with _publisher(options.get("amqp")) as listen:
        try:
            server = Server(host=host, port=port, folder=data)
        except sqlite3.Error as error:
            hint = "give another folder, or stop the sandbox that uses it"
            raise LocalFileError(f"cannot keep state in {data}: {error}", hint=hint) from error
        except OSError as error:
            if error.filename is None:
                hint = "--port 0 takes a free one"
                raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}", hint=hint) from error
            raise LocalFileError(f"cannot keep state in {data}: {error.strerror}") from error
        server.sandbox.mischief = mischief
        for spec in faults:
            server.storage.faults.add(spec)
        server.sandbox.state.listen = listen
        with server, Worker(server, worker) if worker is not None else nullcontext():
            yield server


@contextmanager
def _publisher(url: str | None) -> Iterator[Callable[[Message], object] | None]:
    """
    Give what takes the messages for a broker, if there is one.
    """
    if url is None:
        yield None
        return
    if importlib.util.find_spec("pika") is None:
        raise ConfigurationError("--amqp needs pika", hint="pip install 'taskcluster-cli[pulse]'")
    from tccli.sandbox.pulse import Publisher

    with Publisher(url) as publisher:
        yield publisher.put
