"""
``tc completions``: scripts, and the values that they ask for.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.http_server import response
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import CommandLine, RunningSandbox
    from tests.examples.example_deployment import ExampleDeployment
    from tests.http_server import ScriptedServer

PATIENT = {"TC_COMPLETION_TIMEOUT": "30s"}
SECRET = "project/example/token"


def cached(environment: Mapping[str, str]) -> list[Path]:
    """
    Return the files in which answers are kept.
    """
    return sorted(Path(environment["HOME"], ".cache", "tc", "values").glob("*"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "PowerShell"])
def test_a_script_for_each_shell(tc: CommandLine, shell: str) -> None:
    """
    On stdout, with the services in it.
    """
    result = tc("completions", shell)

    assert (0, "") == (result.exit_code, result.stderr)
    assert "worker-manager" in result.stdout


@pytest.mark.parametrize("words", [pytest.param([], id="none"), pytest.param(["tcsh"], id="another"), ["bash", "zsh"]])
def test_the_shells_are_named(tc: CommandLine, words: list[str]) -> None:
    """
    When none, or one that is not known, is asked for.
    """
    result = tc("completions", *words)

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.endswith("; use one of bash, zsh, fish, powershell\n")


def test_references_in_use_are_in_the_script(tc: CommandLine, tmp_path: Path) -> None:
    """
    A service that nobody here knows, too.
    """
    entry = {
        "type": "function",
        "method": "get",
        "name": "brew",
        "route": "/pot/<potId>",
        "args": ["potId"],
        "query": [],
        "stability": "stable",
        "title": "Brew",
        "description": "Brews.",
    }
    reference = {
        "$schema": "/schemas/common/api-reference-v0.json#",
        "serviceName": "teapot",
        "apiVersion": "v1",
        "title": "Teapot",
        "description": "Tea.",
        "entries": [entry],
    }
    path = tmp_path / "api.json"
    path.write_text(json.dumps(reference), "utf-8")

    assert "teapot" in tc("--reference", str(path), "completions", "bash").stdout


def test_values_are_kept_for_the_next_time(
    tc: CommandLine, deployment: ExampleDeployment, bare_environment: dict[str, str]
) -> None:
    """
    A line each, asked for once, in a file that is the owner's alone and is not named after what is in it.
    """
    env = {**deployment.sandbox.environment, **PATIENT}
    before = len(deployment.sandbox.requests)
    first = tc("completions", "--values", "secret", "--", "proj", env=env)
    second = tc("completions", "--values", "secret", "--", "project/", env=env)
    other = tc("completions", "--values", "secret", "--", "nothing", env=env)

    assert (0, f"{SECRET}\n", "") == (first.exit_code, first.stdout, first.stderr)
    assert f"{SECRET}\n" == second.stdout
    assert "" == other.stdout
    assert 1 == len(deployment.sandbox.requests) - before
    (file,) = cached(bare_environment)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert 0o700 == stat.S_IMODE(file.parent.stat().st_mode)


def test_another_account_gets_its_own_answer(tc: CommandLine, deployment: ExampleDeployment) -> None:
    """
    What one may see is not shown to the next.
    """
    env = {**deployment.sandbox.environment, **PATIENT}
    before = len(deployment.sandbox.requests)
    for options in ([], ["--authorized-scopes", "[]"], ["--anonymous"], ["--authorized-scopes", "[]"], []):
        tc(*options, "completions", "--values", "secret", "--", "", env=env)

    assert 3 == len(deployment.sandbox.requests) - before


def test_a_meaning_stands_after_a_tab(tc: CommandLine, deployment: ExampleDeployment) -> None:
    """
    For the shells that show one.
    """
    env = {**deployment.sandbox.environment, **PATIENT}
    result = tc("completions", "--values", "hook", "--", "project-example", "", env=env)

    assert "nightly\tNightly\n" == result.stdout


def test_tasks_are_remembered(tc: CommandLine, deployment: ExampleDeployment) -> None:
    """
    One whose artifacts were asked for is offered later, and so are the others of its group.
    """
    task, other = "fN1SbArXTPSVFNUvaOlinQ", "A" * 8 + "Q" + "A" + "C" + "A" * 10 + "A"
    deployment.complete_task()
    definition = deployment.call("queue.task", task)
    deployment.call("queue.createTask", other, payload=definition)
    env = {**deployment.sandbox.environment, **PATIENT}
    assert "" == tc("completions", "--values", "task", "--", "", env=env).stdout
    tc("completions", "--values", "artifact", "--", f"{deployment.sandbox.root_url}/tasks/{task}", "", env=env)
    result = tc("completions", "--values", "task", "--", "", env=env)
    of_group = tc(
        "completions", "--values", "task", "--", "", env={**env, "TASK_GROUP_ID": task, "XDG_CACHE_HOME": "/x"}
    )

    assert [f"{other}\tExample", f"{task}\tExample"] == sorted(result.stdout.splitlines())
    assert result.stdout == of_group.stdout


def test_profiles(tc: CommandLine, bare_environment: dict[str, str]) -> None:
    """
    From their file, without a deployment.
    """
    path = Path(bare_environment["HOME"], ".config", "tc", "profiles.toml")
    path.parent.mkdir(parents=True)
    path.write_text('[staging]\nrootUrl = "https://x"\n[work]\n', "utf-8")

    assert "staging\nwork\n" == tc("completions", "--values", "profile", "--", "").stdout
    assert "work\n" == tc("completions", "--values", "profile", "--", "w").stdout


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="no root URL"),
        pytest.param({"TASKCLUSTER_ROOT_URL": "nonsense"}, id="a malformed root URL"),
        pytest.param({"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"}, id="nobody there"),
        pytest.param(
            {"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1", "TASKCLUSTER_CLIENT_ID": "x"}, id="half an account"
        ),
        pytest.param({"TC_COMPLETION_TIMEOUT": "soon", "TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"}, id="no duration"),
    ],
)
@pytest.mark.parametrize("words", [["secret", "--", ""], ["hook", "--", ""], ["worker", "--", "x", ""], ["nonsense"]])
def test_silent_where_something_is_wrong(tc: CommandLine, environment: dict[str, str], words: list[str]) -> None:
    """
    No value, no error.
    """
    result = tc("completions", "--values", *words, env=environment)

    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[]", id="an array"),
        pytest.param(b'{"secrets": 5}', id="a number"),
        pytest.param(b'{"secrets": [{"a": 1}, null, "ok", ["x"]]}', id="other things"),
        pytest.param(b"{", id="no JSON"),
    ],
)
def test_silent_where_the_answer_is_malformed(tc: CommandLine, http_server: ScriptedServer, body: bytes) -> None:
    """
    No traceback either.
    """
    http_server.respond_with(response(200, body, Content_Type="application/json"))
    result = tc("completions", "--values", "secret", "--", "o", env={**http_server.env, **PATIENT})

    assert (0, "") == (result.exit_code, result.stderr)
    assert result.stdout in {"", "ok\n"}


def test_names_that_would_move_a_terminal_are_left_out(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Control characters, line breaks, and halves of characters.
    """
    names = ["fine/ü", "a\nb", "\x1b[2J", "tab\there", "\ud800", "\u202e"]
    body = json.dumps({"secrets": names}).encode()
    http_server.respond_with(response(200, body, Content_Type="application/json"))
    result = tc("completions", "--values", "secret", "--", "", env={**http_server.env, **PATIENT})

    assert "fine/ü\n" == result.stdout


def test_ends_soon_without_a_server(tc_process: CommandLine) -> None:
    """
    Long before a call would give up, as a process of its own; and the next time nobody is asked at all.
    """
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        env = {"TASKCLUSTER_ROOT_URL": f"http://127.0.0.1:{nobody.getsockname()[1]}"}
        started = time.monotonic()
        first = tc_process("completions", "--values", "secret", "--", "", env=env)
        check_duration(started, 15)
        nobody.settimeout(10)
        nobody.accept()[0].close()
        second = tc_process("completions", "--values", "secret", "--", "", env=env)
        nobody.setblocking(False)
        with pytest.raises(BlockingIOError):
            nobody.accept()

    for result in (first, second):
        assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)


def test_a_cache_that_cannot_be_written_does_not_matter(
    tc: CommandLine, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """
    Values come all the same.
    """
    (tmp_path / "file").write_text("", "utf-8")
    env = {**sandbox.environment, **PATIENT, "XDG_CACHE_HOME": str(tmp_path / "file")}

    assert "anonymous\n" == tc("completions", "--values", "role", "--", "", env=env).stdout
    assert not os.listdir(tmp_path / "home")
