"""
``tc exec``: a command with the account's variables and with values of secrets.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.secret_values import controls_programs
from tests.http_server import NO_RESPONSE, json_response
from tests.transfer_env import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import CommandLine, Result, RunningSandbox, Start
    from tests.http_server import ScriptedServer

TOKEN = "t0ken 'with\" $(odd)\n!characters\\ ü"
SECRET: dict[str, Any] = {
    "token": TOKEN,
    "empty": "",
    "number": 12,
    "flag": True,
    "nothing": None,
    "object": {"list": [1, "x"]},
    "a.b": "dotted",
    "not-a-name": "v",
    "nul": "a\0b",
    "long": "x" * 200_000,
}
EXPIRES = "2099-01-01T00:00:00.000Z"
DUMP = (sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))")


def store(tc: CommandLine, sandbox: RunningSandbox, name: str, secret: Mapping[str, Any]) -> None:
    """
    Store a secret.
    """
    payload = json.dumps({"secret": secret, "expires": EXPIRES})
    assert 0 == tc("secrets", "set", name, stdin=payload, env=sandbox.environment).exit_code


@pytest.fixture
def secrets(tc: CommandLine, sandbox: RunningSandbox) -> RunningSandbox:
    """
    A deployment with secrets.
    """
    store(tc, sandbox, "project/x", SECRET)
    store(tc, sandbox, "we:ird=n a\\m/%é", {"TOKEN": "strange", "OTHER": "2"})
    return sandbox


def environment(result: Result) -> dict[str, str]:
    """
    Return the environment that `DUMP` printed.
    """
    assert (0, "") == (result.exit_code, result.stderr)
    found: dict[str, str] = json.loads(result.stdout)
    return found


def test_the_command_has_the_variables_of_the_account(
    tc_process: CommandLine, sandbox: RunningSandbox, bare_environment: dict[str, str]
) -> None:
    """
    Wherever they come from, and none of another account.
    """
    directory = Path(bare_environment["XDG_CONFIG_HOME"])
    (directory / "tc").mkdir(parents=True)
    profile = {"rootUrl": sandbox.root_url, **sandbox.credentials}
    lines = [f"{key} = {json.dumps(value)}" for key, value in profile.items()]
    (directory / "tc" / "profiles.toml").write_text("\n".join(["[work]", *lines, ""]))
    (directory / "tc" / "profiles.toml").chmod(0o600)
    others = {
        "TASKCLUSTER_CERTIFICATE": "{}",
        "TASKCLUSTER_CLIENT_ID": "other",
        "TASKCLUSTER_PROXY_URL": "http://taskcluster",
        "TC_PROFILE": "work",
    }
    by_profile = environment(tc_process("exec", "--profile", "work", "--", *DUMP, env=others))
    anonymous = environment(tc_process("exec", "--anonymous", "--", *DUMP, env=sandbox.environment))
    proxy = environment(
        tc_process(
            "exec", "--proxy", "--", *DUMP, env={**sandbox.environment, "TASKCLUSTER_PROXY_URL": "http://taskcluster"}
        )
    )

    names = ("TASKCLUSTER_ROOT_URL", "TASKCLUSTER_CLIENT_ID", "TASKCLUSTER_ACCESS_TOKEN")
    assert list(profile.values()) == [by_profile[name] for name in names]
    assert not {"TASKCLUSTER_CERTIFICATE", "TASKCLUSTER_PROXY_URL", "TC_PROFILE"} & by_profile.keys()
    assert {"TASKCLUSTER_ROOT_URL"} == {name for name in anonymous if name.startswith("TASKCLUSTER")}
    assert {"TASKCLUSTER_ROOT_URL", "TASKCLUSTER_PROXY_URL"} == {name for name in proxy if name.startswith("TASKC")}


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("project/x:token", "token", TOKEN),
        ("project/x:token=A", "A", TOKEN),
        ("project/x:empty=A", "A", ""),
        ("project/x:number=A", "A", "12"),
        ("project/x:flag", "flag", "true"),
        ("project/x:nothing", "nothing", "null"),
        ("project/x:object", "object", '{"list":[1,"x"]}'),
        ("project/x:object.list", "list", '[1,"x"]'),
        ("project/x:object.list[1]=_a1", "_a1", "x"),
        (r"project/x:a\.b=A", "A", "dotted"),
        ("project/x:not-a-name=A", "A", "v"),
        (r"we\:ird\=n a\m/%é:TOKEN=A", "A", "strange"),
        (r"we\:ird\=n a\m/%é", "OTHER", "2"),
        (r"we\:ird\=n a\m/%é=A", "A", '{"TOKEN":"strange","OTHER":"2"}'),
    ],
)
def test_a_value_becomes_a_variable(
    tc_process: CommandLine, secrets: RunningSandbox, option: str, name: str, value: str
) -> None:
    """
    A string as it is, anything else as JSON.
    """
    result = tc_process("exec", "--secret", option, "--", *DUMP, env=secrets.environment)

    assert value == environment(result)[name]


def test_a_secret_is_fetched_once(tc_process: CommandLine, secrets: RunningSandbox) -> None:
    """
    However many of its values are used.
    """
    del secrets.requests[:]
    words = [word for name in ("token", "number", "flag") for word in ("--secret", f"project/x:{name}")]
    tc_process("exec", *words, "--", "true", env=secrets.environment)

    assert [("GET", "/api/secrets/v1/secret/project%2Fx")] == secrets.requests


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--secret", "project/x:tokn"], 5, "did you mean token?"),
        (["--secret", "project/x:token.a=A"], 5, "token.a"),
        (["--secret", "project/x:object.list[7]=A"], 5, "object.list[7]"),
        (["--secret", "project/x:a]=A"], 5, "a]"),
        (["--secret", "no/such"], 5, "no/such"),
        (["--secret-file", "no/such=FILE"], 5, "no/such"),
        (["--secret", "project/x"], 9, "a.b"),
        (["--secret", "project/x:nul"], 9, "NUL"),
        (["--secret", "project/x:long"], 9, "128 KiB"),
        (["--secret", "project/x:token=A", "--secret", "project/x:number=A"], 2, "variable A"),
        (["--secret", ""], 2, "--secret"),
        (["--secret", ":key"], 2, ":key"),
        (["--secret", "name:"], 2, "name:"),
        (["--secret", "name="], 2, "name"),
        (["--secret", "name=A-B"], 2, "A-B"),
        (["--secret", "name=é"], 2, "é"),
        (["--secret", "project/x:not-a-name"], 2, "not-a-name"),
        (["--secret", "name:pass=TASKCLUSTER_CLIENT_ID"], 2, "name:pass"),
        (["--secret-file", "name"], 2, "=PATH"),
        (["--secret-file", "name="], 2, "=PATH"),
        (["--secret-file", "name=/"], 2, "'/'"),
        (["--secret-file", "name=EXISTING"], 2, "exists"),
        (["--secret-file", "name:a=FILE", "--secret-file", "name:b=FILE"], 2, "two values"),
        (["--secret-file", "project/x:token=EXISTING/file"], 3, "EXISTING"),
        (["--temp-scope", "a\nb"], 2, "scope"),
        (["--temp-scope", "a", "--temp-expires", "soon"], 2, "soon"),
        (["--temp-expires", "1 hour"], 2, "--temp-scope"),
        (["--temp-scope", "a", "--anonymous"], 3, "credentials"),
        (["--temp-scope", "b", "--authorized-scope", "a"], 2, "authorized"),
        (["--no-such-option"], 2, "--no-such-option"),
        (["--root-url", ""], 3, "root"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_the_command_does_not_run(
    tc_process: CommandLine, secrets: RunningSandbox, tmp_path: Path, options: list[str], code: int, named: str
) -> None:
    """
    After an error of tc: one line that names what is wrong, and no value of a secret.
    """
    existing = tmp_path / "existing"
    existing.write_text("mine")
    places = {"FILE": str(tmp_path / "file"), "EXISTING": str(existing)}

    def fill(word: str) -> str:
        for name, path in places.items():
            word = word.replace(name, path)
        return word

    marker = tmp_path / "marker"
    words = [fill(word) for word in options]
    result = tc_process("exec", *words, "--", "touch", str(marker), env=secrets.environment)

    assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert fill(named) in result.stderr
    assert "t0ken" not in result.stderr
    assert not marker.exists()
    assert "mine" == existing.read_text()
    assert ["existing", "home", "streams"] >= sorted(each for each in os.listdir(tmp_path) if each == "file")


@pytest.mark.parametrize(
    ("key", "env"),
    [
        ("PATH", {}),
        ("HOME", {}),
        ("MINE", {"MINE": "something else"}),
        ("LD_PRELOAD", {}),
        ("TASKCLUSTER_ROOT_URL", {}),
        ("TC_FAKE", {}),
        ("BASH_ENV", {}),
        ("NODE_OPTIONS", {}),
    ],
)
def test_a_secret_does_not_choose_the_program(
    tc: CommandLine, tc_process: CommandLine, sandbox: RunningSandbox, key: str, env: Mapping[str, str]
) -> None:
    """
    Its keys replace no variable, and set none that changes how programs run; written out, a variable is replaced.
    """
    store(tc, sandbox, "a", {key: "/evil"})
    result = tc_process("exec", "--secret", "a", "--", "true", env={**sandbox.environment, **env})
    chosen = tc_process("exec", "--secret", f"a:{key}=MINE", "--", *DUMP, env={**sandbox.environment, **env})

    assert (9, 1, True) == (result.exit_code, result.stderr.count("\n"), key in result.stderr)
    assert "/evil" == environment(chosen)["MINE"]


CONTROLS = """
    BASH_ENV ENV PATH HOME IFS PS1 PS4 PROMPT_COMMAND SHELLOPTS BASHOPTS CDPATH ZDOTDIR FPATH INPUTRC TERMINFO TMPDIR
    LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES GCONV_PATH LOCPATH HOSTALIASES RES_OPTIONS GLIBC_TUNABLES
    PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTHONINSPECT PYTHONWARNINGS PYTEST_ADDOPTS PIP_INDEX_URL VIRTUAL_ENV UV_INDEX
    NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NPM_CONFIG_REGISTRY npm_config_prefix PERL5OPT PERL5LIB PERL5DB PERLLIB
    RUBYOPT RUBYLIB GEM_PATH BUNDLE_GEMFILE JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH JAVA_HOME
    GOFLAGS GOPROXY GOPATH GOSUMDB RUSTC_WRAPPER RUSTFLAGS CARGO_HOME LUA_INIT PHPRC DOTNET_STARTUP_HOOKS MAKEFLAGS CC
    HTTP_PROXY https_proxy ALL_PROXY no_proxy SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    CURL_HOME OPENSSL_CONF AWS_CA_BUNDLE AWS_CONFIG_FILE KUBECONFIG DOCKER_HOST NETRC WGETRC KRB5_CONFIG
    GIT_SSH_COMMAND GIT_SSH GIT_ASKPASS GIT_EXEC_PATH GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_EDITOR GIT_EXTERNAL_DIFF
    SSH_ASKPASS SSH_AUTH_SOCK SUDO_ASKPASS EDITOR VISUAL PAGER MANPAGER LESSOPEN LESS BROWSER SHELL XDG_CONFIG_HOME
    XDG_DATA_DIRS DBUS_SESSION_BUS_ADDRESS LANG LC_ALL TZ TASKCLUSTER_ROOT_URL TC_FAKE TC_LOG
