"""
Warnings about credentials that others can reach: one line each, whatever the command does.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.http_server import CREDENTIALS, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

SECTION = {"clientId": "a", "accessToken": "very-secret-token"}
PAGES = [json_response({"tasks": [], "continuationToken": "a"}), json_response({"tasks": []})]


@pytest.mark.parametrize(
    ("url", "credentials", "warns"),
    [
        pytest.param("http://tc.example.com", CREDENTIALS, True, id="another host"),
        pytest.param("http://10.0.0.1:8080", CREDENTIALS, True, id="an address"),
        pytest.param("http://localhost.example.com", CREDENTIALS, True, id="a name like localhost"),
        pytest.param("http://127.0.0.1.example.com", CREDENTIALS, True, id="a name like an address"),
        pytest.param("http://[2001:db8::1]", CREDENTIALS, True, id="IPv6"),
        pytest.param("http://localhost", CREDENTIALS, False, id="localhost"),
        pytest.param("http://tc.localhost:80", CREDENTIALS, False, id="a name below it"),
        pytest.param("http://127.0.0.1:8080", CREDENTIALS, False, id="loopback"),
        pytest.param("http://[::1]:8080", CREDENTIALS, False, id="loopback, IPv6"),
        pytest.param("https://tc.example.com", CREDENTIALS, False, id="https"),
        pytest.param("http://tc.example.com", {}, False, id="anonymous"),
    ],
)
def test_warns_of_plain_http(tc: CommandLine, url: str, credentials: Mapping[str, str], warns: bool) -> None:
    """
    Others on the way can read and change what is sent; not so on this machine, and without credentials.
    """
    env = {"TASKCLUSTER_ROOT_URL": url, **credentials}
    result = tc("queue", "ping", "--dry-run", env=env)

    assert 0 == result.exit_code
    assert warns == (f"{url} is not https" in result.stderr)
    assert warns == result.stderr.count("\n")
    assert "" == tc("queue", "ping", "--dry-run", "--quiet", env=env).stderr


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o644, 0o640, 0o620, 0o606])
@pytest.mark.parametrize("name", ["tc/profiles.toml", "taskcluster.yml"])
@pytest.mark.parametrize("has_token", [True, False], ids=["credentials", "no credentials"])
def test_warns_of_a_file_that_others_can_read(
    tc: CommandLine,
    http_server: ScriptedServer,
    bare_environment: dict[str, str],
    name: str,
    mode: int,
    has_token: bool,
) -> None:
    """
    Once, also if a command needs the account more than once. A file without credentials may be read.
    """
    path = os.path.join(bare_environment["XDG_CONFIG_HOME"], name)
    os.makedirs(os.path.dirname(path))
    section = {"rootUrl": http_server.url, **(SECTION if has_token else {})}
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"[default]\n{text}" if name.endswith("toml") else json.dumps({"config": section}))
    os.chmod(path, mode)
    http_server.respond_with(*PAGES)
    result = tc("queue", "listTaskGroup", "fN1SbArXTPSVFNUvaOlinQ", "--paginate")
    warns = has_token and bool(mode & 0o077)

    assert 0 == result.exit_code, result.stderr
    assert warns == result.stderr.count("\n")
    assert warns == (f"chmod 600 {path}" in result.stderr)
    assert "very-secret-token" not in result.stderr
