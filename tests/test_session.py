"""
A session with a deployment that checks signatures, scopes and schemas: what people do, from the shell's side.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import slugid

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox

SECRET = '{"secret": {"token": "ü"}, "expires": "2100-01-01T00:00:00.000Z"}'


def test_secrets(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Written, read, listed and taken away, with a slash in the name.
    """
    env = sandbox.environment
    assert 0 == tc("secrets", "set", "project/a b", stdin=SECRET, env=env).exit_code
    assert '"ü"\n' == tc("secrets", "get", "project/a b", "--jq", ".secret.token", env=env).stdout
    assert ["project/a b"] == json.loads(tc("secrets", "list", env=env).stdout)["secrets"]
    assert 0 == tc("secrets", "remove", "project/a b", env=env).exit_code
    gone = tc("secrets", "get", "project/a b", env=env)

    assert 5 == gone.exit_code
    assert gone.stderr.startswith("tc: secrets.get: 404 ResourceNotFound: ")
    assert ("PUT", "/api/secrets/v1/secret/project%2Fa%20b") == sandbox.requests[0]


def test_limits_are_kept(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Authorized scopes, no scopes, anonymous: 403 each, by the deployment's word.
    """
    env = sandbox.environment
    for options in (["--authorized-scope", "secrets:get:b"], ["--authorized-scopes", "[]"], ["--anonymous"]):
        result = tc("secrets", "get", "a", *options, env=env)
        assert 4 == result.exit_code
        assert "403 InsufficientScopes" in result.stderr
        assert 1 == result.stderr.count("\n")
    assert 4 == tc("secrets", "get", "a", env={**env, "TASKCLUSTER_ACCESS_TOKEN": "x" * 44}).exit_code


def test_a_late_clock_is_explained(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    The deployment is an hour ahead.
    """
    sandbox.clock.offset = 3_600_000
    result = tc("secrets", "get", "a", env=sandbox.environment)

    assert 4 == result.exit_code
    assert "clock is" in result.stderr


def test_a_task_is_made_from_settings(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Its definition comes back as it was given.
    """
    task_id = slugid.nice()
    times = [tc("from-now", offset).stdout.strip() for offset in ("0 seconds", "1 hour")]
    definition = {
        "provisionerId": "proj-test",
        "workerType": "ci",
        "created": times[0],
        "payload": {},
        "metadata": {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"},
    }
    settings = ["--set", f"deadline={times[1]}", "--set", "payload.maxRunTime:=600", "--set", "metadata.name=smoke"]
    made = tc("queue", "createTask", task_id, *settings, stdin=json.dumps(definition), env=sandbox.environment)
    found = json.loads(tc("queue", "task", task_id, env=sandbox.environment).stdout)

    assert (0, "") == (made.exit_code, made.stderr)
    assert task_id == json.loads(made.stdout)["status"]["taskId"]
    assert (times[1], {"maxRunTime": 600}, "smoke") == (found["deadline"], found["payload"], found["metadata"]["name"])


def test_roles_come_in_pages(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Page by page or as one document, the same roles.
    """
    env = sandbox.environment
    role = '{"description": "d", "scopes": []}'
    for number in range(7):
        assert 0 == tc("auth", "createRole", f"r{number}", stdin=role, env=env).exit_code
    whole = json.loads(tc("auth", "listRoleIds", env=env).stdout)["roleIds"]
    paged = json.loads(tc("auth", "listRoleIds", "--limit", "2", "--paginate", env=env).stdout)
    lines = tc("auth", "listRoleIds", "--limit", "3", "--paginate", "--format", "jsonl", "-r", env=env).stdout

    assert {f"r{number}" for number in range(7)} <= set(whole)
    assert sorted(whole) == sorted(paged["roleIds"])
    assert "continuationToken" not in paged
    assert sorted(whole) == sorted(lines.splitlines())
