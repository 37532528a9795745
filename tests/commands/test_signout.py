"""
``tc signin --save`` and ``tc signout``: credentials in a profile, and out of it again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.commands.test_signin import TOKEN, Signin, create_client, fetch, list_clients, sandbox_client, write_browser
from tests.commands.test_signin import signin as _signin
from tests.core.test_credential_sources import memory_keyring as _memory_keyring
from tests.http_server import json_response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox
    from tests.core.test_credential_sources import MemoryKeyring
    from tests.http_server import ScriptedServer

signin = _signin
memory_keyring = _memory_keyring
MIXED = {"TASKCLUSTER_CLIENT_ID": "a", "TASKCLUSTER_CERTIFICATE": "b", "SHELL": "/bin/zsh"}


def write_profiles(environment: dict[str, str], text: str) -> str:
    """
    Write the file of profiles; return its path.
    """
    path = os.path.join(environment["XDG_CONFIG_HOME"], "tc", "profiles.toml")
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


@pytest.mark.parametrize("old", ['certificate = "old"', 'credential_command = ["old"]'])
def test_into_a_profile_and_out_of_it(
    signin: Callable[..., Signin], sandbox: RunningSandbox, tc: CommandLine, bare_environment: dict[str, str], old: str
) -> None:
    """
    Nothing is printed on stdout. Other profiles, other keys and comments stay, and ``--delete`` deletes the client.
    """
    before = f'# mine\n[one]\nrootUrl = "{sandbox.root_url}"\nretries = 1 # few\n{old}\n\n[other]\n'
    path = write_profiles(bare_environment, before)
    running = signin("--save", "one")
    assert running.url.startswith(f"{sandbox.root_url}/")
    created = create_client(running.url)
    fetch(created["callback"])
    code, output, errors = running.finish()

    assert (0, "") == (code, output), errors
    assert f"removed {old.partition(' ')[0]}\n" in errors
    assert 0o600 == os.stat(path).st_mode & 0o777
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert "# mine\n" in text
    assert "retries = 1 # few" in text
    assert "[other]" in text
    assert "old" not in text
    assert created["accessToken"] not in text
    assert created["clientId"] in tc("whoami", "--profile", "one").stdout

    done = tc("signout", "one", "--delete")
    assert (0, "") == (done.exit_code, done.stdout), done.stderr
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert "accessToken" not in text
    assert "clientId" not in text
    assert "retries = 1 # few" in text
    assert created["clientId"] not in [each["clientId"] for each in list_clients(sandbox)]
    assert 1 == tc("signout", "one").exit_code


def test_the_profile_without_a_name(signin: Callable[..., Signin], tc: CommandLine) -> None:
    """
    ``--save`` alone means the profile in use, else the default one, which is created.
    """
    for words, name in ((["--save"], "default"), (["--save", "--profile", "b"], "b"), (["--save=c"], "c")):
        if "b" in words:
            assert 3 == tc("signin", *words).exit_code
            continue
        running = signin(*words)
        running.call_back()
        assert 0 == running.finish()[0]
        assert 0 == tc("--profile", name, "signed-url", "queue", "ping").exit_code


def test_scopes_and_expiry_of_a_profile(signin: Callable[..., Signin], bare_environment: dict[str, str]) -> None:
    """
    They are what a new client gets; options take precedence.
    """
    root = 'rootUrl = "http://127.0.0.1:1"\n'
    write_profiles(bare_environment, f'[ci]\n{root}scopes = ["queue:a", "queue:b"]\nexpires = "2h"\n')
    for words, scopes, expires in (
        (["--profile", "ci"], ["queue:a", "queue:b"], ["2h"]),
        (["--save", "ci"], ["queue:a", "queue:b"], ["2h"]),
        (["--profile", "ci", "-s", "x", "--expires", "1d"], ["x"], ["1d"]),
        ([], ["*"], ["1d"]),
    ):
        running = signin(*words)
        running.process.kill()
        assert (scopes, expires) == (running.query["scope"], running.query["expires"])
        running.process.communicate()


def test_credentials_that_have_ended(tc: CommandLine, bare_environment: dict[str, str]) -> None:
    """
    They are told apart from valid ones without a request, and can be forgotten.
    """
    ended = 'rootUrl = "http://127.0.0.1:1"\nclientId = "me/cli"\nvalid_until = "2020-01-01T00:00:00Z"\n'
    path = write_profiles(bare_environment, f'[a]\naccessToken = "{TOKEN}"\n{ended}')
    assert 1 == tc("signin", "--check", "--profile", "a").exit_code
    assert 0 == tc("signout", "a", "--delete").exit_code
    with open(path, encoding="utf-8") as file:
        assert '[a]\nrootUrl = "http://127.0.0.1:1"\n' == file.read()
    write_profiles(bare_environment, '[a]\ncredential_command = ["false"]\nrootUrl = "http://127.0.0.1:1"\n')
    assert 2 == tc("signout", "a").exit_code


def test_a_profile_whose_token_is_in_the_keyring(
    tc: CommandLine, bare_environment: dict[str, str], tmp_path: Path, memory_keyring: MemoryKeyring
) -> None:
    """
    The new token gets there, too, and is deleted there.
    """
    root_url = "http://127.0.0.1:1"
    path = write_profiles(bare_environment, f'[a]\nrootUrl = "{root_url}"\nclientId = "old"\nkeyring = true\n')
    result = tc("signin", "--save", "a", env={"BROWSER": write_browser(tmp_path, "me/cli")})
    assert 0 == result.exit_code, result.stderr
    assert TOKEN == memory_keyring.get_password(root_url, "me/cli")
    with open(path, encoding="utf-8") as file:
        assert TOKEN not in file.read()
    assert 0 == tc("signout", "a").exit_code
    assert memory_keyring.get_password(root_url, "me/cli") is None


def test_a_profile_of_the_variable(signin: Callable[..., Signin], bare_environment: dict[str, str]) -> None:
    """
    TC_PROFILE selects the deployment, and where the credentials are stored.
    """
    path = write_profiles(bare_environment, '[b]\nrootUrl = "http://127.0.0.1:1"\ncertificate = "x"\n')
    running = signin("--save", env={"TC_PROFILE": "b", "TASKCLUSTER_ROOT_URL": "https://other.example.com"})
    assert running.url.startswith("http://127.0.0.1:1/")
    running.call_back()
    assert 0 == running.finish()[0]
    with open(path, encoding="utf-8") as file:
        assert TOKEN in file.read()


def test_a_profile_that_cannot_be_written_opens_no_browser(
    tc: CommandLine, bare_environment: dict[str, str], tmp_path: object
) -> None:
    """
    Whoever has signed in would lose the credentials.
    """
    write_profiles(bare_environment, "[one\n")
    env = {"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1", "BROWSER": f"touch {tmp_path}/opened %s"}
    result = tc("signin", "--save", "one", env=env)

    assert (3, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "line 1" in result.stderr
    assert not os.path.exists(f"{tmp_path}/opened")


DEFAULT = 'default_profile = "d"\n[d]\nrootUrl = "http://127.0.0.1:1"\n'
PROFILE = '[st]\nrootUrl = "http://127.0.0.1:1"\n'
DOTTED = 'a.rootUrl = "http://127.0.0.1:1"\nz = {}\na.clientId = "me/cli"\na.accessToken = "x"\n'


@pytest.mark.parametrize(
    ("profiles", "words", "env", "expected"),
    [
        (PROFILE + "read_only = true\n", ["--save", "st"], {}, (2, "read_only in profile st")),
        (PROFILE + "read_only = true\n", ["--save", "st", "--root-url", "http://127.0.0.1:1"], {}, (2, "profile st")),
        (PROFILE + "read_only = true\n", ["--profile", "st"], {}, (2, "read_only in profile st")),
        (DEFAULT + 'read_only = "with-secrets"\n', ["--save=new"], {}, (2, "read_only in profile d")),
        (PROFILE, ["--profile", "st"], {"TC_READ_ONLY": "1"}, (2, "TC_READ_ONLY")),
        (PROFILE + 'retries = "x"\n', ["--profile", "st"], {}, (3, "retries")),
        (PROFILE, ["--profile", "st"], {"TC_LOG": "/missing/log"}, (3, "TC_LOG")),
        ("[a.b]\nc = 1\n", ["--save", "a"], {}, (3, "'b'")),
    ],
    ids=str,
)
def test_what_is_wrong_before_the_sign_in_opens_no_browser(
    tc: CommandLine,
    bare_environment: dict[str, str],
    tmp_path: Path,
    profiles: str,
    words: list[str],
    env: dict[str, str],
    expected: tuple[int, str],
) -> None:
    """
    It is reported on one line, and the file of profiles stays as it is.
    """
    code, name = expected
    path = write_profiles(bare_environment, profiles)
    browser = f"touch {tmp_path}/opened %s"
    result = tc("signin", *words, "--wait", "2s", env={"BROWSER": browser, **env})

    assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert name in result.stderr
    assert not os.path.exists(tmp_path / "opened")
    with open(path, encoding="utf-8") as file:
        assert profiles == file.read()


@pytest.mark.parametrize("wrong", ["unknown = 1\n", "read_only = true\n"])
def test_the_default_profile_does_not_matter_with_another_one(
    tc: CommandLine, bare_environment: dict[str, str], tmp_path: Path, wrong: str
) -> None:
    """
    Neither its mistakes nor its read-only mode.
    """
    write_profiles(bare_environment, DEFAULT + wrong + PROFILE)
    for words in (["--profile", "st"], ["--save", "st"]):
        result = tc("signin", *words, env={"BROWSER": write_browser(tmp_path, "me/cli")})
        assert 0 == result.exit_code, result.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_client_whose_token_cannot_be_written_is_named(tc: CommandLine, tmp_path: Path) -> None:
    """
    It exists until it expires.
    """
    env = {"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1", "BROWSER": write_browser(tmp_path, "me/cli")}
    result = tc("signin", "-o", "/dev/full", env=env)
    assert 3 == result.exit_code
    assert "me/cli" in result.stderr.splitlines()[-1]


def test_a_file_that_cannot_be_changed_is_found_before_the_client_is_deleted(
    tc: CommandLine, bare_environment: dict[str, str], http_server: ScriptedServer
) -> None:
    """
    Dotted keys in several places are not supported by the editor of the file.
    """
    text = DOTTED.replace("http://127.0.0.1:1", http_server.env["TASKCLUSTER_ROOT_URL"])
    path = write_profiles(bare_environment, text)
    result = tc("signout", "a", "--delete")
    assert (3, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert [] == http_server.requests
    with open(path, encoding="utf-8") as file:
        assert text == file.read()


@pytest.mark.parametrize(
    "token", ["a\0b", "\ud800", "x" * 3_000_000, "", None, 1, "a b", "ü"], ids=lambda each: repr(each)[:9]
)
def test_a_new_token_that_is_none_is_not_stored(
    tc: CommandLine, bare_environment: dict[str, str], http_server: ScriptedServer, tmp_path: Path, token: object
) -> None:
    """
    Nor is an expiry that is not a timestamp. The token of the browser is stored instead, with a warning.
    """
    http_server.respond_with(json_response({"accessToken": token, "expires": "garbage"}))
    env = {
        "TASKCLUSTER_ROOT_URL": http_server.env["TASKCLUSTER_ROOT_URL"],
        "BROWSER": write_browser(tmp_path, "me/cli"),
    }
    result = tc("signin", "--save", "a", env=env)
    assert 0 == result.exit_code, result.stderr
    assert "no valid access token" in result.stderr
    with open(os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc", "profiles.toml"), encoding="utf-8") as file:
        text = file.read()
    assert f'accessToken = "{TOKEN}"' in text
    assert "valid_until" not in text


def test_out_of_the_environment(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Lines for eval remove what is set; ``--delete`` deletes the client, and one that is gone is no error.
    """
    result = tc("signout", env=MIXED)
    assert "unset TASKCLUSTER_CLIENT_ID\nunset TASKCLUSTER_CERTIFICATE\n" == result.stdout
    assert "unsetenv TASKCLUSTER_CLIENT_ID;" in tc("signout", "--shell", "csh", env=MIXED).stdout
    assert "set -e TASKCLUSTER_CLIENT_ID;" in tc("signout", "--shell", "fish", env=MIXED).stdout
    assert "unset TASKCLUSTER_CLIENT_ID\n" in tc("signout", "--shell", "zsh", env=MIXED).stdout
    assert "Env:TASKCLUSTER_CLIENT_ID" in tc("logout", "--shell", "powershell", env=MIXED).stdout
    assert (1, "") == (tc("signout").exit_code, tc("signout").stdout)
    gone = {
        "TASKCLUSTER_ROOT_URL": sandbox.root_url,
        "TASKCLUSTER_CLIENT_ID": "me/cli",
        "TASKCLUSTER_ACCESS_TOKEN": TOKEN,
    }
    result = tc("signout", "--delete", env=gone)
    assert (0, 2) == (result.exit_code, result.stdout.count("unset ")), result.stderr


def test_a_client_that_cannot_be_deleted(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Nothing is printed then: the shell still has the credentials, and they still work.
    """
    sandbox_client(sandbox, "me/cli", ["queue:x"])
    for change, code in (
        ({"TASKCLUSTER_ACCESS_TOKEN": TOKEN, "TASKCLUSTER_CLIENT_ID": "me/cli"}, 4),
        ({"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"}, 8),
        ({"TASKCLUSTER_ACCESS_TOKEN": ""}, 3),
    ):
        result = tc("signout", "--delete", "--retries", "0", env={**sandbox.environment, **change})
        assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr


def test_other_names(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    As other programs call them.
    """
    assert 0 == tc("login", "--check", env=sandbox.environment).exit_code
    assert 1 == tc("logout").exit_code
