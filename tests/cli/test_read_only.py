"""
Read-only mode: no command sends a call that changes something, whatever its verb, and none hands out secrets.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tccli import references
from tccli.references.effects import CHANGES, READS, RETURNS_SECRETS, find_effect
from tests.http_server import json_response
from tests.ids import TASK_ID, example_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox
    from tests.http_server import ScriptedServer

METHODS = [references.method(*method_id.split(".", 1)) for method_id in references.built_in().method_ids()]
ALLOWED = {"1": {READS}, "with-secrets": {READS, RETURNS_SECRETS}}
CANCEL = ("queue", "cancelTask", TASK_ID)
SECRET = ("secrets", "get", "a")


@pytest.mark.parametrize("mode", ALLOWED)
def test_of_all_methods_the_reads_are_sent(tc: CommandLine, http_server: ScriptedServer, mode: str) -> None:
    """
    Nothing else, by ``tc SERVICE`` and by ``tc api``: exit code 2, one line with the method.
    """
    wrong = []
    for number, method in enumerate(METHODS):
        words = ("api", method.service, method.name) if number % 2 else (method.service, method.name)
        payload = ("--data", "{}", "--no-validate") if method.takes_payload else ()
        before = len(http_server.requests)
        result = tc(
            *words,
            *example_arguments(method),
            *payload,
            "--retries",
            "0",
            env={**http_server.env, "TC_READ_ONLY": mode},
        )
        is_sent, is_allowed = len(http_server.requests) > before, find_effect(method) in ALLOWED[mode]
        is_refused = result.exit_code == 2 and method.id in result.stderr and result.stderr.count("\n") == 1
        if is_sent != is_allowed or is_refused == is_allowed:
            wrong.append((method.id, result.exit_code, result.stderr))

    assert wrong == []


@pytest.mark.parametrize(
    "argv",
    [
        ("task", "cancel", TASK_ID),
        ("task", "cancel", "-"),
        ("task", "rerun", "index:a.b"),
        ("task", "rerun", "-f", TASK_ID),
        ("task", "complete", TASK_ID),
        ("task", "retrigger", TASK_ID),
        ("task", "run", "--provisioner", "a", "--worker-type", "b", "image", "true"),
        ("group", "cancel", "-f", TASK_ID),
        ("upload-artifact", TASK_ID, "0", "public/a", "FILE"),
        ("upload-artifact", TASK_ID, "0", "public/a", "--link", "public/b"),
        ("upload-object", "FILE", "a", "--project-id", "p"),
        ("signed-url", "secrets", "get", "a"),
        ("signed-url", "queue", "getLatestArtifact", TASK_ID, "private/a"),
        ("temp-credentials", "--expires", "1 hour", "--scope", "*"),
        ("queue", "createTask", TASK_ID),
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
def test_no_command_changes_something(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    """
    They are refused before anything is sent, also what they would read first.
    """
    (tmp_path / "file").write_text("a")
    words = [str(tmp_path / "file") if word == "FILE" else word for word in argv]
    result = tc(*words, env={**http_server.env, "TC_READ_ONLY": "1"})

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert "TC_READ_ONLY" in result.stderr
    assert [] == http_server.requests


@pytest.mark.parametrize(
    "argv",
    [
        (*CANCEL, "--dry-run"),
        ("url", *CANCEL),
        ("scopes", "required", *SECRET),
        ("task", "cancel", "-n", TASK_ID),
        ("task", "status", TASK_ID),
        ("group", "cancel", "-n", TASK_ID),
        ("slugid",),
        ("config", "set", "config.rootUrl", "https://tc.example.com"),
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
def test_what_only_reads_works(tc: CommandLine, sandbox: RunningSandbox, argv: tuple[str, ...]) -> None:
    """
    Also dry runs of what would be refused.
    """
    definition = {
        "taskQueueId": "a/b",
        "created": "2026-01-01T00:00:00.000Z",
        "deadline": "2026-01-01T01:00:00.000Z",
        "payload": {},
        "taskGroupId": TASK_ID,
        "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
    }
    times = ("--set", f"created={sandbox_time(tc, '0s')}", "--set", f"deadline={sandbox_time(tc, '1h')}")
    made = tc("queue", "createTask", TASK_ID, *times, stdin=json.dumps(definition), env=sandbox.environment)
    assert 0 == made.exit_code, made.stderr
    del sandbox.requests[:]
    result = tc(*argv, env={**sandbox.environment, "TC_READ_ONLY": "yes"})

    assert 0 == result.exit_code, result.stderr
    assert {"GET"} >= {verb for verb, _ in sandbox.requests}


def sandbox_time(tc: CommandLine, offset: str) -> str:
    """
    Return a timestamp.
    """
    return tc("from-now", offset).stdout.strip()


@pytest.mark.parametrize(
    ("argv", "variable", "profile", "is_sent"),
    [
        pytest.param(SECRET, "1", "", False, id="environment"),
        pytest.param(SECRET, "with-secrets", "", True, id="environment, with secrets"),
        pytest.param(SECRET, "0", "", True, id="off"),
        pytest.param(SECRET, "", "", True, id="empty"),
        pytest.param(("--read-only", *SECRET), None, "", False, id="option"),
        pytest.param((*SECRET, "--read-only"), None, "", False, id="option at the end"),
        pytest.param((*SECRET, "--read-only=with-secrets"), None, "", True, id="option, with secrets"),
        pytest.param((*SECRET, "--read-only=true"), None, "", False, id="option, true"),
        pytest.param((*SECRET, "--read-only=false"), None, "", True, id="option, false"),
        pytest.param((*SECRET, "--read-only=with-secrets"), "1", "", False, id="an option does not weaken"),
        pytest.param((*SECRET, "--read-only=false"), "1", "", False, id="an option does not turn off"),
        pytest.param(("--read-only", *SECRET, "--read-only=with-secrets"), None, "", False, id="options, outside"),
        pytest.param((*SECRET, "--read-only", "--read-only=with-secrets"), None, "", False, id="options, strong first"),
        pytest.param((*SECRET, "--read-only=with-secrets", "--read-only"), None, "", False, id="options, weak first"),
        pytest.param((*SECRET, "--read-only", "--read-only=false"), None, "", False, id="options, false last"),
        pytest.param(SECRET, None, "read_only = true", False, id="profile"),
        pytest.param(SECRET, None, 'read_only = "with-secrets"', True, id="profile, with secrets"),
        pytest.param(SECRET, None, "read_only = false", True, id="profile, off"),
        pytest.param(SECRET, "0", "read_only = true", False, id="the environment does not turn off"),
        pytest.param((*SECRET, "--read-only=with-secrets"), None, "read_only = true", False, id="nor does an option"),
        pytest.param(CANCEL, "with-secrets", "", False, id="a change"),
        pytest.param((*CANCEL, "--read-only=with-secrets"), None, "", False, id="a change, by option"),
        pytest.param(CANCEL, None, "", True, id="nothing"),
    ],
)
def test_the_strictest_setting_counts(
    tc: CommandLine,
    http_server: ScriptedServer,
    bare_environment: dict[str, str],
    argv: tuple[str, ...],
    variable: str | None,
    profile: str,
    is_sent: bool,
) -> None:
    """
    Of option, environment and profile: none turns off what another one turned on.
    """
    http_server.respond_with(json_response({"status": {}, "secret": {}, "expires": ""}))
    directory = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc")
    os.makedirs(directory)
    with open(os.path.join(directory, "profiles.toml"), "w", encoding="utf-8") as file:
        file.write(f"[default]\n{profile}\n")
    given = {} if variable is None else {"TC_READ_ONLY": variable}
    result = tc(*argv, env={**http_server.env, **given})

    assert is_sent == bool(http_server.requests), result.stderr
    assert is_sent == (result.exit_code != 2)


@pytest.mark.parametrize(
    ("argv", "env", "profile", "code"),
    [
        (("--read-only=maybe",), {}, "", 2),
        ((), {"TC_READ_ONLY": "maybe"}, "", 3),
        ((), {"TC_READ_ONLY": "with secrets"}, "", 3),
        ((), {}, 'read_only = "maybe"', 3),
        ((), {}, "read_only = [1]", 3),
        ((), {}, "readOnly = true", 3),
    ],
)
def test_a_setting_that_is_not_understood_is_an_error(
    tc: CommandLine,
    http_server: ScriptedServer,
    bare_environment: dict[str, str],
    argv: tuple[str, ...],
    env: Mapping[str, str],
    profile: str,
    code: int,
) -> None:
    """
    It does not count as off.
    """
    directory = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc")
    os.makedirs(directory)
    with open(os.path.join(directory, "profiles.toml"), "w", encoding="utf-8") as file:
        file.write(f"[default]\n{profile}\n")
    result = tc("queue", "ping", *argv, env={**http_server.env, **env})

    assert (code, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "read" in result.stderr.lower()
    assert [] == http_server.requests


def test_a_method_that_another_reference_redefines_is_refused(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path
) -> None:
    """
    So is one that no reference of ours has, and a payload is not read for it.
    """

    def entry(name: str, verb: str, route: str, **more: Any) -> dict[str, Any]:
        base = {"type": "function", "args": ["taskId"], "query": [], "stability": "stable", "title": name}
        return {**base, "name": name, "method": verb, "route": route, "category": "c", "description": "", **more}

    document = {
        "$schema": "/schemas/common/api-reference-v0.json#",
        "apiVersion": "v1",
        "serviceName": "queue",
        "title": "Queue",
        "description": "",
        "entries": [
            entry("task", "get", "/task/<taskId>", output="task.json#"),
            entry("status", "post", "/task/<taskId>/cancel"),
            entry("peek", "get", "/peek/<taskId>"),
        ],
    }
    (tmp_path / "api.json").write_text(json.dumps(document))
    http_server.respond_with(json_response({}))
    options = ("--reference", str(tmp_path / "api.json"), "--read-only")
    codes = [tc("queue", name, TASK_ID, *options, env=http_server.env).exit_code for name in ("task", "status", "peek")]

    assert [0, 2, 2] == codes
    assert [f"/api/queue/v1/task/{TASK_ID}"] == [each.target for each in http_server.requests]


def test_the_go_client_refuses_too(taskcluster: CommandLine, http_server: ScriptedServer) -> None:
    """
    With its one exit code.
    """
    result = taskcluster("task", "cancel", TASK_ID, env={**http_server.env, "TC_READ_ONLY": "1"})

    assert (1, True) == (result.exit_code, result.stderr.startswith("Error: cannot call queue.cancelTask"))
    assert [] == http_server.requests


def test_unmarked_methods_exist() -> None:
    """
    The tests above refuse something.
    """
    assert 50 < sum(find_effect(method) == CHANGES for method in METHODS) < 70


@pytest.mark.parametrize(
    ("options", "env"), [((), {"TC_READ_ONLY": "1"}), (("--read-only",), {}), (("--profile", "ro"), {})], ids=str
)
def test_credentials_of_files_are_not_printed(
    tc: CommandLine, bare_environment: dict[str, str], options: tuple[str, ...], env: Mapping[str, str]
) -> None:
    """
    They can be used without tc. Masked, they are printed.
    """
    directory = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc")
    os.makedirs(directory)
    with open(os.path.join(directory, "profiles.toml"), "w", encoding="utf-8") as file:
        file.write('[a]\naccessToken = "t0ken"\n[ro]\nread_only = true\naccessToken = "t0ken"\n')
    os.chmod(file.name, 0o600)
    for words in (("profile", "show", "a"), ("profile", "show", "ro"), ("config", "get")):
        assert 0 == tc(*options, *words, env=env).exit_code
        result = tc(*options, *words, "--show-secrets", env=env)
        assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), words
    assert 2 == tc("profile", "show", "ro", "--show-secrets").exit_code
    assert 0 == tc("profile", "show", "a", "--show-secrets").exit_code
