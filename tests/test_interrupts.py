"""
Signals that come while something runs that must run as a whole.
"""

from __future__ import annotations

import ast
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tccli import interrupts as module
from tccli.cli import editor, profile_editor
from tccli.cli.context import Context
from tccli.cli.editor import run_editor
from tccli.core.call_queue import CallQueue
from tccli.core.credential_sources import fetch
from tccli.core.http.messages import Request
from tccli.core.http.transport import HttpTransport
from tccli.core.parallel import run_parallel
from tccli.interrupts import Interrupts
from tccli.output.live_stream import LiveStream
from tccli.output.pager import open_pager
from tccli.sandbox.testing.background import split
from tests.http_server import NO_RESPONSE
from tests.interruption_points import interrupted_at
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from _typeshed import TraceFunction

    from tests.http_server import ScriptedServer


@pytest.fixture
def interrupts() -> Interrupts:
    """
    An object of its own, whose signals the test makes up.
    """
    return Interrupts()


def test_a_signal_interrupts(interrupts: Interrupts) -> None:
    """
    At once, and it is recorded.
    """
    with pytest.raises(KeyboardInterrupt):
        interrupts.receive(signal.SIGTERM, None)
    assert [signal.SIGTERM] == interrupts.numbers


def test_a_block_runs_as_a_whole(interrupts: Interrupts) -> None:
    """
    It is interrupted at its end, and the next one is not.
    """
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117 - the end of the block is what raises
        with interrupts:
            interrupts.receive(signal.SIGINT, None)
            done.append(1)
    with interrupts:
        done.append(2)

    assert [1, 2] == done


def test_a_second_signal_interrupts_a_block(interrupts: Interrupts) -> None:
    """
    It may wait for something that never comes.
    """
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
        with interrupts:
            interrupts.receive(signal.SIGINT, None)
            done.append(1)
            interrupts.receive(signal.SIGINT, None)
            done.append(2)

    assert [1] == done


def test_a_second_signal_at_the_end_of_a_block(interrupts: Interrupts) -> None:
    """
    It interrupts, and the next block runs as a whole.
    """
    lines = []

    def interrupt_line(frame: FrameType, event: str, _: object) -> TraceFunction | None:
        if frame.f_code is not Interrupts.__exit__.__code__:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
            if len(lines) == count:
                interrupts.receive(signal.SIGINT, frame)
        return interrupt_line

    for count in (1, 2, 3, 4):
        lines.clear()
        before = sys.gettrace()
        try:
            with pytest.raises(KeyboardInterrupt), interrupts:  # noqa: PT012
                interrupts.receive(signal.SIGINT, None)
                sys.settrace(interrupt_line)
        finally:
            sys.settrace(before)
        assert len(lines) == count
        done = []
        with interrupts:
            done.append(1)
        with pytest.raises(KeyboardInterrupt), interrupts:  # noqa: PT012
            interrupts.receive(signal.SIGINT, None)
            done.append(2)
        assert [1, 2] == done


def test_a_second_try_in_a_block(interrupts: Interrupts) -> None:
    """
    Where Python has ignored the first KeyboardInterrupt, the next one does not divide a block either.
    """
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
        with interrupts:
            interrupts.interrupt()
            done.append(1)

    assert [1] == done


def test_an_interruption_replaces_an_error(interrupts: Interrupts) -> None:
    """
    As it would have without the block.
    """
    with pytest.raises(KeyboardInterrupt), interrupts:  # noqa: PT012
        interrupts.receive(signal.SIGINT, None)
        raise ValueError


def wait_for_a_result(_url: str) -> None:
    """
    Wait for a call of several.
    """
    over = threading.Event()
    try:
        list(run_parallel(lambda _: over.wait(60), range(2)))
    finally:
        over.set()


def wait_for_a_response(url: str) -> None:
    """
    Wait for a server that sends none.
    """
    transport = HttpTransport(60, {})
    try:
        transport.send(Request("GET", url, {}))
    finally:
        transport.close()


def wait_for_a_reader(_url: str) -> None:
    """
    Wait until what was written is read.
    """
    with subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        try:
            LiveStream(process.stdin).write(bytes(1 << 20))
        finally:
            process.kill()


def wait_for_a_function(_url: str) -> None:
    """
    Wait for what another thread wants to be done.
    """
    calls = CallQueue()
    timer = threading.Timer(60, calls.end)
    timer.start()
    try:
        calls.serve()
    finally:
        timer.cancel()


@pytest.mark.parametrize("wait", [wait_for_a_result, wait_for_a_response, wait_for_a_reader, wait_for_a_function])
def test_a_signal_just_before_a_wait(http_server: ScriptedServer, wait: Callable[[str], None]) -> None:
    """
    It interrupts the main thread soon, although it does not end the wait.
    """
    http_server.respond_with(NO_RESPONSE)

    def interrupt() -> None:
        time.sleep(0.3)
        # A signal of another thread does not end a wait of the main one either.
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - it may come at once
        interrupter.start()
        wait(http_server.url)
    interrupter.join()
    check_duration(began, 5)


