"""
Credentials that a command prints, and those in the keyring: what they are used for, and every way to fail.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backend
import keyring.errors
import pytest

from tccli.core import credential_sources
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox, Start

SECRET = "S3CR3T-S3CR3T-S3CR3T"
PRINT = "import json, sys; print(sys.argv[1])"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """
    A keyring in memory.
    """

    priority = 1

    def __init__(self) -> None:
        self.passwords: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        """
        Return a password.
        """
        if self.is_locked:
            raise keyring.errors.KeyringLocked("the keyring is locked")
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """
        Store a password.
        """
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """
        Delete a password.
        """
        del self.passwords[service, username]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    """
    The keyring of the system.
    """
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def write_profile(environment: dict[str, str], **values: Any) -> None:
    """
    Write the profile ``a``.
    """
    path = os.path.join(environment["XDG_CONFIG_HOME"], "tc", "profiles.toml")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in values.items()]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.writelines(["[a]\n", *lines])


def run_python(code: str, *args: str) -> list[str]:
    """
    Return a credential command.
    """
    return [sys.executable, "-c", code, *args]


@pytest.mark.parametrize("form", ["list", "string"])
@pytest.mark.parametrize("kind", ["permanent", "certificate as text", "certificate as object"])
def test_a_command_prints_credentials(
    tc: CommandLine, sandbox: RunningSandbox, bare_environment: dict[str, str], form: str, kind: str
) -> None:
    """
    As createClient and temp-credentials print them; it is run once.
    """
    document: dict[str, Any] = {**sandbox.credentials, "expires": "2100-01-01T00:00:00.000Z", "description": "x"}
    if kind != "permanent":
        argv = ["temp-credentials", "--expires", "1h", "--scope", "*", "--format", "json"]
        document = json.loads(tc(*argv, env=sandbox.environment).stdout)
    if kind == "certificate as object":
        document["certificate"] = json.loads(document["certificate"])
    counter = os.path.join(bare_environment["HOME"], "count")
    code = "import sys; open(sys.argv[2], 'a').write('x'); print(sys.argv[1])"
    words = run_python(code, json.dumps(document), counter)
    from shlex import join

    write_profile(
        bare_environment, rootUrl=sandbox.root_url, credential_command=words if form == "list" else join(words)
    )
    found = json.loads(tc("whoami", "--profile", "a").stdout)

    assert (sandbox.credentials["clientId"], True) == (found["clientId"], found["active"])
    assert ("permanent" if kind == "permanent" else "temporary") == found["type"]
    with open(counter, encoding="utf-8") as file:
        assert "x" == file.read()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(run_python(f"print('{SECRET}')"), "did not print JSON", id="no JSON"),
        pytest.param(run_python("pass"), "did not print JSON", id="nothing"),
        pytest.param(run_python(f"print('[\"{SECRET}\"]')"), "did not print a JSON object", id="array"),
        pytest.param(run_python(PRINT, json.dumps({"accessToken": SECRET})), "printed no clientId", id="no client"),
        pytest.param(
            run_python(PRINT, json.dumps({"clientId": "a", "accessToken": {"a": SECRET}})), "no accessToken", id="token"
        ),
        pytest.param(
            run_python(PRINT, json.dumps({"clientId": "a", "accessToken": SECRET, "certificate": [SECRET]})),
            "printed a certificate",
            id="certificate of another type",
        ),
        pytest.param(
            run_python(PRINT, json.dumps({"clientId": "a", "accessToken": SECRET, "certificate": SECRET})),
            "certificate in profile a: invalid certificate",
            id="certificate",
        ),
        pytest.param(
            run_python(PRINT, json.dumps({"clientId": "a", "accessToken": SECRET, "expires": "soon"})),
            "valid_until in profile a is not a timestamp",
            id="expires",
        ),
        pytest.param(
            run_python(PRINT, json.dumps({"clientId": "a", "accessToken": SECRET + "\n"})),
            "accessToken in profile a has a blank or a line break",
            id="line break",
        ),
        pytest.param(run_python(f"import sys; print('{SECRET}'); sys.exit(3)"), "exit code 3", id="fails"),
        pytest.param(run_python("import os; os.kill(os.getpid(), 15)"), "signal 15", id="signal"),
        pytest.param(run_python(f"while True: print('{SECRET}' * 1000)"), "more than", id="never ends"),
        pytest.param(["/nowhere/prints"], "/nowhere/prints: No such file", id="not there"),
        pytest.param("prints 'unbalanced", "No closing quotation", id="quotes"),
        pytest.param([""], "is empty", id="empty word"),
        pytest.param(["a\0b"], "embedded null byte", id="NUL"),
        pytest.param([], "is not a list of a program", id="empty"),
        pytest.param(7, "is not a list of a program", id="number"),
    ],
)
def test_what_is_not_credentials_is_one_line_without_secrets(
    tc: CommandLine, bare_environment: dict[str, str], command: object, said: str
) -> None:
    """
    Exit code 3, and nothing is sent.
    """
    write_profile(bare_environment, rootUrl="http://127.0.0.1:1", credential_command=command)
    for options in ([], ["-vv"], ["--error-format", "json"]):
        result = tc("secrets", "get", "a", "--profile", "a", *options)
        assert (3, b"") == (result.exit_code, result.output)
        assert said in result.stderr
        assert 1 == result.stderr.count("\n")
        assert "S3CR3T" not in result.stderr


def test_a_command_gets_no_stdin_and_no_shell_and_our_stderr(
    start: Start, sandbox: RunningSandbox, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    """
    The payload on stdin is the call's.
    """
    code = "import sys; assert not sys.stdin.read(); print('unlock', sys.argv[2], file=sys.stderr); print(sys.argv[1])"
    words = run_python(code, json.dumps(sandbox.credentials), "$(id) *")
    write_profile(bare_environment, rootUrl=sandbox.root_url, credential_command=words)
    payload = tmp_path / "payload.json"
    payload.write_text('{"secret": {"a": 1}, "expires": "2100-01-01T00:00:00.000Z"}')
    with payload.open("rb") as stdin:
        process = start("secrets", "set", "x", env={"TC_PROFILE": "a"}, stdin=stdin.fileno())
    _, stderr = process.communicate(timeout=60)

    assert (0, "unlock $(id) *\n") == (process.returncode, stderr.decode())
    assert [("PUT", "/api/secrets/v1/secret/x")] == sandbox.requests


def test_a_command_that_hangs_is_ended(
    tc: CommandLine, bare_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Also one that left a program behind which has its stdout.
    """
    monkeypatch.setattr(credential_sources, "TIMEOUT_SECONDS", 1.0)
    spawn = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])"
    for code in ("import time; time.sleep(20)", spawn):
        write_profile(bare_environment, rootUrl="http://127.0.0.1:1", credential_command=run_python(code))
        started = time.monotonic()
        result = tc("secrets", "get", "a", "--profile", "a")
        assert 3 == result.exit_code
        assert "took longer than 1 s" in result.stderr
        check_duration(started, 10)