"""
VALUES = """
    TOKEN API_TOKEN API_KEY PASSWORD DB_PASSWORD SECRET CLIENT_SECRET AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY OTHER MINE
    GIT_TOKEN NPM_TOKEN GITHUB_TOKEN GOOGLE_API_KEY SSH_KEY PIP_PASSWORD username token apiKey DATABASE_URL SENTRY_DSN
    flag DB_HOST HOST PORT URL ID NAME EMAIL API_SECRET_KEY MY_CERTIFICATE GOOGLE_CLIENT_ID USER
"""


def test_variables_that_control_programs() -> None:
    """
    Tokens and passwords of the same programs are none of them.
    """
    assert [] == [name for name in CONTROLS.split() if not controls_programs(name)]
    assert [] == [name for name in VALUES.split() if controls_programs(name)]


def test_two_values_for_a_variable_are_found_before_a_request(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    If the command line names both; if keys of secrets are the same, the response is to blame.
    """
    result = tc("exec", "--secret", "x:a=A", "--secret", "y:a=A", "--", "true", env=http_server.env)
    assert (2, 1, []) == (result.exit_code, result.stderr.count("\n"), http_server.requests)
    http_server.respond_with(*(json_response({"secret": {"A": value}, "expires": EXPIRES}) for value in "xy"))
    result = tc("exec", "--secret", "x", "--secret", "y", "--", "true", env=http_server.env)
    assert (9, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 200_000], ids=["nul", "surrogate", "long"])
