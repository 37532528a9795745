"""
``tc profile``.
"""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import pytest

from tests.core.test_credential_sources import MemoryKeyring
from tests.http_server import json_response

if TYPE_CHECKING:
    from tests.conftest import CommandLine, RunningSandbox, Start
    from tests.http_server import ScriptedServer

ROOT = "https://tc.example.com"
TEXT = f"""\
# mine
default_profile = "b"
[a]
rootUrl = "{ROOT}"   # of all
clientId = "me/a"
accessToken = "a-secret-token"
[b]
rootUrl = "https://b.example.com"
credential_command = ["print", "it"]
"""


@pytest.fixture
def path(bare_environment: dict[str, str]) -> Path:
    """
    The file of profiles.
    """
    path = Path(bare_environment["XDG_CONFIG_HOME"]) / "tc" / "profiles.toml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


def read(path: Path) -> dict[str, Any]:
    """
    Return the document in the file.
    """
    return tomllib.loads(path.read_text())


def test_profiles_are_listed_without_secrets(tc: CommandLine, path: Path) -> None:
    """
    And no command is run.
    """
    assert str(path) + "\n" == tc("profile", "path").stdout
    found = json.loads(tc("profile", "list").stdout)
    assert [
        {
            "name": "a",
            "default": False,
            "rootUrl": ROOT,
            "clientId": "me/a",
            "credentials": "token",
            "problem": None,
        },
        {
            "name": "b",
            "default": True,
            "rootUrl": "https://b.example.com",
            "clientId": None,
            "credentials": "command",
            "problem": None,
        },
    ] == found
    path.unlink()
    none = tc("profile", "list")
    assert (0, "[]\n") == (none.exit_code, none.stdout)
    assert "no profiles" in none.stderr


def test_a_profile_is_shown_with_its_secrets_only_if_asked(tc: CommandLine, path: Path) -> None:
    """
    The one that is named, else the one in use.
    """
    masked = tc("profile", "show", "a")
    assert {"rootUrl": ROOT, "clientId": "me/a", "accessToken": "…"} == json.loads(masked.stdout)
    assert masked.stderr == ""
    assert "a-secret-token" == json.loads(tc("profile", "show", "a", "--show-secrets").stdout)["accessToken"]
    assert "https://b.example.com" == json.loads(tc("profile", "show").stdout)["rootUrl"]
    assert ROOT == json.loads(tc("profile", "show", env={"TC_PROFILE": "a"}).stdout)["rootUrl"]
    assert ROOT == json.loads(tc("--profile", "a", "profile", "show").stdout)["rootUrl"]
    assert 3 == tc("profile", "show", "c").exit_code
    file = path.parent / "out"
    tc("profile", "show", "a", "--show-secrets", "-o", str(file))
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("retrys = 1", "retries"),
        ('read_only = "maybe"', "read_only"),
        ("retries = -1", "retries"),
        ("keyring = 1", "keyring"),
        ('rootUrl = "tc.example.com"', "rootUrl"),
        ('valid_until = "soon"', "valid_until"),
        ('expires = "soon"', "soon"),
        ('credential_command = ["x"]', "credential_command"),
        ("", "tc profile set c rootUrl URL"),
    ],
)
def test_a_broken_profile_is_marked_in_the_list(tc: CommandLine, path: Path, line: str, said: str) -> None:
    """
    It stops only the calls that use it.
    """
    path.write_text(f'{TEXT}[c]\naccessToken = "t-o-k-e-n"\n{line}\n')
    done = tc("profile", "list")
    assert (0, 3) == (done.exit_code, len(json.loads(done.stdout)))
    problems = {each["name"]: each["problem"] for each in json.loads(done.stdout)}
    assert problems["a"] is problems["b"] is None
    assert said in problems["c"]
    assert 0 == tc("--profile", "a", "queue", "ping", "--dry-run").exit_code
    assert 3 == tc("--profile", "c", "secrets", "list", "--dry-run").exit_code or "expires" in line


