"""
Signals while the user's editor runs.
"""

from __future__ import annotations

import os
import pty
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Start

    Edit = Callable[[str, str], int]

MAX_SECONDS = 5.0
"""Until a command that SIGTERM ends has ended, with an editor that ignores it."""
WAIT = 'while [ ! -e "$directory/done" ]; do sleep 0.05; done'


@pytest.fixture
def profiles(process_environment: dict[str, str]) -> Path:
    """
    The file of the profiles.
    """
    path = Path(process_environment["XDG_CONFIG_HOME"]) / "tc" / "profiles.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[a]\nrootUrl = "https://a.example.com"\n')
    path.chmod(0o600)
    return path


@pytest.fixture
def edit(process_environment: dict[str, str], tmp_path: Path, profiles: Path) -> Iterator[Edit]:
    """
    Runs ``tc profile edit`` with an editor of these lines on a terminal, presses a key when it runs, and returns the
    exit code.
    """
    assert profiles.exists()
    started: list[int] = []

    def run(lines: str, key: str) -> int:
        environment = {**process_environment, "EDITOR": str(make_editor(tmp_path, lines)), "TERM": "dumb"}
        pid, terminal = pty.fork()
        if pid == 0:  # pragma: no cover - the command takes this process over
            os.execve(sys.executable, [sys.executable, "-m", "tccli", "profile", "edit"], environment)
        started.append(pid)
        try:
            wait_for(tmp_path / "begun")
            wait_until(lambda: ignores(pid, signal.SIGINT) and ignores(pid, signal.SIGQUIT))
            os.write(terminal, key.encode())
            with suppress(OSError):
                while os.read(terminal, 65536):
                    pass
            return os.waitstatus_to_exitcode(os.waitpid(started.pop(), 0)[1])
        finally:
            os.close(terminal)

    yield run
    for pid in started:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def make_editor(directory: Path, lines: str) -> Path:
    """
    Return a script that sets *directory* and runs lines. Its process id is then in the file begun.
    """
    path = directory / "editor"
    ready = 'echo $$ >"$directory/new"; mv "$directory/new" "$directory/begun"'
    path.write_text(f"#!/bin/sh\nulimit -c 0\ndirectory='{directory}'\n{lines.replace('READY', ready)}\n")
    path.chmod(0o755)
    return path


def wait_until(is_so: Callable[[], bool]) -> None:
    """
    Wait until something is so.
    """
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def wait_for(path: Path) -> None:
    """
    Wait until a file exists.
    """
    wait_until(path.exists)


def ignores(pid: int, number: int) -> bool:
    """
    Return whether a process ignores a signal.
    """
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize(("name", "key"), [("INT", "\x03"), ("QUIT", "\x1c")])
def test_keys_of_the_editor_do_not_end_the_command(edit: Edit, profiles: Path, name: str, key: str) -> None:
    """
    The editor, which receives the signal as well, writes on.
    """
    lines = f'trap \'touch "$directory/done"\' {name}; READY; {WAIT}; sed -i s/a.example/b.example/ "$1"'

    assert 0 == edit(lines, key)
    assert 'rootUrl = "https://b.example.com"' in profiles.read_text()
    assert ["profiles.toml"] == os.listdir(profiles.parent)


@pytest.mark.parametrize("lines", ["READY; exec sleep 60", "trap 'exit 130' INT; READY; while :; do sleep 0.05; done"])
def test_an_editor_that_ctrl_c_ends(edit: Edit, profiles: Path, lines: str) -> None:
    """
    It interrupts the command.
    """
    before = profiles.read_text()

    assert 130 == edit(lines, "\x03")
    assert before == profiles.read_text()
    assert ["profiles.toml"] == os.listdir(profiles.parent)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("trap", "is_restored"), [('touch "$directory/restored"; exit', True), ("", False)], ids=["ends", "ignores"]
)
def test_the_editor_ends_with_the_command(
    start: Start, profiles: Path, tmp_path: Path, number: signal.Signals, trap: str, *, is_restored: bool
) -> None:
    """
    It has a moment to restore the terminal.
    """
    editor = make_editor(tmp_path, f"trap '{trap}' TERM; READY; while :; do sleep 0.05; done")
    process = start("profile", "edit", env={"EDITOR": str(editor)})
    wait_for(tmp_path / "begun")
    pid = int((tmp_path / "begun").read_text())
    began = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=60)

    check_duration(began, MAX_SECONDS)
    assert -number == process.returncode
    assert is_restored == (tmp_path / "restored").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert ["profiles.toml"] == os.listdir(profiles.parent)
