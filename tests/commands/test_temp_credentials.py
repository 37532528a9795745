"""
``tc temp-credentials``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http_server import CREDENTIALS

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox

ROOT = "https://tc.example.com"
ENV = {"TASKCLUSTER_ROOT_URL": ROOT, **CREDENTIALS}
NAMES = ("TASKCLUSTER_ROOT_URL", "TASKCLUSTER_CLIENT_ID", "TASKCLUSTER_ACCESS_TOKEN", "TASKCLUSTER_CERTIFICATE")
SCOPES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def evaluated(lines: str, shell: str) -> dict[str, str]:
    """
    Let a shell carry the lines out; return what it then knows.
    """
    show = "\n".join(f"printenv {name}" for name in NAMES)
    done = subprocess.run(
        [shell, "-c" if shell == "sh" else "-fc", f"{lines}\n{show}"], capture_output=True, check=True
    )
    return dict(zip(NAMES, done.stdout.decode().splitlines(), strict=True))


@QUICK
@given(st.lists(SCOPES, min_size=1, max_size=3))
def test_a_shell_takes_the_lines(tc: CommandLine, scopes: list[str]) -> None:
    """
    Whatever quotes, dollars and blanks the scopes hold.
    """
    options = [word for scope in scopes for word in ("--scope", scope)]
    result = tc("temp-credentials", *options, "--name", "tester/!x|y", "--expires", "1 hour", env=ENV)
    found = evaluated(result.stdout, "sh")
    certificate = json.loads(found["TASKCLUSTER_CERTIFICATE"])

    assert (0, "") == (result.exit_code, result.stderr)
    assert (ROOT, "tester/!x|y") == (found["TASKCLUSTER_ROOT_URL"], found["TASKCLUSTER_CLIENT_ID"])
    assert scopes == certificate["scopes"]
    assert "tester/one" == certificate["issuer"]
    assert CREDENTIALS["TASKCLUSTER_ACCESS_TOKEN"] not in result.stdout


@pytest.mark.skipif(shutil.which("csh") is None, reason="needs csh")
def test_csh_takes_its_lines(tc: CommandLine) -> None:
    """
    Exclamation marks included.
    """
    result = tc("temp-credentials", "--scope", "a!b'c", "--expires", "1 hour", "--csh", env=ENV)

    assert ["a!b'c"] == json.loads(evaluated(result.stdout, "csh")["TASKCLUSTER_CERTIFICATE"])["scopes"]


def test_csh_has_its_own_words(tc: CommandLine) -> None:
    """
    ``setenv``, and a backslash before an exclamation mark.
    """
    lines = tc("temp-credentials", "--scope", "a!b", "--expires", "1 hour", "--csh", env=ENV).stdout.splitlines()

    assert [f"setenv {name}" for name in NAMES] == [" ".join(line.split()[:2]) for line in lines]
    assert "a\\!b" in lines[-1]


def test_json_is_accepted_by_the_clients(tc: CommandLine) -> None:
    """
    The certificate as text, as in the environment.
    """
    result = tc(
        "temp-credentials", "--scope", "a", "--start", "-5 minutes", "--expires", "31 days", "--format", "json", env=ENV
    )
    if result.exit_code:
        assert "31 days" in result.stderr
        result = tc("temp-credentials", "--scope", "a", "--expires", "30 days", "--format", "json", env=ENV)
    document = json.loads(result.stdout)
    certificate: dict[str, Any] = json.loads(document["certificate"])

    assert {"clientId", "accessToken", "certificate"} == document.keys()
    assert "tester/one" == document["clientId"]
    assert 44 == len(certificate["seed"])
    assert "issuer" not in certificate


def test_needs_no_root_url(tc: CommandLine) -> None:
    """
    Nothing is sent; then no line about one is printed.
    """
    result = tc("temp-credentials", "--scope", "a", "--expires", "1 hour", env=CREDENTIALS)

    assert 0 == result.exit_code
    assert 3 == result.stdout.count("export ")


def test_warns_of_credentials_without_scopes(tc: CommandLine) -> None:
    """
    Which have only the anonymous scopes.
    """
    result = tc("temp-credentials", "--expires", "1 hour", env=ENV)

    assert 0 == result.exit_code
    assert "without --scope" in result.stderr


@pytest.mark.parametrize(
    ("options", "env", "code", "line"),
    [
        pytest.param([], ENV, 2, "--expires", id="no expiry"),
        pytest.param(["--expires", "soon"], ENV, 2, "'soon'", id="no time"),
        pytest.param(["--expires", "-1 hour"], ENV, 2, "before they start", id="over"),
        pytest.param(["--expires", "32 days"], ENV, 2, "31 days", id="too long"),
        pytest.param(
            ["--expires", "1 hour", "--start", "2 hours"], ENV, 2, "before they start", id="start after the end"
        ),
        pytest.param(["--expires", "1 hour", "--name", "tester/one"], ENV, 2, "must differ", id="the issuer's name"),
        pytest.param(["--expires", "1 hour", "--name", ""], ENV, 2, "name", id="an empty name"),
        pytest.param(["--expires", "1 hour", "--name", "a b"], ENV, 2, "name", id="a blank in the name"),
        pytest.param(["--expires", "1 hour", "--name", "a%b"], ENV, 2, "name", id="a percent sign in the name"),
        pytest.param(["--expires", "1 hour", "--name", "a\nissuer:b"], ENV, 2, "name", id="newline in the name"),
        pytest.param(["--expires", "1 hour", "--scope", "a\nb"], ENV, 2, "not a scope", id="newline in a scope"),
        pytest.param(["--expires", "1 hour", "--scope", ""], ENV, 2, "not a scope", id="empty scope"),
        pytest.param(["--expires", "1 hour"], {"TASKCLUSTER_ROOT_URL": ROOT}, 3, "no credentials", id="nobody"),
        pytest.param(
            ["--expires", "1 hour"], {**ENV, "TASKCLUSTER_ACCESS_TOKEN": ""}, 3, "TASKCLUSTER_ACCESS_TOKEN", id="half"
        ),
        pytest.param(
            ["--expires", "1 hour"],
            {
                **ENV,
                "TASKCLUSTER_CERTIFICATE": '{"version": 1, "seed": "a", "start": 1, "expiry": 2, "signature": "b"}',
            },
            3,
            "cannot issue others",
            id="temporary issuer",
        ),
    ],
)
def test_prints_nothing_on_an_error(
    tc: CommandLine, options: list[str], env: dict[str, str], code: int, line: str
) -> None:
    """
    So that ``eval`` does nothing.
    """
    result = tc("temp-credentials", *options, env=env)

    assert (code, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert line in result.stderr


def test_lines_for_other_shells(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    As tc signin prints them; two options that differ are an error.
    """
    argv = ["temp-credentials", "--scope", "a", "--expires", "1h"]
    for options, start in (
        (["--shell", "fish"], "set -gx TASKCLUSTER_"),
        (["--shell", "pwsh"], "$env:TASKCLUSTER_"),
        (["--shell", "tcsh"], "setenv TASKCLUSTER_"),
        (["--shell", "zsh"], "export TASKCLUSTER_"),
        (["--csh", "--shell", "csh"], "setenv TASKCLUSTER_"),
    ):
        lines = tc(*argv, *options, env=sandbox.environment).stdout.splitlines()
        assert len(lines) == len([line for line in lines if line.startswith(start)]) == 4
    assert 2 == tc(*argv, "--csh", "--shell", "fish", env=sandbox.environment).exit_code