def test_a_profile_with_credentials_needs_a_root_url(tc: CommandLine, path: Path) -> None:
    """
    The note and the error name the command that sets it.
    """
    path.unlink()
    remedy = "tc profile set new rootUrl URL"
    assert remedy in tc("profile", "set", "new", "accessToken", stdin="t-o-k-e-n").stderr
    assert remedy in tc("--profile", "new", "queue", "ping").stderr
    assert "URL" not in tc("profile", "set", "new", f"rootUrl={ROOT}").stderr
    assert "URL" not in tc("profile", "set", "options", "retries=1").stderr


def test_a_profile_is_created_and_changed(tc: CommandLine, path: Path) -> None:
    """
    Of the file, everything else stays.
    """
    path.chmod(0o644)
    for argv, stdin in (
        (["new", f"rootUrl={ROOT}/", "client-id=me", "retries=2", "timeout=1m"], ""),
        (["new", "accessToken"], "t-o-k-e-n\n"),
        (["new", "scopes"], "a b\nc\n\n"),
        (["new", "authorized-scopes", "x", "y"], ""),
        (["new", "expires", "1 day"], ""),
        (["new", "read_only", "true"], ""),
        (["new", "valid-until", "2100-01-01"], ""),
    ):
        done = tc("profile", "set", *argv, stdin=stdin)
        assert (0, "") == (done.exit_code, done.stdout), done.stderr
        assert "t-o-k" not in done.stderr
    assert {
        "rootUrl": ROOT,
        "clientId": "me",
        "retries": 2,
        "timeout": "1m",
        "accessToken": "t-o-k-e-n",
        "scopes": ["a b", "c"],
        "authorizedScopes": ["x", "y"],
        "expires": "1 day",
        "read_only": True,
        "valid_until": "2100-01-01T00:00:00.000Z",
    } == read(path)["new"]
    assert path.read_text().startswith(TEXT)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)

    assert 0 == tc("profile", "unset", "new", "scopes", "traceId", "read-only").exit_code
    assert {"scopes", "read_only"}.isdisjoint(read(path)["new"])
    assert 0 == tc("profile", "remove", "new", "b").exit_code
    assert ["a"] == list(read(path))


def test_new_credentials_replace_the_old_ones(tc: CommandLine, path: Path) -> None:
    """
    Whole: no certificate and no end of others stays, and a note names what went.
    """
    command = ["profile", "set", "a", "credential_command"]
    done = tc(*command, "--", "op", "read", "--x")
    assert "removed accessToken" in done.stderr
    assert {"rootUrl": ROOT, "clientId": "me/a", "credential_command": ["op", "read", "--x"]} == read(path)["a"]
    tc(*command, "op read --x")
    assert "op read --x" == read(path)["a"]["credential_command"]
    tc(*command, '["op", "a b"]')
    assert ["op", "a b"] == read(path)["a"]["credential_command"]
    tc("profile", "set", "a", "valid_until", "1 day")
    assert "removed valid_until, credential_command" in tc("profile", "set", "a", "accessToken", stdin="new").stderr
    assert {"rootUrl": ROOT, "clientId": "me/a", "accessToken": "new"} == read(path)["a"]


