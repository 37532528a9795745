"""
The end of every command: its exit code, and what is left of its output.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tccli
from tccli import errors, references, topics
from tccli.cli import pointers
from tccli.cli.directories import command_names
from tests.http_server import Response, error_response, json_response, response
from tests.ids import TASK_ID
from tests.terminals import read_terminal
from tests.transfer_env import wait_until

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox, Start
    from tests.http_server import ScriptedServer

COMMANDS = command_names()
LARGE = {"entries": ["x" * 100] * 20_000}


@pytest.mark.parametrize(
    ("given", "argv", "expected"),
    [
        pytest.param(
            error_response(404, "ResourceNotFound", "no \x9b\ud800 task"),
            ["queue", "task", TASK_ID],
            {"exitCode": 5, "status": 404, "code": "ResourceNotFound"},
            id="service",
        ),
        pytest.param(response(200, b"<html>"), ["queue", "task", TASK_ID], {"exitCode": 9}, id="broken"),
        pytest.param(response(200), ["queue", "tsk"], {"exitCode": 2}, id="no such method"),
        pytest.param(response(200), ["queue", "task"], {"exitCode": 2}, id="missing argument"),
        pytest.param(response(200), ["queue", "task", TASK_ID, "--nope"], {"exitCode": 2}, id="unknown option"),
        pytest.param(response(200), ["queue", "task", TASK_ID, "--timeout", "x"], {"exitCode": 2}, id="bad value"),
        pytest.param(response(200), ["queue", "task", TASK_ID, "--root-url", "x"], {"exitCode": 3}, id="configuration"),
    ],
)
@pytest.mark.parametrize("is_last", [False, True], ids=["first", "last"])
def test_an_error_can_be_a_line_of_json(
    tc: CommandLine,
    http_server: ScriptedServer,
    given: Response,
    argv: list[str],
    expected: dict[str, Any],
    is_last: bool,
) -> None:
    """
    One line on stderr with the exit code, the message, and what the service sent, wherever the option is.
    """
    http_server.respond_with(given)
    option = ["--error-format", "json"]
    result = tc(*(argv + option if is_last else option + argv), env=http_server.env)
    document = json.loads(result.stderr)

    assert 1 == result.stderr.count("\n")
    assert result.exit_code == document["exitCode"]
    assert expected == {name: document[name] for name in expected}
    assert document["message"]
    assert ("body" in document) == ("status" in expected)
    assert "\x9b" not in result.stderr


def test_help_lists_everything(tc: CommandLine) -> None:
    """
    Services and commands, each with a line about it.
    """
    result = tc("--help")
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines() if line.startswith("  ")]
    listed = {words[0] for words in lines if len(words) == 2}

    assert (0, "") == (result.exit_code, result.stderr)
    assert {*references.service_names(), *COMMANDS, "api"} <= listed


def test_every_command_has_help(tc: CommandLine) -> None:
    """
    By any spelling of its name; ``-h`` is the same.
    """
    wrong = []
    for name in [*COMMANDS, "api", *references.service_names()]:
        result = tc(name, "--help")
        is_right = (result.exit_code, result.stderr) == (0, "") and result.stdout.startswith(f"Usage: tc {name}")
        if not is_right or result != tc(name.upper().replace("-", "_"), "-h"):
            wrong.append(name)

    assert not wrong


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        pytest.param("40", 40, id="narrow"),
        pytest.param("80", 80, id="usual"),
        pytest.param("200", 100, id="wider than one can read"),
        pytest.param("1", 40, id="nonsense"),
        pytest.param("x", 80, id="not a number"),
    ],
)
def test_help_fits_the_terminal(tc: CommandLine, columns: str, width: int) -> None:
    """
    Lines are as wide as the terminal, within limits. Only a word that is too long for its column is longer.
    """
    result = tc("queue", "listTaskGroup", "--help", env={"COLUMNS": columns})
    lines = result.stdout.splitlines()
    text, _, example = result.stdout.partition("Example:")
    too_long = [
        line for line in text.splitlines() if len(line) > width and len(line.rsplit(" ", 1)[0].rstrip()) > width
    ]

    assert 0 == result.exit_code
    assert [] == too_long
    assert max(map(len, lines)) > width - 20
    assert "--continuation-token" in text
    assert "tc queue listTaskGroup" in example


@pytest.mark.parametrize("argv", [["--version"], ["--version", "nonsense"]])
def test_prints_its_version(tc: CommandLine, argv: list[str]) -> None:
    """
    As everybody does.
    """
    assert f"tc {tccli.__version__}\n" == tc(*argv).stdout


@pytest.mark.parametrize("argv", [[], ["queue"], ["events"]], ids=["tc", "a service", "a group"])
def test_an_incomplete_command_prints_help_to_stderr(tc: CommandLine, argv: list[str]) -> None:
    """
    It is an error: a script must not take it for a result.
    """
    result = tc(*argv)

    assert (2, b"") == (result.exit_code, result.output)
    assert result.stderr.startswith("Usage: tc")


@pytest.mark.parametrize("argv", [[], ["queue"]], ids=["tc", "a service"])
def test_a_help_that_nobody_reads(start: Start, argv: list[str]) -> None:
    """
    A disk that is full changes nothing, and a reader of stderr that has gone away ends the command.
    """
    with Path("/dev/full").open("wb") as full:
        process = start(*argv, stderr=full.fileno())
    assert (b"", 2) == (process.communicate(timeout=60)[0], process.returncode)

    reading, writing = os.pipe()
    os.close(reading)
    process = start(*argv, stderr=writing)
    os.close(writing)
    assert (b"", 141) == (process.communicate(timeout=60)[0], process.returncode)


def test_a_help_of_the_go_client_that_nobody_reads(process_environment: dict[str, str]) -> None:
    """
    It goes to stdout, where it is a result.
    """
    code = "import sys; sys.argv = ['taskcluster']; from tccli.__main__ import main; main()"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=process_environment,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )

    assert (1, b"Error: cannot write the output: No space left on device\n") == (done.returncode, done.stderr)


def test_every_error_has_its_code() -> None:
    """
    As the table in the documentation says.
    """
    classes: list[type[errors.TcError]] = [
        errors.NegativeAnswerError,
        errors.UsageError,
        errors.ConfigurationError,
        errors.RefusedError,
        errors.NotFoundError,
        errors.RejectedError,
        errors.FailedError,
        errors.NoAnswerError,
        errors.BrokenAnswerError,
    ]

    assert [*range(1, 10)] == [each.exit_code for each in classes]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, errors.RefusedError) for status in (401, 403)),
        *((status, errors.NotFoundError) for status in (404, 410, 424)),
        *((status, errors.RejectedError) for status in (400, 402, 405, 409, 413, 418, 422, 499)),
        *((status, errors.FailedError) for status in (429, 500, 502, 503, 504, 599, 0, 102, 600)),
    ],
)
def test_every_status_has_its_error(status: int, kind: type[errors.ServiceError]) -> None:
    """
    There is none in between.
    """
    assert kind is errors.service_error_class(status)


def test_the_error_tree_is_drawn_as_it_is() -> None:
    """
    The docstring names every class and its code.
    """
    assert errors.__doc__
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.TcError) and kind is not errors.TcError:
            assert kind.__name__ in errors.__doc__


# Output that cannot be written.


def test_a_reader_that_goes_away_is_no_error(start: Start, http_server: ScriptedServer) -> None:
    """
    ``| head -1``: 141, and not a word.
    """
    http_server.respond_with(json_response(LARGE))
    process = start("queue", "task", TASK_ID, "--format", "jsonl", "--no-proxy", env=http_server.env)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()

    assert (141, b"") == (process.wait(60), process.stderr.read())


@pytest.mark.parametrize(
    "argv", [["--help"], ["queue", "--help"], ["slugid"], ["--version"], ["version"], ["events", "list"]]
)
def test_a_reader_that_was_never_there_is_no_error(start: Start, argv: list[str]) -> None:
    """
    For help and small answers too.
    """
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*argv, stdout=writing)
    os.close(writing)
    _, said_ = process.communicate(timeout=60)

    assert (141, b"") == (process.returncode, said_)


def test_pages_stop_when_the_reader_goes_away(start: Start, http_server: ScriptedServer) -> None:
    """
    Nobody fetches what nobody reads.
    """
    http_server.respond_with(
        lambda _: json_response({"tasks": ["x" * 1000] * 200, "continuationToken": str(len(http_server.requests))})
    )
    process = start("queue", "listTaskGroup", TASK_ID, "--paginate", "--format", "jsonl", env=http_server.env)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()

    assert 141 == process.wait(60)


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["queue", "task", TASK_ID], id="an answer"),
        pytest.param(["queue", "task", TASK_ID, "--format", "table"], id="a table"),
        pytest.param(["slugid"], id="a slugid"),
        pytest.param(["--help"], id="help"),
        pytest.param(["--version"], id="version"),
    ],
)
def test_a_full_disk_is_an_error_of_this_machine(start: Start, http_server: ScriptedServer, argv: list[str]) -> None:
    """
    One line, also when it shows at the very end only.
    """
    http_server.respond_with(json_response({"a": 1}))
    with Path("/dev/full").open("wb") as full:
        process = start(*argv, env=http_server.env, stdout=full.fileno())
        _, said_ = process.communicate(timeout=60)

    assert 3 == process.returncode
    called = b"; the call itself succeeded" if argv[0] == "queue" else b""
    assert b"tc: cannot write the output: No space left on device" + called + b"\n" == said_


def test_a_full_disk_for_a_file_too(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With its name.
    """
    result = tc("queue", "ping", "-o", "/dev/full", env=http_server.env)

    assert 3 == result.exit_code
    assert "tc: cannot write /dev/full: No space left on device; the call itself succeeded\n" == result.stderr