@pytest.mark.parametrize("option", [["--secret", "x"], ["--secret", "x:A"], ["--secret", "x=B"]], ids=str)
def test_a_value_that_no_variable_can_have(
    tc: CommandLine, http_server: ScriptedServer, option: list[str], value: str
) -> None:
    """
    The response is to blame, and the command does not run.
    """
    http_server.respond_with(json_response({"secret": {"A": value}, "expires": EXPIRES}))
    result = tc("exec", *option, "--", "true", env=http_server.env)
    if option == ["--secret", "x=B"] and "\0" in value:
        # In JSON, it is escaped.
        assert 0 == result.exit_code, result.stderr
        return
    assert (9, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr


def test_a_variable_that_has_the_value_already_is_fine(
    tc: CommandLine, tc_process: CommandLine, sandbox: RunningSandbox
) -> None:
    """
    So one ``tc exec`` can run another.
    """
    store(tc, sandbox, "a", {"MINE": "value"})
    once = ("exec", "--secret", "a", "--")
    result = tc_process(*once, sys.executable, "-m", "tccli", *once, *DUMP, env=sandbox.environment)

    assert "value" == environment(result)["MINE"]


def test_a_file_exists_while_the_command_runs(tc_process: CommandLine, secrets: RunningSandbox, tmp_path: Path) -> None:
    """
    With mode 0600, whatever the umask, in directories of mode 0700 that did not exist, and with the bytes of the value.
    """
    path = tmp_path / "new" / "deep" / "file"
    shown = "ls -l $0; ls -ld $(dirname $0) $(dirname $(dirname $0)); od -An -tx1 $0"
    result = tc_process(
        "exec", "--secret-file", f"project/x:nul={path}", "--", "sh", "-c", shown, str(path), env=secrets.environment
    )
    lines = result.stdout.splitlines()

    assert (0, "") == (result.exit_code, result.stderr)
    assert ["-rw-------", "drwx------", "drwx------"] == [line.split()[0].strip(".+") for line in lines[:3]]
    assert ["61 00 62"] == [line.strip() for line in lines[3:]]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "script",
    [
        "true",
        "false",
        "rm $0",
        "cat $0 > $0.new; mv $0.new $0",
        "chmod 777 $0",
        "ln -sf /etc/passwd $0",
        "no-such-command",
    ],
)
def test_nothing_remains_of_a_file(
    tc_process: CommandLine, secrets: RunningSandbox, tmp_path: Path, script: str
) -> None:
    """
    Whatever the command does to it, and how it ends.
    """
    path = tmp_path / "new" / "file"
    option = ("--secret-file", f"project/x:token={path}")
    tc_process("exec", *option, "--", "sh", "-c", script, str(path), env=secrets.environment)

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("is_whole_group", [False, True], ids=["tc", "its process group"])
def test_nothing_remains_of_a_file_if_tc_is_killed(
    process_environment: dict[str, str], secrets: RunningSandbox, tmp_path: Path, is_whole_group: bool
) -> None:
    """
    Nor of the directories that were made for it. What another program stored in them stays.
    """
    paths = [tmp_path / name / "deep" / "a 'file\n" for name in ("one", "other")]
    options = [word for path in paths for word in ("--secret-file", f"project/x:token={path}")]
    command = [sys.executable, "-m", "tccli", "exec", *options, "--", "sh", "-c", "echo ready; exec sleep 60"]
    environment = {**process_environment, **secrets.environment}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert b"ready\n" == process.stdout.readline()
        (tmp_path / "other" / "kept").touch()
        assert all(path.exists() for path in paths)
        group = os.getpgid(process.pid)
        if is_whole_group:
            os.killpg(group, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        wait_until(lambda: not any(path.parent.exists() for path in paths) and not paths[0].parent.parent.exists())
        if not is_whole_group:
            os.killpg(group, signal.SIGKILL)

    assert (tmp_path / "other" / "kept").exists()


def test_a_directory_that_others_can_write_is_reported(
    tc_process: CommandLine, secrets: RunningSandbox, tmp_path: Path
) -> None:
    """
    In one line: they could replace the file.
    """
    open_directory = tmp_path / "open"
    open_directory.mkdir()
    open_directory.chmod(0o777)
    option = ("--secret-file", f"project/x:token={open_directory}/file")
    result = tc_process("exec", *option, "--", "true", env=secrets.environment)

    assert (0, 1, True) == (result.exit_code, result.stderr.count("\n"), "warning" in result.stderr)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
def test_signals_go_to_the_command(
    start: Start, secrets: RunningSandbox, tmp_path: Path, number: signal.Signals
) -> None:
    """
    Its exit code is that of shells, and the file is removed.
    """
    path = tmp_path / "file"
    option = ("--secret-file", f"project/x:token={path}")
    process = start("exec", *option, "--", "sh", "-c", "echo ready; exec sleep 60", env=secrets.environment)
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline()
    assert path.exists()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert (128 + number, b"") == (process.returncode, errors)
    assert not path.exists()


def test_a_command_may_handle_signals(start: Start, sandbox: RunningSandbox) -> None:
    """
    Then tc ends when the command does, with its exit code.
    """
    script = "trap 'echo handled; exit 9' TERM; echo ready; while true; do sleep 0.1; done"
    process = start("exec", "--", "sh", "-c", script, env=sandbox.environment)
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline()
    process.terminate()
    output, errors = process.communicate(timeout=30)

    assert (9, b"handled\n", b"") == (process.returncode, output, errors)


def test_an_ignored_signal_stays_ignored(process_environment: dict[str, str], sandbox: RunningSandbox) -> None:
    """
    As below nohup: neither tc nor the command ends.
    """
    words = [sys.executable, "-m", "tccli", "exec", "--", "sh", "-c", "echo ready; read line; echo $line"]
    with subprocess.Popen(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *words],
        env={**process_environment, **sandbox.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert b"ready\n" == process.stdout.readline()
        os.killpg(process.pid, signal.SIGHUP)
        time.sleep(0.2)
        output, _ = process.communicate(b"still here\n", timeout=30)

    assert (0, b"still here\n") == (process.returncode, output)


def test_an_interrupted_fetch_runs_nothing(start: Start, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    130, silently.
    """
    http_server.respond_with(NO_RESPONSE)
    option = ("--secret-file", f"a:b={tmp_path}/new/file")
    process = start("exec", *option, "--", "touch", str(tmp_path / "marker"), env=http_server.env)
    http_server.wait_for(1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert (130, b"", b"") == (process.returncode, output, errors.strip())
    assert not (tmp_path / "marker").exists()
    assert not (tmp_path / "new").exists()


def test_streams_pass_through(tc_process: CommandLine, secrets: RunningSandbox) -> None:
    """
    Bytes of stdin, stdout and stderr; options behind the command are its own.
    """
    data = bytes(range(256)) * 1000
    option = ("--secret", "project/x:token")
    result = tc_process("exec", *option, "cat", "-", stdin=data, env=secrets.environment)
    failed = tc_process("exec", "--", "sh", "-c", "echo problem >&2; exit 77", "--version", env=secrets.environment)

    assert (0, data, "") == (result.exit_code, result.output, result.stderr)
    assert (77, b"", "problem\n") == (failed.exit_code, failed.output, failed.stderr)


@pytest.mark.parametrize(
    ("word", "code"),
    [("no-such-command", 127), ("/no/such/command", 127), ("/etc/passwd", 126), ("/", 126), ("", 2), ("BROKEN", 127)],
)
def test_a_command_that_cannot_be_run(
    tc_process: CommandLine, secrets: RunningSandbox, tmp_path: Path, word: str, code: int
) -> None:
    """
    The exit code is that of env(1), and the file is removed.
    """
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    words = [str(broken) if word == "BROKEN" else word]
    option = ("--secret-file", f"project/x:token={tmp_path}/file")
    result = tc_process("exec", *option, "--", *words, env=secrets.environment)
    expected = subprocess.run(["env", *words], check=False, capture_output=True).returncode

    assert (code, 1) == (result.exit_code, result.stderr.count("\n"))
    assert code in {2, expected}
    assert not (tmp_path / "file").exists()


def test_a_script_without_an_interpreter_runs_in_sh(
    tc_process: CommandLine, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """
    As with env(1) and in shells.
    """
    script = tmp_path / "script"
    script.write_text("echo $0 $1\n")
    script.chmod(0o755)
    env = {**sandbox.environment, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    assert f"{script} 1\n" == tc_process("exec", "--", "script", "1", env=env).stdout


def test_descriptors_of_the_caller_are_those_of_the_command(
    process_environment: dict[str, str], sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """
    Such as of ``<(…)`` in a shell, of a lock or of make.
    """
    with (tmp_path / "file").open("w+") as file:
        code = f"import os; os.write({file.fileno()}, b'x')"
        words = [sys.executable, "-m", "tccli", "exec", "--", sys.executable, "-c", code]
        environment = {**process_environment, **sandbox.environment}
        done = subprocess.run(
            words, env=environment, pass_fds=[file.fileno()], check=False, timeout=60, capture_output=True
        )
        file.seek(0)
        assert (0, b"", "x") == (done.returncode, done.stderr, file.read())


def test_arguments_that_are_too_long(tc_process: CommandLine, tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    The remedy is named.
    """
    store(tc, sandbox, "a", {"b": "x" * 100_000})
    words = [word for number in range(60) for word in ("--secret", f"a:b=A{number}")]
    result = tc_process("exec", *words, "--", "true", env=sandbox.environment)

    assert (126, 1, True) == (result.exit_code, result.stderr.count("\n"), "--secret-file" in result.stderr)


def test_no_process_shows_a_value_on_its_command_line(start: Start, secrets: RunningSandbox, tmp_path: Path) -> None:
    """
    Neither tc nor the command, nor the environment of tc; nor a log or a trace.
    """
    log = tmp_path / "log"
    options = ("--secret", "project/x:token", "--secret-file", f"project/x:token={tmp_path}/file", "-vv")
    env = {**secrets.environment, "TC_LOG": str(log)}
    # While a process starts another program, it shows neither a command line nor an environment: sh starts none.
    process = start("exec", *options, "--", "sh", "-c", "echo ready; read -r word", env=env, stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert b"ready\n" == process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    shown = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (process.pid, *children)]
    shown.append(Path(f"/proc/{process.pid}/environ").read_bytes())
    given = [Path(f"/proc/{pid}/environ").read_bytes() for pid in children]
    process.terminate()
    _, errors = process.communicate(timeout=30)

    # Of the two, the process that removes the file has no environment.
    assert [False, True] == sorted(b"t0ken" in each for each in given)
    assert not any(b"t0ken" in each for each in (*shown, errors, log.read_bytes()))
    assert b"GET " in errors


def test_temporary_credentials_have_fewer_scopes(tc_process: CommandLine, secrets: RunningSandbox) -> None:
    """
    Those of ``--temp-scope``, for the time of ``--temp-expires``; secrets are fetched with all.
    """
    command = (sys.executable, "-m", "tccli", "whoami", "--format", "json")
    options = ("--secret", "project/x:token", "--temp-scope", "queue:a", "--temp-scope", "queue:b")
    result = tc_process("exec", *options, "--temp-expires", "10 minutes", "--", *command, env=secrets.environment)
    found = json.loads(result.stdout)

    assert (0, "temporary") == (result.exit_code, found["type"])
    assert {"queue:a", "queue:b"} == {scope for scope in found["scopes"] if scope in {"queue:a", "queue:b", "*"}}


def test_authorized_scopes_limit_the_command_too(tc_process: CommandLine, sandbox: RunningSandbox) -> None:
    """
    No variable has them, so it gets temporary credentials.
    """
    command = (sys.executable, "-m", "tccli", "whoami", "--format", "json")
    result = tc_process("exec", "--authorized-scope", "queue:a", "--", *command, env=sandbox.environment)
    narrowed = tc_process(
        "exec", "--authorized-scope", "queue:*", "--temp-scope", "queue:b", "--", *command, env=sandbox.environment
    )
    scopes = [set(json.loads(each.stdout)["scopes"]) for each in (result, narrowed)]

    assert [{"queue:a"}, {"queue:b"}] == [each & {"queue:a", "queue:b", "queue:*", "*"} for each in scopes]


def test_read_only_mode(tc_process: CommandLine, secrets: RunningSandbox, tmp_path: Path) -> None:
    """
    A command gets credentials only if they may be handed out; what it runs is in the mode, too.
    """
    marker = str(tmp_path / "marker")
    refused = tc_process("exec", "--", "touch", marker, env={**secrets.environment, "TC_READ_ONLY": "1"})
    nested = (sys.executable, "-m", "tccli", "secrets", "remove", "project/x")
    inside = tc_process("exec", "--read-only=with-secrets", "--", *nested, env=secrets.environment)

    assert (2, False) == (refused.exit_code, os.path.exists(marker))
    assert (2, True) == (inside.exit_code, "secrets.remove" in inside.stderr)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"secret": {"a": "v"}}, 0),
        ({"secret": ["a"]}, 9),
        ({"secret": None}, 9),
        ({"expires": EXPIRES}, 9),
        ([], 9),
        ("a", 9),
    ],
)
def test_any_response_is_survived(
    tc_process: CommandLine, http_server: ScriptedServer, tmp_path: Path, document: Any, code: int
) -> None:
    """
    One that is not a secret is exit code 9, and nothing is run.
    """
    http_server.respond_with(json_response(document))
    marker = tmp_path / "marker"
    result = tc_process("exec", "--secret", "n:a", "--", "touch", str(marker), env=http_server.env)

    assert (code, code == 0) == (result.exit_code, marker.exists())
    assert (code != 0) == result.stderr.count("\n")