@pytest.mark.parametrize(
    ("argv", "stdin", "said"),
    [
        (["a", "rotUrl", "x"], "", "did you mean rootUrl?"),
        (["a", "rootUrl", "tc.example.com"], "", "rootUrl has no scheme"),
        (["a", "rootUrl", "https://x", "https://y"], "", "takes one value"),
        (["a", "rootUrl=https://x", "clientId"], "", "'clientId' is not KEY=VALUE"),
        (["a", "rootUrl=https://x", "nothing=1"], "", "no key 'nothing'"),
        (["a", "rootUrl="], "", "is empty"),
        (["a", "rootUrl"], "", "is empty"),
        (["a", "clientId", "a b"], "", "is not a client id"),
        (["a", "accessToken", "x-secret-x"], "", "others can read"),
        (["a", "clientId=me", "accessToken=x-secret-x"], "", "others can read"),
        (["a", "accessToken"], "x-secret-x y", "has a blank"),
        (["a", "accessToken"], "", "is empty"),
        (["a", "certificate"], '{"seed": "x-secret-x"}', "invalid certificate"),
        (["a", "retries", "many"], "", "invalid retries"),
        (["a", "read_only", "maybe"], "", "with-secrets"),
        (["a", "read_only", "2"], "", "with-secrets"),
        (["a", "scopes", "a:**"], "", "ends with two stars"),
        (["a", "timeout=-1"], "", "timeout"),
        (["a", "serviceDiscoveryScheme", "dns"], "", "serviceDiscoveryScheme"),
        (["a", "keyring", "perhaps"], "", "true or false"),
        (["a", "keyring", "yes"], "", "true or false"),
        (["a", "expires", "yesterday"], "", "is not an offset"),
        (["a", "expires=-1 day"], "", "into the future"),
        (["a", "valid_until", "soon"], "", "'soon'"),
        (["a", "scopes", '["a", 1]'], "", "not a JSON array of strings"),
        (["a", "scopes", "[a"], "", "is a JSON array"),
        (["a", "scopes", "ä"], "", "is not a scope"),
        (["a", "credential_command", "[]"], "", "not a list of a program"),
        (["a b", "retries", "1"], "", "not a name for a profile"),
        (["default_profile", "retries", "1"], "", "not a name for a profile"),
        (["a"], "", "missing argument"),
        (["a", "clientId", "x", "--keyring"], "", "stores an access token"),
        (["new", "accessToken", "--keyring"], "t", "no rootUrl and no clientId"),
    ],
)
def test_a_wrong_value_changes_nothing(tc: CommandLine, path: Path, argv: list[str], stdin: str, said: str) -> None:
    """
    Exit code 2, in one line, without secrets.
    """
    done = tc("profile", "set", *argv, stdin=stdin)
    assert (2, "", 1) == (done.exit_code, done.stdout, done.stderr.count("\n")), done.stderr
    assert said in done.stderr
    assert "x-secret" not in done.stderr
    assert TEXT == path.read_text()


def test_the_default_and_what_overrides_it(tc: CommandLine, path: Path, sandbox: RunningSandbox) -> None:
    """
    A note names the variable.
    """
    assert "the default profile is a" in tc("profile", "use", "a").stderr
    assert "a" == read(path)["default_profile"]
    assert f"{ROOT}/api/queue/v1/ping\n" == tc("url", "queue", "ping").stdout
    assert "TASKCLUSTER_ROOT_URL" in tc("profile", "use", "a", env=sandbox.environment).stderr
    assert "TC_PROFILE" in tc("profile", "use", "a", env={"TC_PROFILE": "b"}).stderr
    assert "https://b.example.com/api/queue/v1/ping\n" == tc("url", "queue", "ping", env={"TC_PROFILE": "b"}).stdout
    selected = {**sandbox.environment, "TC_PROFILE": "b"}
    assert "https://b.example.com/api/queue/v1/ping\n" == tc("url", "queue", "ping", env=selected).stdout
    assert "no rootUrl" not in tc("profile", "use", "--none").stderr
    hint = "tc profile use: a, b"
    assert hint in tc("queue", "ping").stderr
    assert "default_profile" not in read(path)
    assert 1 == tc("profile", "show").exit_code
    for argv in ([], ["a", "--none"]):
        assert 2 == tc("profile", "use", *argv).exit_code
    wrong = tc("queue", "ping", env={"TC_PROFILE": "c"})
    assert 3 == wrong.exit_code
    assert "no profile 'c' (TC_PROFILE)" in wrong.stderr


def test_an_unknown_key_can_be_removed(tc: CommandLine, path: Path) -> None:
    """
    It is an error only for what needs the profile.
    """
    path.write_text("[a]\nrotUrl = 1\n[b]\nrootUrl = 'https://b'\n")
    assert "unknown key 'rotUrl' in profile a; did you mean rootUrl?" in tc("profile", "show", "a").stderr
    assert 0 == tc("profile", "show", "b").exit_code
    assert 0 == tc("profile", "unset", "a", "rotUrl").exit_code
    assert {"a": {}, "b": {"rootUrl": "https://b"}} == read(path)
    assert 2 == tc("profile", "unset", "a", "rotUrl").exit_code


