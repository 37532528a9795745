"""
Credentials that have ended or have not begun.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox


def issue(tc: CommandLine, sandbox: RunningSandbox, start: str, expires: str) -> dict[str, str]:
    """
    Return the environment of temporary credentials.
    """
    argv = ["temp-credentials", "--scope", "*", "--start", start, "--expires", expires, "--format", "json"]
    issued = json.loads(tc(*argv, env=sandbox.environment).stdout)
    return {
        "TASKCLUSTER_ROOT_URL": sandbox.root_url,
        "TASKCLUSTER_CLIENT_ID": issued["clientId"],
        "TASKCLUSTER_ACCESS_TOKEN": issued["accessToken"],
        "TASKCLUSTER_CERTIFICATE": issued["certificate"],
    }


@pytest.mark.parametrize(
    "argv",
    [
        ["secrets", "get", "x"],
        ["secrets", "list", "--paginate"],
        ["task", "status", "fN1SbArXTPSVFNUvaOlinQ"],
        ["group", "list", "fN1SbArXTPSVFNUvaOlinQ"],
        ["download-artifact", "fN1SbArXTPSVFNUvaOlinQ", "public/a", "-"],
        ["upload-object", __file__, "name", "--project-id", "p"],
        ["scopes", "expand", "a"],
    ],
)
@pytest.mark.parametrize(("start", "expires", "said"), [("-2h", "-1h", "ended at"), ("1h", "2h", "begin at")])
def test_nothing_is_sent_with_credentials_that_cannot_be_used(
    tc: CommandLine, sandbox: RunningSandbox, argv: list[str], start: str, expires: str, said: str
) -> None:
    """
    By no command; the message has the time, how long ago it was, and what to do.
    """
    result = tc(*argv, env=issue(tc, sandbox, start, expires))

    assert (3, b"") == (result.exit_code, result.output), result.stderr
    assert 1 == result.stderr.count("\n")
    for text in (said, "TASKCLUSTER_CLIENT_ID", "this machine's clock", "1 h" if said == "ended at" else "in "):
        assert text in result.stderr
    assert [] == sandbox.requests


@pytest.mark.parametrize(("start", "expires"), [("-2h", "-3 minutes"), ("3 minutes", "1h")])
def test_what_services_accept_is_sent(tc: CommandLine, sandbox: RunningSandbox, start: str, expires: str) -> None:
    """
    They give clocks five minutes.
    """
    assert 0 == tc("secrets", "list", env=issue(tc, sandbox, start, expires)).exit_code


def test_a_method_without_scopes_ignores_credentials(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    As its service does.
    """
    assert 0 == tc("queue", "ping", env=issue(tc, sandbox, "-2h", "-1h")).exit_code


def test_a_profile_says_when_its_client_ends(
    tc: CommandLine, sandbox: RunningSandbox, bare_environment: dict[str, str]
) -> None:
    """
    As a string or as a timestamp of TOML.
    """
    path = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc", "profiles.toml")
    os.makedirs(os.path.dirname(path))
    for value, is_over in (
        ('"2001-01-01T00:00:00Z"', True),
        ("2001-01-01T00:00:00Z", True),
        ("2100-01-01T00:00:00", False),
    ):
        client = "".join(f'{key} = "{value}"\n' for key, value in sandbox.credentials.items())
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[a]\nrootUrl = "{sandbox.root_url}"\n{client}valid_until = {value}\n')
        os.chmod(path, 0o600)
        result = tc("secrets", "list", env={"TC_PROFILE": "a"})
        assert (3 if is_over else 0) == result.exit_code
        assert ("the credentials of profile a ended at 2001-01-01T00:00:00.000Z" in result.stderr) == is_over


def test_the_clock_of_the_deployment_counts_once_it_is_known(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    From the first response on.
    """
    env = issue(tc, sandbox, "0", "1h")
    sandbox.clock.offset = 3 * 60 * 60 * 1000
    result = tc("task", "status", *["fN1SbArXTPSVFNUvaOlinQ"], "-a", env=env)
    assert 4 == result.exit_code
    assert 1 == len(sandbox.requests)
