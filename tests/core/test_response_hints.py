"""
What an error response says to do, and what ``-v`` says of a call.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tests.http_server import CREDENTIALS, error_response, json_response, response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.http_server import Response, ScriptedServer

PING = ("queue", "ping", "--retries", "0")
TASK = ("queue", "task", "AQAAAAAAQAWAAAAAAAAAAA", "--retries", "0")
BAD_GATEWAY = response(502, b"<html><title>502</title><h1>Bad Gateway</h1>squid</html>", Content_Type="text/html")


def make_certificate(**hours: float) -> str:
    """
    Return a certificate that is valid between hours from now.
    """
    times = {
        name: int((datetime.now(UTC) + timedelta(hours=value)).timestamp() * 1000) for name, value in hours.items()
    }
    return json.dumps({"version": 1, "seed": "s" * 44, "scopes": [], "signature": "x", **times})


@pytest.mark.parametrize(
    ("message", "pieces"),
    [
        ("Unauthorized: Bad mac", ["access token (TASKCLUSTER_ACCESS_TOKEN)", "tester/one"]),
        ("ext.certificate.expiry < now", ["expired", "tc temp-credentials"]),
        ("ext.certificate.start > now", ["not valid yet", "s behind the server's"]),
        ("ext.certificate.signature is not valid, or wrong clientId provided", ["access token", "certificate"]),
        ("Unauthorized: Stale timestamp", ["s behind the server's"]),
        ("Client with clientId 'tester/one' not found", ["client id (TASKCLUSTER_CLIENT_ID)"]),
        ("Client with clientId 'tester/one' is disabled", ["tc auth enableClient tester/one"]),
        ("Client with clientId: 'tester/one' has expired", ["tc auth updateClient"]),
        ("Something new", ["TASKCLUSTER_CLIENT_ID", "tc help credentials"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_401_says_what_to_do(tc: CommandLine, http_server: ScriptedServer, message: str, pieces: list[str]) -> None:
    """
    In plain words, with the source of the credentials.
    """
    date = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    http_server.respond_with(error_response(401, "AuthenticationFailed", message, Date=date))
    result = tc(*PING, env=http_server.env)

    assert 4 == result.exit_code
    assert 1 == result.stderr.count("\n")
    assert [] == [piece for piece in pieces if piece not in result.stderr], result.stderr


def insufficient(unsatisfied: object) -> Response:
    """
    Return a 403 as a service writes it.
    """
    missing, required = json.dumps(unsatisfied, indent=2), json.dumps({"AnyOf": [unsatisfied] * 10}, indent=2)
    return error_response(
        403,
        "InsufficientScopes",
        "Client ID tester/one does not have sufficient scopes and is missing the following scopes:\n\n"
        f"```\n{missing}\n```\n\nThis request requires the client to satisfy the following scope expression:\n\n"
        f"```\n{required}\n```",
    )


@pytest.mark.parametrize(
    ("missing", "phrase"),
    [
        ("a:b", "a:b"),
        ({"AllOf": ["a:b", "c:d"]}, "a:b and c:d"),
        ({"AnyOf": ["a:b", {"AllOf": ["c", "d"]}]}, "a:b or (c and d)"),
        ({"AllOf": [{"AnyOf": ["a"]}, {"AnyOf": ["b", "c"]}]}, "a and (b or c)"),
        ({"for": "x"}, "{'for': 'x'}"),
    ],
    ids=str,
)
def test_a_403_names_the_missing_scopes(
    tc: CommandLine, http_server: ScriptedServer, missing: object, phrase: str
) -> None:
    """
    Once; the whole expression comes with ``-v``.
    """
    http_server.respond_with(insufficient(missing))
    result = tc(*PING, env=http_server.env)

    assert 4 == result.exit_code
    assert f": missing scopes: {phrase} (" in result.stderr
    assert "following scope expression" not in result.stderr
    assert "following scope expression" in tc(*PING, "-v", env=http_server.env).stderr


def test_a_403_is_short(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    However many scopes are missing.
    """
    http_server.respond_with(insufficient({"AllOf": [f"queue:route:index.project.{number}" for number in range(200)]}))

    assert len(tc(*PING, env=http_server.env).stderr) < 1000