@pytest.mark.parametrize("argv", [["list"], ["show"], ["set", "a", "retries", "1"], ["use", "a"], ["remove", "a"]])
def test_a_malformed_file_has_its_place(tc: CommandLine, path: Path, argv: list[str]) -> None:
    """
    For commands that need the file, and not for others.
    """
    path.write_text("[a]\nrootUrl = \n")
    done = tc("profile", *argv)
    assert (3, "") == (done.exit_code, done.stdout)
    assert f"cannot read {path}" in done.stderr
    assert "line 2, column 11" in done.stderr
    assert "[a]\nrootUrl = \n" == path.read_text()
    for other in (["slugid"], ["from-now", "1h"], ["profile", "path"], ["queue", "ping", "--help"], ["profile"]):
        assert "cannot read" not in tc(*other).stderr


def test_an_editor_changes_a_copy(tc: CommandLine, path: Path, tmp_path: Path) -> None:
    """
    Which replaces the file only if it is valid, and if nobody else has changed the file.
    """
    change = {"VISUAL": "sed -i s,me/a,me/b,"}
    assert 0 == tc("profile", "edit", env=change).exit_code
    assert TEXT.replace("me/a", "me/b") == path.read_text()
    assert "nothing was changed" in tc("profile", "edit", env={"EDITOR": "true"}).stderr
    assert 3 == tc("profile", "edit", env={"EDITOR": "false"}).exit_code
    assert 3 == tc("profile", "edit", env={"EDITOR": "/nowhere/edits"}).exit_code
    assert 3 == tc("profile", "edit", env={"EDITOR": "'"}).exit_code
    assert ["profiles.toml"] == os.listdir(path.parent)

    for script, said in (
        ("s/rootUrl/rotUrl/", "unknown key 'rotUrl'"),
        ("s/^rootUrl.*/rootUrl =/", "line 4, column"),
        ('s/"b"/"c"/', "no profile 'c'"),
        ("$ a retries = -1", "invalid retries"),
        ("$ a read_only = 2", "invalid read_only"),
        ('$ a valid_until = "soon"', "valid_until"),
        ("s,https://b.example.com,b.example.com,", "rootUrl in profile b"),
    ):
        before = path.read_text()
        done = tc("profile", "edit", env={"EDITOR": f"sed -i '{script}'"})
        assert 2 == done.exit_code
        assert said in done.stderr
        assert before == path.read_text()
        copy = Path(done.stderr.strip().rpartition(" ")[2])
        assert 0o600 == stat.S_IMODE(copy.stat().st_mode)
        copy.unlink()

    other = tmp_path / "edits"
    other.write_text(f'#!/bin/sh\necho "[new]" >> {path}\nsed -i s/me/you/ "$1"\n')
    other.chmod(0o755)
    done = tc("profile", "edit", env={"EDITOR": str(other)})
    assert 2 == done.exit_code
    assert "changed by another process" in done.stderr
    assert "new" in read(path)
    assert "you/b" in Path(done.stderr.strip().rpartition(" ")[2]).read_text()


def test_the_first_edit_starts_with_a_template(tc: CommandLine, path: Path) -> None:
    """
    Which alone is not written.
    """
    path.unlink()
    assert 0 == tc("profile", "edit", env={"EDITOR": "true"}).exit_code
    assert [] == os.listdir(path.parent)
    assert 0 == tc("profile", "edit", env={"EDITOR": "sed -i '3,$ s/^# //'"}).exit_code
    assert ROOT == read(path)["example"]["rootUrl"]