@pytest.mark.parametrize(
    "argv", [["validate-json", "s.json", "d.json"], ["upload-artifact", "a", "0", "b", "./c"]], ids=" ".join
)
def test_a_deleted_directory_is_named(
    process_environment: dict[str, str], http_server: ScriptedServer, tmp_path: Path, argv: list[str]
) -> None:
    """
    The output has nothing to do with it.
    """
    command = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -m tccli "$@"'
    env = {**process_environment, **http_server.env, "PYTHONPATH": str(Path(tccli.__file__).parent.parent)}
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, *argv],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode in {2, 3}
    assert b"write the output" not in done.stderr
    assert 1 == done.stderr.count(b"\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory"), "cannot find the current directory"),
        (PermissionError(13, "Permission denied", "/x/y"), "cannot use /x/y: Permission denied"),
        (OSError(28, "No space left on device"), "cannot write the output: No space left on device"),
        (OSError(24, "Too many open files"), "this machine refused: Too many open files"),
        (OSError("without a number"), "this machine refused: without a number"),
    ],
    ids=str,
)
def test_an_error_of_the_system_is_told_as_what_it_is(
    tc: CommandLine, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    """
    Where no function has explained it.
    """

    def fail() -> str:
        raise error

    monkeypatch.setattr("slugid.nice", fail)
    result = tc("slugid")

    assert 3 == result.exit_code
    assert said in result.stderr
    assert 1 == result.stderr.count("\n")


@pytest.mark.parametrize("module", ["click", "tccli.cli.context", "tccli.commands.slugid", "slugid", "uuid"])
def test_ctrl_c_while_modules_are_imported_is_an_interrupt(process_environment: dict[str, str], module: str) -> None:
    """
    Without a traceback, wherever it comes.
    """
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['tc', 'slugid']\n"
        "from tccli.__main__ import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=process_environment, capture_output=True, check=False, timeout=60
    )

    assert (130, b"", b"") == (done.returncode, done.stdout, done.stderr.strip())


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("argv", ["queue ping", "slugid", "secrets set a", "nonsense", "--help"])
def test_closed_streams_are_survived(
    process_environment: dict[str, str], http_server: ScriptedServer, closed: str, argv: str
) -> None:
    """
    As cron and daemons start programs.
    """
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m tccli {argv} {closed}', sys.executable],
        env={**process_environment, **http_server.env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
    assert done.returncode in {0, 2, 3}
    assert done.stderr.count(b"\n") <= 1


@pytest.mark.parametrize(
    "argv", ["queue ping", f"task rerun {TASK_ID}", f"task log {TASK_ID}", f"group logs {TASK_ID} --name x"]
)
def test_nothing_is_sent_without_a_stdout(
    process_environment: dict[str, str], http_server: ScriptedServer, argv: str
) -> None:
    """
    What came back could not be printed.
    """
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m tccli {argv} >&-', sys.executable],
        env={**process_environment, **http_server.env},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )

    assert (3, 1) == (done.returncode, done.stderr.count(b"\n")), done.stderr
    assert not http_server.requests


