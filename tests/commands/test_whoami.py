"""
``tc whoami``.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.times import format_timestamp, from_now
from tests.http_server import Received, Response, error_response, json_response

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox
    from tests.http_server import ScriptedServer

FAR = "2100-01-01T00:00:00.000Z"
PAST = "2001-01-01T00:00:00.000Z"


def deployment(http_server: ScriptedServer, **client: Any) -> None:
    """
    Let the server know a client and give it scopes.
    """

    def respond(received: Received) -> Response:
        if received.target.endswith("/scopes/current"):
            return json_response({"scopes": ["a", "b"]})
        return json_response(
            {"clientId": "tester/one", "expires": FAR, "disabled": False, "scopes": ["assume:x"], **client}
        )

    http_server.respond_with(respond)


def certificate(start: datetime, expiry: datetime, **more: Any) -> dict[str, str]:
    """
    Return the variable that makes credentials temporary.
    """
    times = {"start": int(start.timestamp() * 1000), "expiry": int(expiry.timestamp() * 1000)}
    return {
        "TASKCLUSTER_CERTIFICATE": json.dumps(
            {"version": 1, "scopes": [], "seed": "s", "signature": "x", **times, **more}
        )
    }


def test_permanent_credentials(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Client, type, expiry and scopes; the client is looked up as anybody may, the scopes as oneself.
    """
    deployment(http_server)
    result = tc("whoami", env=http_server.env)

    assert (0, "") == (result.exit_code, result.stderr)
    assert {
        "clientId": "tester/one",
        "type": "permanent",
        "active": True,
        "expiry": FAR,
        "scopes": ["a", "b"],
        "ownScopes": ["assume:x"],
        "rootUrl": http_server.url,
        "source": "TASKCLUSTER_CLIENT_ID",
    } == {key: value for key, value in json.loads(result.stdout).items() if key != "clockDifference"}
    assert ["/api/auth/v1/clients/tester%2Fone", "/api/auth/v1/scopes/current"] == [
        received.target for received in http_server.requests
    ]
    assert [False, True] == ["authorization" in received.headers for received in http_server.requests]


@pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])
def test_temporary_credentials(tc: CommandLine, http_server: ScriptedServer, named: bool) -> None:
    """
    The nearer end counts; a named one is looked up by its issuer.
    """
    deployment(http_server)
    now = datetime.now(UTC).replace(microsecond=0)
    more = {"issuer": "some/issuer"} if named else {}
    env = {**http_server.env, **certificate(now - timedelta(hours=1), now + timedelta(hours=1), **more)}
    found = json.loads(tc("whoami", env=env).stdout)

    assert ("temporary", True) == (found["type"], found["active"])
    assert format_timestamp(now - timedelta(hours=1)) == found["start"]
    assert format_timestamp(now + timedelta(hours=1)) == found["expiry"]
    assert ("some%2Fissuer" if named else "tester%2Fone") in http_server.requests[0].target


@pytest.mark.parametrize(
    ("client", "start", "expiry"),
    [
        pytest.param({"disabled": True}, None, None, id="disabled"),
        pytest.param({"expires": PAST}, None, None, id="client expired"),
        pytest.param({}, "-2 hours", "-1 hour", id="certificate expired"),
        pytest.param({}, "1 hour", "2 hours", id="not yet"),
    ],
)
def test_what_is_not_active_is_a_no(
    tc: CommandLine, http_server: ScriptedServer, client: dict[str, Any], start: str | None, expiry: str | None
) -> None:
    """
    Exit code 1, and the information all the same.
    """
    deployment(http_server, **client)
    now = datetime.now(UTC)
    env = dict(http_server.env)
    if start is not None and expiry is not None:
        env |= certificate(from_now(start, now=now), from_now(expiry, now=now))
    result = tc("whoami", env=env)
    found = json.loads(result.stdout)

    assert 1 == result.exit_code
    assert "are not active" in result.stderr
    assert (False, []) == (found["active"], found["scopes"])


@pytest.mark.parametrize("options", [[], ["--anonymous"]], ids=["nobody", "anonymous"])
def test_anonymous_is_a_negative_answer(tc: CommandLine, http_server: ScriptedServer, options: list[str]) -> None:
    """
    Nothing is sent to find that out.
    """
    env = http_server.env if options else {"TASKCLUSTER_ROOT_URL": http_server.url}
    result = tc("whoami", *options, env=env)

    assert (1, b"") == (result.exit_code, result.output)
    assert "not signed in" in result.stderr
    assert "tc help credentials" in result.stderr
    assert [] == http_server.requests