def test_fakes_provide_secrets(tc_process: CommandLine, tmp_path: Path) -> None:
    """
    For the test of a script.
    """
    (tmp_path / "fake.json").write_text(json.dumps({"secrets.get": {"secret": {"a": "v"}, "expires": EXPIRES}}))
    result = tc_process("exec", "--fake", str(tmp_path / "fake.json"), "--secret", "n:a=A", "--", "sh", "-c", "echo $A")

    assert (0, "v\n") == (result.exit_code, result.stdout)


def test_files_that_exclude_each_other_are_found_before_a_request(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path
) -> None:
    """
    One path under two names, a file that is to be a directory, too, and a name that no file system has.
    """
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("directory")
    for first, second in (
        ("a", "a/b"),
        ("a/b", "a"),
        ("link/a", "directory/a"),
        ("a", "n" * 256),
        ("a", f"{'n' * 256}/b"),
    ):
        options = ("--secret-file", f"x:a={tmp_path}/{first}", "--secret-file", f"x:b={tmp_path}/{second}")
        result = tc("exec", *options, "--", "true", env=http_server.env)
        assert (2, 1, []) == (result.exit_code, result.stderr.count("\n"), http_server.requests), result.stderr


def test_a_file_in_a_new_directory(tc_process: CommandLine, secrets: RunningSandbox, tmp_path: Path) -> None:
    """
    The umask does not matter; a directory that others can write is reported, and so is a file that was moved away.
    """
    tmp_path.chmod(0o777)
    path = tmp_path / "new" / "er" / "file"
    before = os.umask(0o777)
    try:
        move = ("--", "mv", str(path), str(tmp_path / "moved"))
        result = tc_process("exec", "--secret-file", f"project/x:token={path}", *move, env=secrets.environment)
    finally:
        os.umask(before)
    assert 0 == result.exit_code, result.stderr
    assert ["others can replace", "was moved or removed"] == [
        each
        for line in result.stderr.splitlines()
        for each in ("others can replace", "was moved or removed")
        if each in line
    ]
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "moved").stat().st_mode & 0o777 == 0o600


def test_a_variable_that_cannot_be_one(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    The hint fits the word that was given.
    """
    given = tc("exec", "--secret", "rel/deploy:token=1BAD", "--", "true", env=sandbox.environment)
    assert (2, 1) == (given.exit_code, given.stderr.count("\n"))
    assert "no digit first" in given.stderr
    assert "add =VARIABLE" in tc("exec", "--secret", "a:b-c", "--", "true", env=sandbox.environment).stderr
