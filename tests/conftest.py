"""
What all tests share: the command line, and a deployment to talk to.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from unittest import mock

import hypothesis
import pytest

import tccli
from tccli.cli import app
from tccli.cli.context import Context
from tccli.sandbox.server import Server
from tests.hang_watch import HangWatch
from tests.http_server import ScriptedServer
from tests.processes import end_all
from tests.seeds import IS_REPEATABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tccli.sandbox.clock import Clock
    from tccli.sandbox.storage.host import Storage

MAX_END_SECONDS = 60

# Fixtures of the test modules that several directories use.
pytest_plugins = (
    "tests.batch_env",
    "tests.command_tree",
    "tests.transfer_env",
    "tests.group_env",
    "tests.examples.shell",
)


def pytest_configure(config: pytest.Config) -> None:
    """
    Watch all tests.
    """
    config.pluginmanager.register(HangWatch(config))


# A shell that starts the tests in the background lets them ignore Ctrl-C, and nohup the end of the terminal. So would
# all that they start.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, handler)

# No time is asserted: a busy machine takes longer.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=IS_REPEATABLE,
    **({"database": None} if IS_REPEATABLE else {}),
)
hypothesis.settings.load_profile("patient")


@dataclass(frozen=True)
class RunningSandbox:
    """
    An empty deployment on a loopback port.

    Attributes:
        root_url: Without a trailing slash.
        credentials: Of the root client: ``clientId`` and ``accessToken``.
        environment: The variables that a client needs to be the root client.
        requests: Verb and target (path and query as sent) of each request.
        clock: Its ``offset`` in milliseconds moves the deployment's time.
        storage: The storage host: ``storage.faults.add("drop=1MB,times=3")`` makes it fail; the fault's ``count`` and
            ``storage.counters`` show the effect.
    """

    root_url: str
    credentials: dict[str, str]
    environment: dict[str, str]
    requests: list[tuple[str, str]]
    clock: Clock
    storage: Storage


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Server]:
    """
    The server of all deployments of a test process, one after the other.
    """
    with Server(checks_responses=True) as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: Server) -> RunningSandbox:
    """
    An empty deployment, which validates its responses against their schemas.
    """
    requests: list[tuple[str, str]] = []
    sandbox_server.reset()
    sandbox_server.sandbox.on_request = lambda verb, target: requests.append((verb, target))
    return RunningSandbox(
        root_url=sandbox_server.root_url,
        credentials=sandbox_server.credentials,
        environment=sandbox_server.environment,
        requests=requests,
        clock=sandbox_server.sandbox.state.clock,
        storage=sandbox_server.storage,
    )


@dataclass(frozen=True)
class Result:
    """
    How a command line went.

    Attributes:
        output: The bytes on stdout.
        stderr: Text.
    """

    exit_code: int
    output: bytes
    stderr: str

    @property
    def stdout(self) -> str:
        """
        The text on stdout.
        """
        return self.output.decode()


class CommandLine(Protocol):
    """
    Runs ``tc`` with arguments; *env* is all of its environment but what every process needs.
    """

    def __call__(self, *argv: str, stdin: str | bytes = "", env: Mapping[str, str] | None = None) -> Result:
        """
        Run it to its end.
        """


@pytest.fixture
def bare_environment(tmp_path: Path) -> dict[str, str]:
    """
    An environment that says nothing about deployments, proxies or colours, with an empty home.
    """
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL", "TMPDIR"}}
    home = tmp_path / "home"
    home.mkdir()
    return {**kept, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    An empty directory, which is the current one.
    """
    directory = tmp_path / "here"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


@pytest.fixture
def tc(tmp_path: Path, bare_environment: dict[str, str]) -> CommandLine:
    """
    The command line, run inside of this process, with files as its streams.
    """
    return _make_command_line(tmp_path / "streams", bare_environment, "tc")


@pytest.fixture
def taskcluster(tmp_path: Path, bare_environment: dict[str, str]) -> CommandLine:
    """
    The same, called by the name of the Go client.
    """
    return _make_command_line(tmp_path / "streams", bare_environment, "taskcluster")


def _make_command_line(folder: Path, bare_environment: dict[str, str], program: str) -> CommandLine:
    folder.mkdir(exist_ok=True)

    def run(*argv: str, stdin: str | bytes = "", env: Mapping[str, str] | None = None) -> Result:
        given = io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin))
        with (
            (folder / "stdout").open("w", encoding="utf-8", newline="") as stdout,
            (folder / "stderr").open("w", encoding="utf-8", newline="") as stderr,
            mock.patch.multiple(sys, stdin=given, stdout=stdout, stderr=stderr),
            mock.patch.dict(os.environ, {**bare_environment, **(env or {})}, clear=True),
        ):
            code = app.run(list(argv), Context(argv=list(argv), program=program))
        return Result(code, (folder / "stdout").read_bytes(), (folder / "stderr").read_text("utf-8"))

    return run


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Shorten the pauses between the polls of `tc`.
    """
    monkeypatch.setattr("tccli.core.tasks.pauses.MIN_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("tccli.core.tasks.pauses.MAX_PAUSE_SECONDS", 0.02)


class Start(Protocol):
    """
    Starts ``tc`` as a process of its own.
    """

    def __call__(
        self, *argv: str, env: Mapping[str, str] | None = None, stdin: int = ..., stdout: int = ..., stderr: int = ...
    ) -> subprocess.Popen[bytes]:
        """
        Return the process.
        """


@pytest.fixture
def process_environment(bare_environment: dict[str, str]) -> dict[str, str]:
    """
    What ``python -m tccli`` needs to find the code under test.
    """
    return {**bare_environment, "PYTHONPATH": os.path.dirname(os.path.dirname(tccli.__file__))}


@pytest.fixture
def start(process_environment: dict[str, str]) -> Iterator[Start]:
    """
    Starts ``python -m tccli``; what still runs at the end of the test is ended.
    """
    yield from _make_start("tccli", process_environment)


@pytest.fixture
def start_quick(process_environment: dict[str, str]) -> Iterator[Start]:
    """
    The same, with shorter pauses between polls.
    """
    yield from _make_start("tests.quick_tc", process_environment)


def _make_start(module: str, process_environment: dict[str, str]) -> Iterator[Start]:
    processes: list[subprocess.Popen[bytes]] = []

    def run(
        *argv: str,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", module, *argv],
                env={**process_environment, **(env or {})},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                # It must not find the terminal of whoever runs the tests.
                start_new_session=True,
            )
        )
        return processes[-1]

    yield run
    for process in processes:
        end_all(process)
    for process in processes:
        # A process that was left behind may have its pipes.
        process.communicate(timeout=MAX_END_SECONDS)


@pytest.fixture
def tc_process(start: Start) -> CommandLine:
    """
    The command line as a process of its own, for what a process can show only.
    """

    def run(*argv: str, stdin: str | bytes = "", env: Mapping[str, str] | None = None) -> Result:
        process = start(*argv, env=env, stdin=subprocess.PIPE)
        # Some start many others.
        output, errors = process.communicate(stdin.encode() if isinstance(stdin, str) else stdin, timeout=120)
        return Result(process.returncode, output, errors.decode())

    return run


@pytest.fixture
def http_server() -> Iterator[ScriptedServer]:
    """
    A scripted HTTP server: it sends what the test chooses.
    """
    with ScriptedServer() as server:
        yield server