def test_an_unknown_client_is_a_no(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With its name.
    """
    http_server.respond_with(error_response(404, "ResourceNotFound", "no"))
    result = tc("whoami", env=http_server.env)

    assert (1, b"") == (result.exit_code, result.output)
    assert "no client tester/one" in result.stderr


def test_in_a_task_the_proxy_is_asked(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Its credentials are its own; the scopes are what can be told.
    """
    deployment(http_server)
    env = {"TASKCLUSTER_ROOT_URL": "https://tc.example.com", "TASKCLUSTER_PROXY_URL": http_server.url}

    found = json.loads(tc("whoami", env=env).stdout)
    assert {"type": "proxy", "active": True, "scopes": ["a", "b"], "taskclusterProxy": http_server.url}.items() <= (
        found.items()
    )
    assert "clientId" not in found


@pytest.mark.parametrize(
    "client",
    [
        pytest.param({}, id="empty"),
        pytest.param([], id="not an object"),
        pytest.param({"expires": "soon", "disabled": False}, id="not a timestamp"),
        pytest.param({"expires": 1, "disabled": False}, id="a number"),
    ],
)
def test_a_malformed_response_is_not_a_usage_error(
    tc: CommandLine, http_server: ScriptedServer, client: object
) -> None:
    """
    Exit code 9, in one line.
    """
    http_server.respond_with(json_response(client))
    result = tc("whoami", env=http_server.env)

    assert (9, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert "auth.client" in result.stderr


def test_against_a_deployment_that_checks(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    The root client of the sandbox, permanent and with temporary credentials.
    """
    root = json.loads(tc("whoami", env=sandbox.environment).stdout)
    issued = json.loads(
        tc(
            "temp-credentials",
            "--scope",
            "x",
            "--name",
            "me",
            "--expires",
            "1 hour",
            "--format",
            "json",
            env=sandbox.environment,
        ).stdout
    )
    env = {
        **sandbox.environment,
        "TASKCLUSTER_CLIENT_ID": issued["clientId"],
        "TASKCLUSTER_ACCESS_TOKEN": issued["accessToken"],
        "TASKCLUSTER_CERTIFICATE": issued["certificate"],
    }
    temporary = json.loads(tc("whoami", env=env).stdout)

    assert ("permanent", True) == (root["type"], root["active"])
    assert "*" in root["scopes"]
    assert ("me", "temporary", True) == (temporary["clientId"], temporary["type"], temporary["active"])
    assert "x" in temporary["scopes"]
    assert "*" not in temporary["scopes"]


def issue(tc: CommandLine, sandbox: RunningSandbox, *argv: str) -> dict[str, str]:
    """
    Return the environment of temporary credentials.
    """
    issued = json.loads(tc("temp-credentials", *argv, "--format", "json", env=sandbox.environment).stdout)
    return {
        "TASKCLUSTER_ROOT_URL": sandbox.root_url,
        "TASKCLUSTER_CLIENT_ID": issued["clientId"],
        "TASKCLUSTER_ACCESS_TOKEN": issued["accessToken"],
        "TASKCLUSTER_CERTIFICATE": issued["certificate"],
    }


def test_scopes_are_checked(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Those that are missing are named, and the exit code is 1.
    """
    env = issue(tc, sandbox, "--scope", "a:*", "--scope", "b", "--expires", "2h")
    fine = tc("whoami", "--check", "a:1", "b", env=env)
    assert (0, {"satisfied": True, "missing": []}, "") == (fine.exit_code, json.loads(fine.stdout), fine.stderr)
    wrong = tc("whoami", "--check", "a:1", "b:2\nc", env=env)
    assert (1, {"satisfied": False, "missing": ["b:2", "c"]}) == (wrong.exit_code, json.loads(wrong.stdout))
    assert "missing scopes: b:2, c" in wrong.stderr
    for argv, said in (
        (["--check"], "needs a SCOPE"),
        (["a"], "without --check"),
        (["--check", "ä"], "scope"),
        (["--check", ""], "needs a SCOPE"),
        (["--check", "--all", "a"], "exclude"),
    ):
        result = tc("whoami", *argv, env=env)
        assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
        assert said in result.stderr
    nobody = tc("whoami", "--check", "a", env={"TASKCLUSTER_ROOT_URL": sandbox.root_url})
    assert 1 == nobody.exit_code
    assert "not signed in" in nobody.stderr


def test_an_end_within_an_hour_is_a_warning(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    It says in which time, and what to do.
    """
    soon = tc("whoami", env=issue(tc, sandbox, "--scope", "a", "--start", "-3 hours", "--expires", "59 minutes"))
    assert 0 == soon.exit_code
    assert "warning: the credentials end in 5" in soon.stderr
    assert "tc temp-credentials" in soon.stderr
    assert "" == tc("whoami", env=issue(tc, sandbox, "--scope", "a", "--expires", "61 minutes")).stderr
    # Credentials that were made for a short time have a warning only in the last quarter of it.
    assert "" == tc("whoami", env=issue(tc, sandbox, "--scope", "a", "--expires", "1 hour")).stderr
    late = issue(tc, sandbox, "--scope", "a", "--start", "-50 minutes", "--expires", "570")
    assert "warning: the credentials end in 9" in tc("whoami", env=late).stderr


def test_the_clock_of_the_deployment_decides(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    And the difference is told.
    """
    env = issue(tc, sandbox, "--scope", "a", "--expires", "2h")
    sandbox.clock.offset = 3 * 60 * 60 * 1000
    result = tc("whoami", env=env)
    found = json.loads(result.stdout)
    assert (1, False) == (result.exit_code, found["active"])
    assert 10800 - 3 <= found["clockDifference"] <= 10800 + 3


def test_each_profile_is_shown(tc: CommandLine, sandbox: RunningSandbox, bare_environment: dict[str, str]) -> None:
    """
    One that fails does not hide the others.
    """
    empty = tc("whoami", "--all")
    assert 1 == empty.exit_code
    assert "no profiles" in empty.stderr
    client = [f"clientId={sandbox.credentials['clientId']}", f"rootUrl={sandbox.root_url}", "retries=0"]
    tc("profile", "set", "good", *client)
    tc("profile", "set", "good", "accessToken", stdin=sandbox.credentials["accessToken"])
    tc("profile", "set", "good", "valid_until", "2001-01-01")
    alone = tc("whoami", "--profile", "good")
    assert 0 == alone.exit_code
    assert "valid_until in profile good is 2001-01-01" in alone.stderr
    assert 0 == tc("whoami", "--all").exit_code
    tc("profile", "set", "none", *client[1:])
    tc("profile", "set", "half", *client)
    tc("profile", "set", "away", "rootUrl=http://127.0.0.1:1", "clientId=me", "retries=0")
    tc("profile", "set", "away", "accessToken", stdin="secret-token")
    path = f"{bare_environment['XDG_CONFIG_HOME']}/tc/profiles.toml"
    with open(path, "a", encoding="utf-8") as file:
        file.write("[odd]\nnothing = 1\n")
    result = tc("whoami", "--all")
    rows = {row["name"]: row for row in json.loads(result.stdout)}

    assert 1 == result.exit_code
    assert "none, half, away, odd" in result.stderr
    assert ["good", "none", "half", "away", "odd"] == list(rows)
    assert (True, "permanent") == tuple(rows["good"][key] for key in ("active", "type"))
    assert "scopes" not in rows["good"]
    for name, said in (("none", "not signed in"), ("half", "accessToken"), ("away", "refused"), ("odd", "nothing")):
        assert said in rows[name]["error"]
        assert not rows[name]["active"]
    expanded = json.loads(tc("whoami", "--all", "--expand").stdout)
    assert "*" in expanded[0]["scopes"]


def test_a_terminal_gets_lines(sandbox: RunningSandbox, tc: CommandLine) -> None:
    """
    That fit it, but for scopes, which can be copied.
    """
    from tccli.cli.identity import format_identity

    scopes = [argument for n in range(30) for argument in ("--scope", f"queue:a-rather-long-scope/of-a-project:{n:02}")]
    found = json.loads(tc("whoami", env=issue(tc, sandbox, *scopes, "--expires", "2h")).stdout)
    for width in (60, 80, 120):
        text = format_identity(found, width, expand=False)
        assert max(map(len, text.splitlines())) < width
        assert "… and 10 more" in text
        assert "queue:a-rather-long-scope/of-a-project:00" in text
    assert "queue:a-rather-long-scope/of-a-project:29" in format_identity(found, 80, expand=True)


def test_a_profile_without_credentials_is_reported_once(tc: CommandLine, bare_environment: dict[str, str]) -> None:
    """
    In one line, also with --all.
    """
    directory = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc")
    os.makedirs(directory)
    with open(os.path.join(directory, "profiles.toml"), "w", encoding="utf-8") as file:
        file.write('[third]\nrootUrl = "http://127.0.0.1:1"\n')
    for argv in (["--profile", "third"], ["--all"]):
        result = tc("whoami", *argv)
        assert (1, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