def test_a_token_is_stored_in_the_keyring(tc: CommandLine, path: Path, sandbox: RunningSandbox) -> None:
    """
    And used, and deleted with the last profile that uses it.
    """
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    try:
        root_url, client_id = sandbox.root_url, sandbox.credentials["clientId"]
        for name in ("k", "l"):
            tc("profile", "set", name, f"rootUrl={root_url}/", f"clientId={client_id}")
            done = tc("profile", "set", name, "accessToken", "--keyring", stdin=sandbox.credentials["accessToken"])
            assert (0, "") == (done.exit_code, done.stdout)
            assert {"rootUrl": root_url, "clientId": client_id, "keyring": True} == read(path)[name]
        assert {(root_url, client_id): sandbox.credentials["accessToken"]} == memory.passwords
        assert 0 == tc("secrets", "list", "--profile", "k").exit_code
        assert 0 == tc("profile", "remove", "k").exit_code
        assert memory.passwords
        assert 0 == tc("profile", "remove", "l").exit_code
        assert not memory.passwords
    finally:
        keyring.set_keyring(before)


def test_commands_at_once_lose_nothing(start: Start, path: Path) -> None:
    """
    As in scripts that set up a machine.
    """
    processes = [start("profile", "set", f"p{n}", f"rootUrl=https://{n}.example.com") for n in range(6)]
    assert [0] * 6 == [process.wait(60) for process in processes]
    assert {"a", "b", "default_profile", *(f"p{n}" for n in range(6))} == read(path).keys()
    assert path.read_text().startswith("# mine\n")


def test_no_token_is_on_a_command_line_or_in_the_environment_of_the_editor(
    start: Start, path: Path, tmp_path: Path
) -> None:
    """
    Only in the copy that it edits, which others cannot read.
    """
    script = tmp_path / "edits"
    script.write_text(f"#!/bin/sh\n(tr '\\0' ' ' < /proc/$$/cmdline; env; stat -c %a \"$1\") > {tmp_path}/seen\n")
    script.chmod(0o755)
    process = start("profile", "edit", env={"EDITOR": str(script)}, stdin=subprocess.DEVNULL)
    assert 0 == process.wait(60)
    assert TEXT == path.read_text()
    seen = (tmp_path / "seen").read_text()
    assert seen.endswith("600\n")
    assert "a-secret-token" not in seen


@pytest.mark.parametrize("content", ["x = 1", "[", "[default]\nunknown = 1", "[default]\nread_only = 'maybe'"])
def test_a_broken_file_stops_calls_that_could_need_it(
    tc: CommandLine, path: Path, http_server: ScriptedServer, content: str
) -> None:
    """
    With ``--root-url`` and ``--anonymous``, a call needs nothing of it; a warning names what is wrong.
    """
    path.write_text(content)
    for argv in (["--root-url", http_server.url], ["--anonymous"], ["--root-url", http_server.url, "--profile", "x"]):
        result = tc(*argv, "queue", "ping")
        assert (3, 1, []) == (result.exit_code, result.stderr.count("\n"), http_server.requests)

    http_server.respond_with(json_response({}))
    result = tc("--anonymous", "--root-url", http_server.url, "queue", "ping")
    assert (0, 1, 1) == (result.exit_code, result.stderr.count("\n"), len(http_server.requests))
    assert "warning: no profile is used" in result.stderr


def test_options_of_the_default_profile_apply_to_anonymous_calls(
    tc: CommandLine, path: Path, http_server: ScriptedServer
) -> None:
    """
    A profile that can be read is never left out.
    """
    path.write_text("[default]\nread_only = true\n")
    result = tc("--anonymous", "--root-url", http_server.url, "auth", "resetAccessToken", "a")
    assert (2, []) == (result.exit_code, http_server.requests)


def test_a_broken_file_that_was_not_edited_leaves_no_copy(tc: CommandLine, path: Path) -> None:
    """
    There is nothing in it to keep.
    """
    path.write_text("[a]\nrootUrl = \n")
    done = tc("profile", "edit", env={"EDITOR": "true"})
    assert (2, 1) == (done.exit_code, done.stderr.count("\n"))
    assert "line 2, column 11" in done.stderr
    assert ["profiles.toml"] == os.listdir(path.parent)