def test_a_note_that_cannot_be_written_changes_nothing(
    process_environment: dict[str, str], http_server: ScriptedServer
) -> None:
    """
    The disk of the log is full, and the call succeeds.
    """
    run = {"runId": 0, "state": "completed", "reasonResolved": "completed"}
    http_server.respond_with(json_response({"status": {"taskId": TASK_ID, "state": "completed", "runs": [run]}}))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tccli", "-v", "task", "cancel", TASK_ID],
            env={**process_environment, **http_server.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            timeout=60,
        )

    assert (0, b"completed 'completed'\n") == (done.returncode, done.stdout)


# Files.


def test_an_answer_goes_to_a_file(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    The bytes that would have gone to stdout; ``-`` is stdout.
    """
    http_server.respond_with(json_response({"a": "ü"}))
    result = tc("queue", "task", TASK_ID, "-o", str(tmp_path / "task.json"), env=http_server.env)

    assert (0, b"", "") == (result.exit_code, result.output, result.stderr)
    assert '{"a": "ü"}\n' == (tmp_path / "task.json").read_text("utf-8")
    assert '{"a": "ü"}\n' == tc("queue", "task", TASK_ID, "-o", "-", env=http_server.env).stdout


@pytest.mark.parametrize(
    "trouble",
    [error_response(404, "ResourceNotFound", "no"), response(200, b"{"), response(502, b"<html>")],
    ids=["404", "broken", "502"],
)
def test_a_file_survives_a_failure(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, trouble: object
) -> None:
    """
    Its content, and its neighbourhood.
    """
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.json").write_text("old")
    http_server.respond_with(trouble)  # type: ignore[arg-type]
    result = tc("queue", "task", TASK_ID, "--retries", "0", "-o", str(tmp_path / "out" / "a.json"), env=http_server.env)

    assert result.exit_code in {5, 7, 9}
    assert "old" == (tmp_path / "out" / "a.json").read_text()
    assert ["a.json"] == os.listdir(tmp_path / "out")


@pytest.mark.parametrize(
    ("target", "code"), [("nowhere/a.json", 2), ("", 2), ("a.json/b", 2)], ids=["no folder", "a folder", "below a file"]
)
def test_an_unwritable_file_is_reported_before_the_call(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, target: str, code: int
) -> None:
    """
    Nothing is sent for a response that could not be stored.
    """
    (tmp_path / "a.json").touch()
    result = tc(
        "queue", "createTask", TASK_ID, "--data", "{}", "-o", os.path.join(tmp_path, target), env=http_server.env
    )

    assert code == result.exit_code
    assert 1 == result.stderr.count("\n")
    assert [] == http_server.requests


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["queue", "ping", "-o", "/no\nwhere/file"], id="a file"),
        pytest.param(["queue", "pi\nng"], id="a method"),
        pytest.param(["que\nue"], id="a command"),
        pytest.param(["queue", "ping", "sur\nplus"], id="an argument"),
        pytest.param(["queue", "ping", "--op\ntion"], id="an option"),
        pytest.param(["--fake", "/no\nwhere", "queue", "ping"], id="answers"),
    ],
)
def test_an_error_is_one_line_whatever_it_names(tc: CommandLine, http_server: ScriptedServer, argv: list[str]) -> None:
    """
    Names may hold line ends.
    """
    result = tc(*argv, env=http_server.env)

    assert result.exit_code in {2, 3}
    assert 1 == result.stderr.count("\n")


def test_a_killed_process_leaves_the_old_file(start: Start, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Interrupted while pages come in.
    """
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.json").write_text("old")
    http_server.respond_with(
        lambda _: json_response({"tasks": [1], "continuationToken": str(len(http_server.requests))})
    )
    process = start(
        "queue", "listTaskGroup", TASK_ID, "--paginate", "-o", str(tmp_path / "out" / "a.json"), env=http_server.env
    )
    http_server.wait_for(20)
    process.send_signal(signal.SIGINT)

    assert 130 == process.wait(60)
    assert "old" == (tmp_path / "out" / "a.json").read_text()
    assert ["a.json"] == os.listdir(tmp_path / "out")


# Terminals.


def on_a_terminal(environment: dict[str, str], *argv: str) -> str:
    """
    Return what a terminal shows of a command.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tccli", *argv],
        env={"TERM": "xterm", "TC_PAGER": "cat", **environment},
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = read_terminal(ours)
        process.wait(60)
    return shown.decode().replace("\r\n", "\n")


PLAIN = '{"a":1,"b":["x"]}\n'
INDENTED = '{\n  "a": 1,\n  "b": [\n    "x"\n  ]\n}\n'


@pytest.mark.parametrize(
    ("options", "env", "coloured"),
    [
        pytest.param([], {}, True, id="by itself"),
        pytest.param([], {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param([], {"NO_COLOR": ""}, True, id="NO_COLOR empty"),
        pytest.param([], {"TERM": "dumb"}, False, id="dumb terminal"),
        pytest.param(["--color", "never"], {"FORCE_COLOR": "1"}, False, id="never"),
        pytest.param(["--color", "always"], {"NO_COLOR": "1"}, True, id="always"),
    ],
)
def test_a_terminal_gets_colour_and_indentation(
    process_environment: dict[str, str],
    http_server: ScriptedServer,
    options: list[str],
    env: dict[str, str],
    coloured: bool,
) -> None:
    """
    People read it.
    """
    import re

    http_server.respond_with(response(200, PLAIN.strip().encode()))
    shown = on_a_terminal({**process_environment, **http_server.env, **env}, "queue", "task", TASK_ID, *options)

    assert coloured == ("\x1b[" in shown)
    assert INDENTED == re.sub(r"\x1b\[[0-9;]*m", "", shown)


@pytest.mark.parametrize(
    ("options", "env", "coloured"),
    [
        pytest.param([], {}, False, id="by itself"),
        pytest.param([], {"FORCE_COLOR": "1"}, True, id="FORCE_COLOR"),
        pytest.param([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, id="both"),
        pytest.param(["--color", "always"], {}, True, id="always"),
    ],
)
def test_a_pipe_gets_neither(
    tc: CommandLine, http_server: ScriptedServer, options: list[str], env: dict[str, str], coloured: bool
) -> None:
    """
    Unless it is asked for; and colour changes no character.
    """
    import re

    http_server.respond_with(response(200, PLAIN.strip().encode()))
    shown = tc("queue", "task", TASK_ID, *options, env={**http_server.env, **env}).stdout

    assert coloured == ("\x1b[" in shown)
    assert PLAIN == re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_a_table_fits_the_terminal(process_environment: dict[str, str], http_server: ScriptedServer) -> None:
    """
    Long cells are folded, not cut.
    """
    http_server.respond_with(json_response({"a": "x" * 300}))
    shown = on_a_terminal(
        {**process_environment, **http_server.env, "COLUMNS": "60", "NO_COLOR": "1"},
        "queue",
        "task",
        TASK_ID,
        "--format",
        "table",
    )

    assert max(map(len, shown.splitlines())) <= 60
    assert 300 == shown.count("x")


def test_errors_on_a_terminal_are_the_same(process_environment: dict[str, str], http_server: ScriptedServer) -> None:
    """
    One line.
    """
    http_server.respond_with(error_response(404, "ResourceNotFound", "no"))
    shown = on_a_terminal({**process_environment, **http_server.env}, "queue", "task", TASK_ID)

    assert f"tc: queue.task: 404 ResourceNotFound: no ({http_server.url}/api/queue/v1/task/{TASK_ID})\n" == shown


def test_a_bug_says_what_to_do(start: Start, tmp_path: Path) -> None:
    """
    Behind its traceback.
    """
    (tmp_path / "slugid.py").write_text("1 / 0\n")
    process = start("slugid", env={"PYTHONPATH": str(tmp_path)})
    stdout, stderr = process.communicate(timeout=60)

    assert (70, b"") == (process.returncode, stdout)
    assert b"ZeroDivisionError" in stderr
    assert b"report it" in stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("word", "pointer"),
    [
        ("wait", "tc task wait TASK"),
        ("poll", "tc group wait GROUP"),
        ("Logs", "tc task log TASK"),
        ("tail", "tc task log TASK"),
        ("status", "tc task status TASK"),
        ("rerun", "tc task rerun TASK"),
        ("retry", "tc group rerun GROUP --failed"),
        ("cancel", "tc task cancel TASK"),
        ("watch", "tc group watch GROUP"),
        ("why", "tc task why TASK"),
        ("ps", "tc group list GROUP"),
        ("que", "did you mean queue"),
        ("xyzzy", "tc find"),
    ],
)
def test_an_unknown_command_leads_on(tc: CommandLine, word: str, pointer: str) -> None:
    """
    To what does that, to a similar name, or to the search.
    """
    result = tc(word, "fN1SbArXTPSVFNUvaOlinQ")

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert word in result.stderr
    assert pointer in result.stderr


def test_pointers_lead_to_what_exists(tc: CommandLine) -> None:
    """
    None is for a command or a service, and all commands in them exist.
    """
    known = re.findall(r"(?m)^  ([a-z][\w-]*)  ", tc("--help").stdout)
    for words, hint in pointers.POINTERS:
        assert not set(words.split()) & set(known)
        for found in re.findall(r"\btc ((?:queue|hooks|help|references) [\w-]+|[a-z][\w-]*)", hint):
            first, *rest = found.split()
            assert first in known, found
            assert tc(first, *rest, "--help").exit_code == 0, found


@pytest.mark.parametrize(
    ("argv", "may_be_argument"),
    [
        (["group", "logs", "G", "--faild-x"], False),
        (["task", "status", "--nosuch"], False),
        (["task", "status", "-Z"], True),
        (["version", "-Z"], False),
        (["task", "run", "--queue", "a/b", "--nosuch"], True),
        (["exec", "--nosuch"], True),
    ],
    ids=str,
)
def test_unknown_options_that_may_be_arguments(tc: CommandLine, argv: list[str], may_be_argument: bool) -> None:
    """
    Only then the hint says how to give them as arguments.
    """
    result = tc(*argv)

    assert 2 == result.exit_code
    assert may_be_argument == (" after --" in result.stderr), result.stderr


@pytest.mark.parametrize("group", pointers.SUBCOMMAND_POINTERS)
def test_pointers_of_subcommands(tc: CommandLine, group: str) -> None:
    """
    None is for a subcommand, and all commands in them exist.
    """
    known = re.findall(r"(?m)^  ([a-z][\w-]*)  ", tc(group, "--help").stdout)
    for words, hint in pointers.SUBCOMMAND_POINTERS[group]:
        assert not set(words.split()) & set(known)
        result = tc(group, words.split()[0], "X")
        assert 2 == result.exit_code
        assert hint in result.stderr
        for found in re.findall(r"\btc ((?:task|group|queue|download) \w+|open)\b", hint):
            assert 0 == tc(*found.split(), "--help").exit_code, found


def test_the_help_of_tc_ends_with_a_way_on(tc: CommandLine) -> None:
    """
    Topics, the search, and examples.
    """
    end = tc("--help").stdout.partition("\nExamples:\n")[2]

    assert "tc find WORDS" in end
    assert "tc help TOPIC" in end
    assert all(name in end for name in topics.list_topic_names())


@pytest.mark.parametrize(
    ("options", "has_hint"), [(["--anonymous"], True), ([], False), (["--authorized-scope", "a"], False)]
)
def test_a_call_without_credentials_that_needs_scopes_leads_to_them(
    tc: CommandLine, sandbox: RunningSandbox, options: list[str], has_hint: bool
) -> None:
    """
    A call with credentials that lacks scopes does not.
    """
    result = tc("secrets", "get", "x", *options, env=sandbox.environment)

    assert (4 if options else 5, 1) == (result.exit_code, result.stderr.count("\n"))
    assert has_hint == ("tc help credentials" in result.stderr)


def test_each_message_is_json(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With --error-format json, also what -vv prints, retries and warnings; only the error has an exit code.
    """
    http_server.respond_with(error_response(503, "E", "not now"))
    argv = ("queue", "ping", "-vv", "--retries", "1", "--delay-factor", "1ms", "--error-format", "json")
    result = tc(*argv, env=http_server.env)

    *notes, error = [json.loads(line) for line in result.stderr.splitlines()]
    assert len(notes) > 4
    assert all(list(note) == ["message"] for note in notes)
    assert result.exit_code == error["exitCode"] == 7


def test_no_object_is_freed_at_the_end(process_environment: dict[str, str]) -> None:
    """
    A thread that still waits for it would crash. What modules do at the end is done, and all output is there.
    """
    code = (
        "import atexit, sys\n"
        "class Freed:\n"
        "    def __del__(self): print('freed')\n"
        "sys.kept = Freed()\n"
        "atexit.register(print, 'done')\n"
        "sys.argv = ['tc', 'from-now', '--format', 'raw', '1 day']\n"
        "from tccli.__main__ import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=process_environment, capture_output=True, check=False)

    assert (0, b"") == (done.returncode, done.stderr)
    assert re.fullmatch(rb"20.*Z\n?done\n", done.stdout), done.stdout


@pytest.mark.parametrize(("code", "expected"), [(0xC000013A, 0x3A), (2**31 - 1, 255), (-5, 251)])
def test_any_exit_code_of_a_command_ends_the_process(
    process_environment: dict[str, str], code: int, expected: int
) -> None:
    """
    Windows has codes of 32 bits, which this system cuts off.
    """
    script = f"from tccli.__main__ import end; end({code})"
    done = subprocess.run([sys.executable, "-c", script], env=process_environment, capture_output=True, check=False)

    assert (expected, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    "words",
    [["completions", "bash"], ["queue", "createTask", "--help"], ["schema", "queue", "createTask"]],
    ids=" ".join,
)
def test_a_pipe_that_does_not_block_gets_all(start: Start, words: list[str]) -> None:
    """
    As the other end of a socket or a pipe may be left by the program that made it.
    """
    complete = start(*words).communicate(timeout=60)[0]
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    waiting = bytearray(4)

    def is_full() -> bool:
        fcntl.ioctl(ours, termios.FIONREAD, waiting)
        return int.from_bytes(waiting, sys.byteorder) == 4096

    os.set_blocking(theirs, False)
    process = start(*words, stdout=theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as reader:
        wait_until(is_full, process)
        found = reader.readall()

    assert (0, b"") == (process.wait(60), process.communicate()[1])
    assert complete == found
