"""
The pager: for what a terminal has no room for, and never in the way of a program.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.http_server import NO_RESPONSE, json_response
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

    Open = Callable[..., "Screen"]

MAX_SECONDS = 3.0
"""Until an interrupted command must have ended. The promise is one second on an idle machine."""
PAGER = "sh -c 'echo PAGED; cat'"
LONG = json.dumps({"queue.task": {f"key-{number}": "value" for number in range(30)}})


class Screen:
    """
    A command on a terminal of its own, in a session of its own.
    """

    def __init__(self, argv: list[str], env: Mapping[str, str], lines: int, columns: int) -> None:
        self._fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tccli", *argv],
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.text = ""

    def read(self, until: str | None = None) -> str:
        """
        Return all that was shown, up to the end of the command or until a text has appeared.
        """
        end = time.monotonic() + 60
        while until is None or until not in self.text:
            assert time.monotonic() < end, self.text
            data = b""
            if select.select([self._fd], [], [], 1)[0]:
                with suppress(OSError):
                    data = os.read(self._fd, 65536)
                if not data:
                    break
            self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return self.text

    def close(self) -> None:
        """
        End everything.
        """
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)


@pytest.fixture
def show(process_environment: dict[str, str]) -> Iterator[Open]:
    """
    Shows a command on a terminal of 20 lines.
    """
    screens: list[Screen] = []

    def run(*argv: str, env: Mapping[str, str | None] | None = None, lines: int = 20, columns: int = 80) -> Screen:
        given = {**process_environment, "TERM": "xterm", "NO_COLOR": "1", "TC_PAGER": PAGER, **(env or {})}
        chosen = {name: value for name, value in given.items() if value is not None}
        screens.append(Screen(list(argv), chosen, lines, columns))
        return screens[-1]

    yield run
    for screen in screens:
        screen.close()


@pytest.fixture
def fake(tmp_path: Path) -> dict[str, str]:
    """
    The environment of a deployment with a long task.
    """
    (tmp_path / "fake.json").write_text(LONG)
    return {"TC_FAKE": str(tmp_path / "fake.json")}


TASK = ("queue", "task", "fN1SbArXTPSVFNUvaOlinQ")


@pytest.mark.parametrize(
    ("argv", "lines", "paged"),
    [
        (TASK, 20, True),
        (TASK, 32, True),
        (TASK, 33, False),
        ((*TASK, "--no-pager"), 20, False),
        (("--no-pager", *TASK), 20, False),
        ((*TASK, "--pager"), 50, True),
        ((*TASK, "--format", "jsonl"), 20, False),
        ((*TASK, "--format", "jsonl"), 6, True),
        ((*TASK, "--format", "table"), 20, True),
        ((*TASK, "--jq", "keys[]"), 20, True),
        ((*TASK, "--jq", '.["key-1"]'), 20, False),
        (("--help",), 20, True),
        (("queue", "createTask", "--help"), 20, True),
        (("queue", "createTask", "--help", "--no-pager"), 20, False),
        (("--no-pager", "queue", "createTask", "-h"), 20, False),
        (("help", "exit-codes"), 20, True),
        (("help", "exit-codes", "--no-pager"), 20, False),
        (("help", "exit-codes"), 200, False),
        (("help", "--pager", "exit-codes"), 200, True),
        (("slugid",), 20, False),
        (("--version",), 20, False),
        (("queue", "nosuch"), 20, False),
    ],
)
def test_what_does_not_fit_is_paged(
    show: Open, fake: dict[str, str], argv: tuple[str, ...], lines: int, *, paged: bool
) -> None:
    """
    The rows of the terminal count, those of folded lines too, and one is left for the prompt.
    """
    screen = show(*argv, env=fake, lines=lines)

    assert paged == screen.read().startswith("PAGED\n")
    assert screen.process.wait(60) == (2 if "nosuch" in argv else 0)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"TC_PAGER": None, "PAGER": "sh -c 'echo OTHER; cat'"}, "OTHER"),
        ({"PAGER": "sh -c 'echo OTHER; cat'"}, "PAGED"),
        ({"TC_PAGER": "", "PAGER": PAGER}, "{"),
        ({"TC_PAGER": "cat"}, "{"),
        ({"TC_PAGER": "'"}, "{"),
        ({"TC_PAGER": "no-such-program -R"}, "{"),
        ({"TERM": "dumb"}, "{"),
        ({"TERM": None}, "{"),
        ({"TC_PAGER": "sh -c 'echo $LESS $LESSCHARSET; cat'"}, "FRX utf-8"),
        ({"TC_PAGER": "sh -c 'echo $LESS; cat'", "LESS": "S"}, "S"),
    ],
)
def test_the_environment_chooses_the_pager(
    show: Open, fake: dict[str, str], env: dict[str, str | None], expected: str
) -> None:
    """
    TC_PAGER, then PAGER; empty and cat are none. Whatever it is, the text arrives whole.
    """
    text = show(*TASK, env={**fake, **env}).read()

    assert expected == text.split("\n")[0]
    assert 30 == text.count("key-")


def test_programs_get_no_pager(tc_process: CommandLine, show: Open, fake: dict[str, str], tmp_path: Path) -> None:
    """
    A pipe, a file and stderr.
    """
    assert "PAGED" not in tc_process(*TASK, env={**fake, "TC_PAGER": PAGER, "TERM": "xterm"}).stdout
    assert "" == show(*TASK, "-o", str(tmp_path / "out"), env=fake).read()
    assert 30 == (tmp_path / "out").read_text().count("key-")


def test_leaving_the_pager_is_a_success(show: Open, http_server: ScriptedServer) -> None:
    """
    Nothing more is fetched then.
    """
    http_server.respond_with(
        lambda _: json_response({"tasks": ["x" * 1000] * 100, "continuationToken": str(len(http_server.requests))})
    )
    argv = ("queue", "listTaskGroup", "fN1SbArXTPSVFNUvaOlinQ", "--paginate")
    for more in ([], ["--format", "jsonl"], ["--format", "jsonl", "--jq", "."]):
        screen = show(*argv, *more, env={**http_server.env, "TC_PAGER": "head -n 3"})
        screen.read()
        assert 0 == screen.process.wait(60)
    assert len(http_server.requests) < 100


@pytest.mark.parametrize("argv", [TASK, ("--help",)])
def test_a_pager_that_fails_is_an_error(show: Open, fake: dict[str, str], argv: tuple[str, ...]) -> None:
    """
    It names the pager and the way without it, since nothing may have been shown.
    """
    screen = show(*argv, env={**fake, "TC_PAGER": "false --bad"})
    lines = screen.read().splitlines()

    assert 3 == screen.process.wait(60)
    assert 1 == len(lines)
    assert "'false --bad'" in lines[0]
    assert "--no-pager" in lines[0]


def test_a_listing_is_shown_as_it_arrives(show: Open, http_server: ScriptedServer) -> None:
    """
    Although it may still fit the terminal.
    """
    for number, more in enumerate(([], ["--jq", "."])):
        # The first command asks for its second page, which must not take the first page of the second command.
        http_server.wait_for(2 * number)
        http_server.respond_with(json_response({"tasks": ["first"], "continuationToken": "t"}), NO_RESPONSE)
        argv = ("queue", "listTaskGroup", "fN1SbArXTPSVFNUvaOlinQ", "--paginate", "--format", "jsonl")
        assert "PAGED" in show(*argv, *more, env=http_server.env).read(until="first")


@pytest.mark.parametrize(
    "pager",
    [
        "sh -c 'cat; echo READY; sleep 60'",
        "sh -c 'trap \"\" INT; cat; echo READY; sleep 60 & wait'",
        "sh -c 'trap \"\" INT TERM; cat; echo READY; while :; do sleep 0.1; done'",
    ],
)
@pytest.mark.parametrize("to_group", [True, False], ids=["terminal", "process"])
def test_ctrl_c_ends_the_pager(show: Open, fake: dict[str, str], pager: str, *, to_group: bool) -> None:
    """
    Also one that ignores it, so that it does not fight with the shell for the keyboard.
    """
    screen = show(*TASK, env={**fake, "TC_PAGER": pager})
    screen.read(until="READY")
    began = time.monotonic()
    (os.killpg if to_group else os.kill)(screen.process.pid, signal.SIGINT)

    assert 130 == screen.process.wait(60)
    check_duration(began, MAX_SECONDS)


def test_an_error_comes_after_the_pager(show: Open, http_server: ScriptedServer) -> None:
    """
    What arrived before it was shown.
    """
    http_server.respond_with(json_response({"tasks": ["first"], "continuationToken": "t"}), json_response({}, 404))
    argv = ("queue", "listTaskGroup", "fN1SbArXTPSVFNUvaOlinQ", "--paginate", "--format", "jsonl")
    screen = show(*argv, env=http_server.env)
    text = screen.read()

    assert 5 == screen.process.wait(60)
    assert text.index("PAGED") < text.index("first") < text.index("tc: ")