@pytest.mark.parametrize(
    "text",
    [
        "retries = 0x" + "f" * 5000,
        "read_only = 0b" + "1" * 65,
        "valid_until = 0o" + "7" * 5000,
        "timeout = inf",
        "retries = [2020-01-01]",
        "read_only = {a = 2020-01-01T00:00:00Z}",
        "valid_until = 12:00:00",
        "clientId = 'me'\naccessToken = 'x'\n[a.certificate]\nexpiry = 2020-01-01",
        "[a." + "b." * 3000 + "c]",
        '["a\\nforged"]',
    ],
    ids=lambda text: text[:20],
)
def test_no_value_of_toml_is_a_bug(tc: CommandLine, path: Path, text: str) -> None:
    """
    One line says what is wrong, whatever form of number, time or table it is.
    """
    path.write_text(f"[a]\nrootUrl = 'http://127.0.0.1:1'\n{text}\n")
    path.chmod(0o600)
    result = tc("--profile", "a", "queue", "ping")
    assert 3 == result.exit_code
    assert 1 == len(result.stderr.splitlines())
    for argv in (
        ["show", "a", "--format", "yaml"],
        ["show", "a", "--format", "table"],
        ["list"],
        ["set", "a", "retries=1"],
    ):
        assert tc("profile", *argv).exit_code in {0, 2, 3}, argv


@pytest.mark.parametrize("kind", ["pipe", "device", "circle", "large"])
def test_only_a_regular_file_of_some_size_is_read(tc: CommandLine, path: Path, kind: str) -> None:
    """
    Anything else would block, or never end; the Go client's file is read in the same way.
    """
    for each in (path, path.parent.parent / "taskcluster.yml"):
        each.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(each)
        elif kind == "large":
            each.write_bytes(b"#" * 4_000_001)
        else:
            each.symlink_to("/dev/zero" if kind == "device" else each.name)
        for argv in (["queue", "ping"], ["profile", "set", "a", "retries=1"], ["config", "get", "config.rootUrl"]):
            if argv[0] != ("profile" if each.suffix == ".yml" else "config"):
                result = tc(*argv)
                assert 3 == result.exit_code, argv
                assert f"cannot read {each}: " in result.stderr
        each.unlink()


def test_an_empty_home_is_not_the_root_directory(tc: CommandLine) -> None:
    """
    The system knows the user's home directory.
    """
    shown = tc("profile", "path", env={"HOME": "", "XDG_CONFIG_HOME": ""}).stdout
    assert f"{pwd.getpwuid(os.getuid()).pw_dir}/.config/tc/profiles.toml\n" == shown


def test_a_change_is_checked_against_the_file_that_it_changes(start: Start, path: Path) -> None:
    """
    Of two sources of credentials that are set at once, one replaces the other.
    """
    for _ in range(3):
        path.write_text("[a]\nrootUrl = 'http://127.0.0.1:1'\nclientId = 'me'\n")
        writers = [start("profile", "set", "a", key) for key in ("credential_command=x", "keyring=true")]
        assert [0, 0] == [writer.wait(60) for writer in writers]
        assert 1 == len({"credential_command", "keyring"} & set(tomllib.loads(path.read_text())["a"]))


def test_a_token_has_at_most_a_thousand_characters(tc: CommandLine, path: Path) -> None:
    """
    More would be another file.
    """
    before = path.read_bytes()
    assert 2 == tc("profile", "set", "a", "accessToken", stdin="x" * 1001).exit_code
    assert before == path.read_bytes()
    assert 0 == tc("profile", "set", "a", "accessToken", stdin="x" * 1000).exit_code


def test_removing_the_default_profile_is_reported(tc: CommandLine, path: Path) -> None:
    """
    Calls without --profile have another account then.
    """
    assert path.exists()
    assert "tc profile use NAME" not in tc("profile", "remove", "a").stderr
    assert "tc profile use NAME" in tc("profile", "remove", "b").stderr
