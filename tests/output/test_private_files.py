"""
Files that may have a secret are for their owner only, also if they were there before and others could read them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import json_response, response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

TASK = "fN1SbArXTPSVFNUvaOlinQ"
EXPIRES = "2030-01-01T00:00:00.000Z"
SECRET = {"secret": {"a": "b"}, "expires": EXPIRES}
CREDENTIALS = {"credentials": {"clientId": "a", "accessToken": "b", "certificate": "c"}}
CLIENT = {"clientId": "a", "accessToken": "b", "expires": EXPIRES}
SIGNED = "https://s3.example.com/x?X-Amz-Signature=abc"


@pytest.mark.parametrize("mode", [None, 0o644, 0o660, 0o400])
@pytest.mark.parametrize(
    ("argv", "document", "is_private"),
    [
        pytest.param(["secrets", "get", "a"], SECRET, True, id="a secret"),
        pytest.param(["secrets", "get", "a", "--jq", ".secret.a"], SECRET, True, id="a part of it"),
        pytest.param(["secrets", "get", "a", "--format", "yaml"], SECRET, True, id="in a format"),
        pytest.param(["auth", "createClient", "a", "--no-validate", "--data", "{}"], CLIENT, True, id="a new client"),
        pytest.param(["auth", "resetAccessToken", "a"], CLIENT, True, id="a token"),
        pytest.param(
            ["auth", "sentryDSN", "a"], {"dsn": {"secret": "https://a:b@c/1"}}, True, id="a password in a URL"
        ),
        pytest.param(["queue", "claimWork", "a/b", "--data", "{}", "--no-validate"], {"tasks": [CREDENTIALS]}, True),
        pytest.param(["queue", "latestArtifact", TASK, "private/a"], {"storageType": "s3", "url": SIGNED}, True),
        pytest.param(["queue", "listTaskGroup", TASK, "--paginate"], {"tasks": [{"env": {"A_TOKEN": "b"}}]}, True),
        pytest.param(["secrets", "set", "a", "--data", '{"secret":{},"expires":"2099-01-01T00:00:00Z"}'], {}, False),
        pytest.param(["queue", "task", TASK], {"metadata": {"name": "a"}}, False, id="a task"),
        pytest.param(["queue", "listTaskGroup", TASK, "--paginate"], {"tasks": [{"env": {"A": "b"}}]}, False),
    ],
)
def test_a_result_with_a_secret_is_private(
    tc: CommandLine,
    http_server: ScriptedServer,
    tmp_path: Path,
    argv: list[str],
    document: dict[str, Any],
    is_private: bool,
    mode: int | None,
) -> None:
    """
    Any other is as readable as any new file, or as the one it replaces.
    """
    (tmp_path / "other").touch()
    expected = (tmp_path / "other").stat().st_mode & 0o777 if mode is None else mode
    path = tmp_path / "result"
    if mode is not None:
        path.touch(mode)
        path.chmod(mode)
    http_server.respond_with(json_response(document))
    result = tc(*argv, "-o", str(path), env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    assert expected & (0o600 if is_private else 0o777) == path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "argv",
    [
        ["temp-credentials", "--expires", "1h", "--scope", "a"],
        ["temp-credentials", "--expires", "1h", "--scope", "a", "--csh"],
        ["temp-credentials", "--expires", "1h", "--scope", "a", "--format", "json"],
        ["signed-url", "queue", "task", TASK],
    ],
    ids=" ".join,
)
def test_credentials_are_private(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, argv: list[str]) -> None:
    """
    In each form that they are printed in.
    """
    path = tmp_path / "result"
    path.touch(0o666)
    result = tc(*argv, "-o", str(path), env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    assert 0o600 == path.stat().st_mode & 0o777


def test_the_target_of_a_redirect_may_be_signed(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    To a storage.
    """
    http_server.respond_with(response(303, Location=SIGNED))
    tc("object", "download", "a", "-o", str(tmp_path / "url"), env=http_server.env)

    assert f"{SIGNED}\n" == (tmp_path / "url").read_text("utf-8")
    assert 0o600 == (tmp_path / "url").stat().st_mode & 0o777


@pytest.mark.parametrize("mode", [None, 0o644])
def test_recorded_calls_are_private(
    tc: CommandLine, bare_environment: dict[str, str], tmp_path: Path, mode: int | None
) -> None:
    """
    Their payloads may be secrets.
    """
    calls = tmp_path / "calls.jsonl"
    if mode is not None:
        calls.touch(mode)
    (tmp_path / "fake.json").write_text('{"queue.ping": {}}', "utf-8")
    argv = ["--fake", str(tmp_path / "fake.json"), "--fake-calls", str(calls), "queue", "ping"]

    assert 0 == tc(*argv, env=bare_environment).exit_code
    assert 0o600 == os.stat(calls).st_mode & 0o777