def test_a_command_that_runs_tc_with_itself_ends(
    start: Start, process_environment: dict[str, str], bare_environment: dict[str, str]
) -> None:
    """
    With an error, and not with as many processes as there can be.
    """
    command = [sys.executable, "-m", "tccli", "whoami", "--profile", "a"]
    write_profile(bare_environment, rootUrl="http://127.0.0.1:1", credential_command=command)
    process = start("whoami", "--profile", "a", env=process_environment)
    _, stderr = process.communicate(timeout=60)

    assert 3 == process.returncode
    assert b"runs tc with a profile that has one" in stderr


def test_a_command_is_not_run_if_others_could_have_written_it(
    tc: CommandLine, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    """
    They would run programs as the user.
    """
    code = "import sys; open(sys.argv[1], 'w')"
    write_profile(
        bare_environment, rootUrl="http://127.0.0.1:1", credential_command=run_python(code, str(tmp_path / "ran"))
    )
    os.chmod(os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc", "profiles.toml"), 0o620)
    result = tc("secrets", "get", "a", "--profile", "a")

    assert 3 == result.exit_code
    assert "chmod 600" in result.stderr
    assert not (tmp_path / "ran").exists()


def test_only_a_call_runs_the_command(tc: CommandLine, bare_environment: dict[str, str], tmp_path: Path) -> None:
    """
    Not one that needs no credentials, not help, and not that of the Go client's file.
    """
    code = "import sys; open(sys.argv[1], 'w')"
    command = run_python(code, str(tmp_path / "ran"))
    write_profile(bare_environment, rootUrl="http://127.0.0.1:1", credential_command=command)
    for argv in (["url", "queue", "ping"], ["queue", "ping", "--help"], ["whoami", "--anonymous"], ["slugid"]):
        tc(*argv, env={"TC_PROFILE": "a"})
    go_client = os.path.join(bare_environment["XDG_CONFIG_HOME"], "taskcluster.yml")
    with open(go_client, "w", encoding="utf-8") as file:
        file.write(f"config:\n  rootUrl: http://127.0.0.1:1\n  credential_command: {json.dumps(command)}\n")
    tc("secrets", "get", "a", "--retries", "0")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["permanent", "temporary"])
def test_the_keyring_has_the_token(
    tc: CommandLine,
    sandbox: RunningSandbox,
    bare_environment: dict[str, str],
    memory_keyring: MemoryKeyring,
    kind: str,
) -> None:
    """
    Under the root URL and the client id, alone or with a certificate.
    """
    document = sandbox.credentials
    if kind == "temporary":
        argv = ["temp-credentials", "--expires", "1h", "--scope", "*", "--name", "me", "--format", "json"]
        document = json.loads(tc(*argv, env=sandbox.environment).stdout)
    client_id = document["clientId"]
    credential_sources.write_keyring(sandbox.root_url, client_id, document["accessToken"], document.get("certificate"))
    assert [(sandbox.root_url, client_id)] == list(memory_keyring.passwords)
    write_profile(bare_environment, rootUrl=sandbox.root_url + "/", clientId=client_id, keyring=True)
    found = json.loads(tc("whoami", env={"TC_PROFILE": "a"}).stdout)

    assert (client_id, kind, True) == (found["clientId"], found["type"], found["active"])


def test_a_keyring_that_has_nothing_or_is_locked(
    tc: CommandLine, bare_environment: dict[str, str], memory_keyring: MemoryKeyring
) -> None:
    """
    Exit code 3, in one line.
    """
    root_url = "http://127.0.0.1:1"
    for values, said in (
        ({}, "clientId is not set"),
        ({"clientId": "me"}, "no access token of me"),
        ({"clientId": "me", "accessToken": SECRET}, "accessToken and keyring"),
        ({"clientId": "bad"}, "is not an access token"),
    ):
        memory_keyring.passwords = {(root_url, "bad"): '{"accessToken": "S3CR3T'}
        write_profile(bare_environment, rootUrl=root_url, keyring=True, **values)
        result = tc("secrets", "get", "a", "--profile", "a")
        assert (3, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
        assert said in result.stderr
        assert "S3CR3T" not in result.stderr
    memory_keyring.is_locked = True
    result = tc("secrets", "get", "a", "--profile", "a")
    assert 3 == result.exit_code
    assert "cannot read the keyring: the keyring is locked" in result.stderr


def test_without_a_keyring_the_extra_is_named(
    start: Start, bare_environment: dict[str, str], process_environment: dict[str, str], tmp_path: Path
) -> None:
    """
    If the package is not installed, or if the system has none.
    """
    (tmp_path / "keyring.py").write_text("raise ImportError")
    write_profile(bare_environment, rootUrl="http://127.0.0.1:1", keyring=True, clientId="me")
    shadowed = {**process_environment, "PYTHONPATH": f"{tmp_path}:{process_environment['PYTHONPATH']}"}
    none = {**process_environment, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    for env, said in ((shadowed, b"taskcluster-cli[keyring]"), (none, b"cannot read the keyring")):
        process = start("secrets", "get", "a", "--profile", "a", env=env)
        _, stderr = process.communicate(timeout=60)
        assert (3, 1) == (process.returncode, stderr.count(b"\n"))
        assert said in stderr


@pytest.mark.parametrize("change", ["file", "link", "directory", "writable directory"])
@pytest.mark.parametrize("key", ["credential_command", "keyring"])
def test_others_cannot_choose_where_credentials_come_from(
    tc: CommandLine, bare_environment: dict[str, str], tmp_path: Path, change: str, key: str
) -> None:
    """
    The file, a link to it and their directories belong to the user or to root, and nobody else writes them.
    """
    code = "import sys; open(sys.argv[1], 'w')"
    value: Any = True if key == "keyring" else run_python(code, str(tmp_path / "ran"))
    write_profile(bare_environment, rootUrl="http://127.0.0.1:1", clientId="me", **{key: value})
    path = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc", "profiles.toml")
    if change == "link":
        os.rename(path, tmp_path / "linked.toml")
        os.symlink(tmp_path / "linked.toml", path)
    if change == "writable directory":
        os.chmod(os.path.dirname(path), 0o770)
    elif os.geteuid() == 0:
        os.chown(os.path.dirname(path) if change == "directory" else path, 12345, -1, follow_symlinks=False)
    else:
        pytest.skip("only root can give files away")
    result = tc("secrets", "get", "a", "--profile", "a")

    assert 3 == result.exit_code
    assert (f"others may write {os.path.dirname(path)};" if "writable" in change else "another user") in result.stderr
    assert 1 == len(result.stderr.splitlines())
    assert not (tmp_path / "ran").exists()