def test_a_document_in_a_message_is_shown_with_v(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    And, as the services send it, in the error's JSON; a small one is part of the line.
    """
    long = json.dumps({"taskId": "T", "runs": [{"runId": number} for number in range(40)]}, indent=2)
    for quoted, is_shown in (('{\n  "taskId": "T"\n}', True), (long, False)):
        message = f"Not after it is resolved.\nTask status: {quoted}"
        http_server.respond_with(error_response(409, "RequestConflict", message))
        line, verbose, document = (
            tc(*PING, *words, env=http_server.env).stderr for words in ([], ["-v"], ["--error-format", "json"])
        )

        assert 1 == line.count("\n")
        assert ("taskId" in line, "{…}" in line) == (is_shown, not is_shown)
        assert '"taskId": "T"' in verbose
        assert quoted in json.loads(document)["body"]["message"]


def test_a_403_says_that_scopes_are_limited(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    By an option or by the profile, which is easily forgotten.
    """
    directory = tmp_path / "tc"
    directory.mkdir()
    text = f"[p]\nrootUrl='{http_server.url}'\nclientId='c'\naccessToken='t'\nauthorizedScopes=['a']\n"
    (directory / "profiles.toml").write_text(text)
    (directory / "profiles.toml").chmod(0o600)
    http_server.respond_with(insufficient("b"))

    by_profile = tc(*PING, "--profile", "p", env={"XDG_CONFIG_HOME": str(tmp_path)}).stderr
    by_option = tc(*PING, "--authorized-scope", "a", env=http_server.env).stderr

    assert "authorized scopes limit the credentials of profile p" in by_profile
    assert "authorized scopes limit the credentials of TASKCLUSTER_CLIENT_ID" in by_option
    assert "authorized scopes" not in tc(*PING, env=http_server.env).stderr
    temporary = {**http_server.env, "TASKCLUSTER_CERTIFICATE": make_certificate(start=-1, expiry=1)}
    assert "temporary credentials" in tc(*PING, env=temporary).stderr


def test_a_403_without_credentials_says_how_to_get_some(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    And where.
    """
    message = (
        'This request requires Taskcluster credentials that satisfy the following scope expression:\n\n```\n"a"\n```'
    )
    http_server.respond_with(error_response(403, "InsufficientScopes", message))
    stderr = tc(*PING, env={"TASKCLUSTER_ROOT_URL": http_server.url}).stderr

    assert "required scopes: a (" in stderr
    assert f"{http_server.url}/auth/clients" in stderr
    assert "tc help credentials" in stderr
    assert "--anonymous was given" in tc(*PING, "--anonymous", env=http_server.env).stderr


def test_credentials_that_do_not_apply_are_named(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Those of a file belong to its root URL; an error says so.
    """
    (tmp_path / "tc").mkdir()
    profiles = tmp_path / "tc" / "profiles.toml"
    profiles.write_text("[p]\nrootUrl='https://tc.example.com'\nclientId='c'\naccessToken='t'\n")
    profiles.chmod(0o600)
    http_server.respond_with(insufficient("b"))
    argv = ["--profile", "p", "--root-url", http_server.url]
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    said = f"those of profile p are for https://tc.example.com, not for {http_server.url}"

    assert said in tc(*PING, *argv, env=env).stderr
    assert f"tc: no credentials: {said}" in tc(*PING, *argv, "-v", env=env).stderr.splitlines()
    assert f"tc: warning: no credentials are used: {said}\n" == tc(*PING, *argv, "--dry-run", env=env).stderr
    result = tc("whoami", *argv, env=env)
    assert 1 == result.exit_code
    assert said in result.stderr


def test_whoami_says_that_it_was_told_to_be_anonymous(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Setting variables would not help.
    """
    result = tc("whoami", "--anonymous", env=http_server.env)

    assert 1 == result.exit_code
    assert "--anonymous was given" in result.stderr
    assert "TASKCLUSTER_CLIENT_ID" not in result.stderr


def test_a_404_names_what_is_missing(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    As it was typed, and not only inside a URL.
    """
    http_server.respond_with(error_response(404, "ResourceNotFound", "Secret not found"))
    assert "Secret not found: name project/x y (" in tc("secrets", "get", "project/x y", env=http_server.env).stderr

    http_server.respond_with(error_response(404, "ResourceNotFound", "no secret project/x"))
    assert ": name" not in tc("secrets", "get", "project/x", env=http_server.env).stderr


@pytest.mark.parametrize(
    "answer",
    [
        json_response({"error": "Not found"}, 404),
        response(404, b"<html>nginx", Content_Type="text/html"),
        response(405, b"no"),
        response(200, b"<html>Sign in", Content_Type="text/html"),
        response(301, b"", Location="https://sso.example.com/"),
        response(403, b"<html>Forbidden", Content_Type="text/html"),
    ],
    ids=["no route", "404", "405", "a login page", "a redirect", "403"],
)
def test_a_wrong_root_url_is_doubted(tc: CommandLine, http_server: ScriptedServer, answer: Response) -> None:
    """
    With its source, and without its path.
    """
    http_server.respond_with(answer)
    plain = tc(*PING, env=http_server.env).stderr
    with_path = tc(*PING, "--root-url", f"{http_server.url}/taskcluster/x").stderr

    assert f"is {http_server.url} (TASKCLUSTER_ROOT_URL) the root URL of a Taskcluster?\n" in plain
    assert f"is {http_server.url}/taskcluster/x (--root-url) the root URL" in with_path
    assert f"try {http_server.url}\n" in with_path


def test_a_redirect_to_https_says_what_to_write(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Redirects of calls are not followed: they would change what was signed.
    """
    target = f"https://{http_server.url.partition('//')[2]}/api/queue/v1/ping"
    http_server.respond_with(response(301, Location=target))

    assert "write https:// in the root URL\n" in tc(*PING, env=http_server.env).stderr


def test_a_success_that_is_not_json_is_no_success(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    So its error does not say that the call succeeded.
    """
    http_server.respond_with(response(200, b"<html>Sign in"))
    result = tc(*TASK, env=http_server.env)

    assert 9 == result.exit_code
    assert "succeeded" not in result.stderr
    assert f"is {http_server.url} (TASKCLUSTER_ROOT_URL) the root URL" in result.stderr


def test_an_error_of_a_proxy_names_the_proxy(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Its page is not that of a Taskcluster; a service's error may have passed through it.
    """
    env = {"http_proxy": http_server.url, "TASKCLUSTER_ROOT_URL": "http://tc.invalid"}
    named = f"through the proxy 127.0.0.1:{http_server.port} (http_proxy)"
    http_server.respond_with(BAD_GATEWAY)
    assert named in tc(*PING, env=env).stderr
    http_server.respond_with(response(200, b"<html>blocked", Content_Type="text/html"))
    assert named in tc(*PING, env=env).stderr
    http_server.respond_with(error_response(404, "ResourceNotFound", "no such task"))
    assert "through" not in tc(*TASK, env=env).stderr


def test_the_tasks_proxy_is_named(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    By its variable, when it does not respond, or not as one.
    """
    env = {"TASKCLUSTER_PROXY_URL": http_server.url, "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}
    http_server.respond_with(response(404, b"<html>nginx", Content_Type="text/html"))
    assert f"TASKCLUSTER_PROXY_URL={http_server.url}" in tc(*PING, env=env).stderr
    stderr = tc(*PING, env={**env, "TASKCLUSTER_PROXY_URL": "http://127.0.0.1:1"}).stderr
    assert "is TASKCLUSTER_PROXY_URL right?" in stderr


def test_http_at_a_port_for_https_is_named(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    As nginx responds.
    """
    page = b"<html><title>400 The plain HTTP request was sent to HTTPS port</title><h1>400 Bad Request</h1></html>"
    http_server.respond_with(response(400, page, Content_Type="text/html"))

    assert "write https://" in tc(*PING, env=http_server.env).stderr


def test_verbose_says_where_a_call_goes_and_as_whom(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A line each, on stderr, also of a success.
    """
    env = {
        **CREDENTIALS,
        "http_proxy": http_server.url.replace("//", "//me:hunter2@"),
        "TASKCLUSTER_ROOT_URL": "http://h",
    }
    result = tc(*PING, "-v", env={**env, "TASKCLUSTER_CERTIFICATE": make_certificate(start=-1, expiry=1)})

    proxy = f"the proxy 127.0.0.1:{http_server.port} (http_proxy)"
    lines = [line for line in result.stderr.splitlines() if "warning" not in line]
    assert 0 == result.exit_code
    assert [
        f"tc: requests go to http://h (TASKCLUSTER_ROOT_URL) through {proxy}",
        "tc: temporary credentials of tester/one (TASKCLUSTER_CLIENT_ID)",
    ] == lines[:-1]
    assert lines[-1].startswith("tc: GET http://h/api/queue/v1/ping: 200 in ")
    assert not re.search("hunter2|very-secret-token", result.stderr)
    assert "" == tc(*PING, env=http_server.env).stderr


def test_verbose_says_that_nobody_signs(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Or that the task's proxy does.
    """
    anonymous = tc(*PING, "-v", env={"TASKCLUSTER_ROOT_URL": http_server.url}).stderr
    in_task = tc(
        *PING, "-v", env={"TASKCLUSTER_PROXY_URL": http_server.url, "TASKCLUSTER_ROOT_URL": "https://h"}
    ).stderr

    assert "tc: no credentials\n" in anonymous
    assert f"tc: requests go to {http_server.url} (TASKCLUSTER_PROXY_URL)\n" in in_task
    assert "the task's proxy signs" in in_task


@pytest.mark.parametrize(
    ("argv", "status", "message", "piece"),
    [
        (["hooks", "triggerHook", "g", "h", "--data", "{}"], 403, "no scopes", "hook-id:g/h"),
        (["hooks", "updateHook", "g", "h", "--no-validate", "--data", "{}"], 404, "No such hook", "createHook"),
        (["hooks", "createHook", "g", "h", "--no-validate", "--data", "{}"], 400, "Hook Ids do not match", "payload"),
        (
            ["queue", "createTask", "AQAAAAAAQAWAAAAAAAAAAA", "--no-validate", "--data", "{}"],
            400,
            "`created` cannot be in the past (max 15min drift)",
            "tc from-now",
        ),
        (
            ["worker-manager", "createWorkerPool", "a/b", "--no-validate", "--data", "{}"],
            400,
            "Invalid Provider",
            "listProviders",
        ),
        (
            ["queue", "ping"],
            401,
            "Supplied credentials do not satisfy authorizedScopes; credentials have scopes:\n"
            + "a:b\n" * 900
            # The long list is not repeated.
            + "authorizedScopes are:\nx:y",
            "all authorized scopes: x:y",
        ),
        (["queue", "ping"], 401, "issuer `c` doesn't satisfy all certificate scopes x:y", "with fewer scopes"),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_errors_of_a_method_say_what_to_do(
    tc: CommandLine, http_server: ScriptedServer, argv: list[str], status: int, message: str, piece: str
) -> None:
    """
    In one line, and not for other methods.
    """
    http_server.respond_with(error_response(status, "E", message))
    result = tc(*argv, "--retries", "0", env=http_server.env)

    assert piece in result.stderr
    assert 1 == result.stderr.count("\n")
    assert len(result.stderr) < 700


def test_payloads_that_are_yaml_or_templates_get_a_hint(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Nothing is sent.
    """
    argv = ["queue", "createTask", "AQAAAAAAQAWAAAAAAAAAAA"]
    for text in ("taskQueueId: a/b\n", "---\ncreated: 1\n", "# note\nmetadata:\n  name: a\n", "- a\n"):
        result = tc(*argv, stdin=text, env=http_server.env)
        assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
        assert "--data-format yaml" in result.stderr
    for text in ("<html>", "{a: 1", "", "a"):
        assert "yaml" not in tc(*argv, stdin=text, env=http_server.env).stderr
    assert "tc from-now" in tc(*argv, stdin='{"created": {"$fromNow": "1 hour"}}', env=http_server.env).stderr
    assert [] == http_server.requests


@pytest.mark.parametrize(
    ("hours", "piece"), [(0, "tc from-now 0s"), (2, "s behind the server's"), (-2, "s ahead of the server's")]
)
def test_a_time_in_the_past_may_be_one_of_another_clock(
    tc: CommandLine, http_server: ScriptedServer, hours: int, piece: str
) -> None:
    """
    Then the times of ``tc from-now`` are as wrong.
    """
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    http_server.respond_with(error_response(400, "InputError", "`created` cannot be in the past", Date=date))
    task_id = "AQAAAAAAQAWAAAAAAAAAAA"
    result = tc("queue", "createTask", task_id, "--no-validate", stdin="{}", env=http_server.env)

    assert (6, 1) == (result.exit_code, result.stderr.count("\n"))
    assert piece in result.stderr