SIGNAL_AT_EACH_LINE = """
import os, signal, sys
import tccli.commands.slugid, tccli.output.formats.json
from tccli import __main__ as tc

def trace(frame, event, _):
    global left
    if frame.f_code.co_filename != tc.__file__:
        return None
    if event == "line" and (left < line or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL):
        left -= 1
        if left == 0:
            signal.raise_signal(number)
    return trace

number = signal.Signals[sys.argv[1]]
line, status = 0, None
while status != 0:
    line += 1
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        sys.argv, left = ["tc", "slugid"], line
        sys.settrace(trace)
        tc.main()
    os.close(writer)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print([line, status, os.read(reader, 65536)], flush=True)
    os.close(reader)
"""
"""In the entry point, from where it handles signals on."""


@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGINT, {130, -signal.SIGINT}), (signal.SIGTERM, {-signal.SIGTERM})]
)
def test_a_signal_before_and_after_a_command(
    process_environment: dict[str, str], number: signal.Signals, codes: set[int]
) -> None:
    """
    It ends the process silently at any line, also where nothing catches a KeyboardInterrupt.
    """
    command = [sys.executable, "-c", SIGNAL_AT_EACH_LINE, number.name]
    done = subprocess.run(command, env=process_environment, capture_output=True, text=True, check=True)
    *interrupted, last = [ast.literal_eval(line) for line in done.stdout.splitlines()]

    assert 0 == last[1]
    assert len(interrupted) > 30
    assert [] == [each for each in interrupted if each[1] not in codes or not re.fullmatch(rb"(\S{22}\n)?", each[2])]


SLEEP = ["sh", "-c", "exec sleep 60"]


def page() -> None:
    """
    Show a result in a pager.
    """
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "TC_PAGER": "sh -c 'exec sleep 60'"}
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "wb", buffering=0) as out, open_pager(out, True, environ):
        raise AssertionError("it was not interrupted")


@pytest.fixture(autouse=True)
def handles_signals() -> Iterator[None]:
    """
    Signals are received as those of a command.
    """
    before = signal.signal(signal.SIGINT, module.interrupts.receive)
    yield
    signal.signal(signal.SIGINT, before)
    module.interrupts.numbers.clear()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[Any]]]:
    """
    The processes that were started, while each of which a signal comes.
    """
    processes: list[subprocess.Popen[Any]] = []

    class InterruptedStart(subprocess.Popen[Any]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            processes.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", InterruptedStart)
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda: run_editor(SLEEP, "path"), id="editor"),
        pytest.param(page, id="pager"),
        pytest.param(lambda: fetch({"credential_command": SLEEP}, "profile", "", {}), id="credential command"),
    ],
)
def test_a_program_that_is_interrupted_as_it_starts(
    started: list[subprocess.Popen[Any]], run: Callable[[], object]
) -> None:
    """
    It does not survive, although it runs before anything else knows of it.
    """
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)]
    with pytest.raises(KeyboardInterrupt):
        run()

    assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)]
    assert [True] == [process.returncode is not None for process in started]


# No signal comes between the end of a block and that of its file, unlike these interruptions.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("name", ["task", "profiles"])
def test_no_copy_for_the_editor_stays(
    tmp_path: Path, bare_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """
    Wherever it is interrupted.
    """
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    context = Context(environ={**bare_environment, "EDITOR": "true"})
    directory = tmp_path if name == "task" else Path(bare_environment["XDG_CONFIG_HOME"]) / "tc"
    before: set[str] = {"home"} if name == "task" else set()

    def edit() -> None:
        if name == "profiles":
            profile_editor.edit_profiles(context)
        else:
            editor.edit_document(context, {"a": 1}, "the task", lambda _: None)

    modules = {editor.__file__, profile_editor.__file__, tempfile.__file__}
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)]
    line, is_interrupted = 0, True
    while is_interrupted:
        line += 1
        with interrupted_at(line, lambda code: code.co_filename in modules) as reached, suppress(KeyboardInterrupt):
            edit()
            is_interrupted = False
        assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)], (line, reached)
        assert before >= ({*os.listdir(directory)} if directory.exists() else set()), (line, reached)
    assert line > 20


def test_a_background_process_that_is_interrupted_as_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It ends with the process that waits for it.
    """
    children: list[int] = []
    fork = os.fork

    def fork_and_interrupt() -> int:
        child = fork()
        if not child:
            os.execvp("sleep", ["sleep", "60"])
        children.append(child)
        signal.raise_signal(signal.SIGINT)
        return child

    monkeypatch.setattr(os, "fork", fork_and_interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            split(print)
        with pytest.raises(ChildProcessError):
            os.waitpid(children[0], os.WNOHANG)
    finally:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)
