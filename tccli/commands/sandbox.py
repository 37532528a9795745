"""
``tc sandbox``: a Taskcluster deployment in one process, for trying things out and for tests.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tccli.command import Group
from tccli.errors import ConfigurationError, LocalFileError, UsageError
from tccli.options import Settings, pass_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.sandbox.server import Server

NEEDED = ("croniter", "jsone", "starlette", "uvicorn")
NOT_FOR_CHILDREN = ("TASKCLUSTER_CERTIFICATE", "TASKCLUSTER_PROXY_URL")
FAULTS = """
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

_data = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep the state here."
)
_faults = click.option(
    "--storage-fault", "faults", multiple=True, metavar="SPEC", help="Make downloads and uploads fail; repeatable."
)


@click.group(cls=Group, name="sandbox")
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
)
@_data
@_faults
@click.argument("words", nargs=-1, type=click.UNPROCESSED, required=True, metavar="COMMAND...")
@click.pass_context
def run(ctx: click.Context, data: Path | None, faults: tuple[str, ...], words: tuple[str, ...]) -> None:
    """
    Start a sandbox, run COMMAND with root URL and root credentials in its environment, and exit as it does.

    Write -- before a COMMAND that has options.
    """
    from tccli.sandbox import child

    with _server(port=0, data=data, faults=faults) as server:
        status = child.run(words, child_environment(server))
    ctx.exit(status)


@command.command("start", prints_data=False, short_help="Run a sandbox until Ctrl-C", epilog=FAULTS)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Listen here (any free port).")
@_data
@_faults
def start(*, port: int, data: Path | None, faults: tuple[str, ...]) -> None:
    """
    Start a sandbox and print the variables that lead to it, as export lines.

    It listens on 127.0.0.1 only, and stops at Ctrl-C or SIGTERM.
    """
    from tccli.sandbox import child

    with child.until_asked_to_stop() as wait, _server(port=port, data=data, faults=faults) as server:
        lines = [f"export {name}={value}" for name, value in server.environment.items()]
        # An empty certificate is none: whoever takes over these lines loses an old one.
        click.echo("\n".join([*lines, "export TASKCLUSTER_CERTIFICATE="]))
        sys.stdout.flush()
        wait()


@command.command("tour", prints_data=False, short_help="Watch a first session")
def tour() -> None:
    """
    Show what tc does: a short session against a fresh sandbox, each command before its output.
    """
    from tccli.sandbox import tour as steps

    with _server(port=0, data=None) as server:
        steps.walk(child_environment(server), lambda line: click.echo(line, nl=False))


@command.command("methods", short_help="List the methods that the sandbox answers")
@click.option("--missing", is_flag=True, help="List those that it does not answer.")
@pass_settings
def methods(settings: Settings, *, missing: bool) -> None:
    """
    List every API method, and whether the sandbox answers it or says 501 NotInSandbox.
    """
    from tccli import references
    from tccli.output import Answer

    _check_installed()
    from tccli.sandbox import registry

    write = settings.writer()
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


def _check_installed() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        what = f"the sandbox needs {' and '.join(missing)}"
        raise ConfigurationError(what, hint="pip install 'taskcluster-cli[sandbox]'")


@contextmanager
def _server(*, port: int, data: Path | None, faults: tuple[str, ...] = ()) -> Iterator[Server]:
    """
    Run a server for as long as the context lasts.
    """
    _check_installed()
    import sqlite3

    from tccli.sandbox.server import HOST, Server
    from tccli.sandbox.storage.faults import parse

    try:
        for spec in faults:
            parse(spec)
    except ValueError as error:
        raise UsageError(f"--storage-fault: {error}", hint="tc sandbox start --help lists what there is") from error
    try:
        server = Server(port=port, folder=data)
    except sqlite3.Error as error:
        hint = "give another folder, or stop the sandbox that uses it"
        raise LocalFileError(f"cannot keep state in {data}: {error}", hint=hint) from error
    except OSError as error:
        if error.filename is None:
            hint = "--port 0 takes a free one"
            raise UsageError(f"cannot listen on {HOST}:{port}: {error.strerror}", hint=hint) from error
        raise LocalFileError(f"cannot keep state in {data}: {error.strerror}") from error
    for spec in faults:
        server.storage.faults.add(spec)
    with server:
        yield server
