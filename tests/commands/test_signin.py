"""
``tc signin``: a browser creates a client, and its credentials come back; nobody else's do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.time_limits import check_duration
from tests.webdriver import Browser, wait_until
from tests.webdriver import browser as _browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox, Start

browser = _browser
TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
DEPLOYMENT = {"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"}


class Signin:
    """
    A sign-in that is in progress.

    Attributes:
        url: That of the page, as the browser gets it.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    @property
    def query(self) -> dict[str, list[str]]:
        """
        The query of the page.
        """
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def callback(self) -> str:
        """
        Where the credentials go.
        """
        return self.query["callback_url"][0]

    def call_back(self, client_id: str = "me/cli", token: str = TOKEN, **options: Any) -> httpx.Response:
        """
        Send credentials, as the page makes the browser do.
        """
        return fetch(f"{self.callback}?clientId={client_id}&accessToken={token}", **options)

    def finish(self) -> tuple[int, str, str]:
        """
        Return exit code, stdout and stderr.
        """
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, output.decode(), errors.decode()


def fetch(url: str, verb: str = "GET", **options: Any) -> httpx.Response:
    """
    Send a request to this machine.
    """
    with httpx.Client(trust_env=False, follow_redirects=True) as client:
        return client.request(verb, url, timeout=30, **options)


@pytest.fixture
def signin(start: Start, tmp_path: Path) -> Callable[..., Signin]:
    """
    Starts ``tc signin`` with a browser that only writes down what it gets.
    """
    seen = tmp_path / "url"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nenv > {tmp_path}/environment\nprintf %s "$1" > {seen}.new\nmv {seen}.new {seen}\n')
    program.chmod(0o700)

    def run(*words: str, env: dict[str, str] | None = None, stdin: int = subprocess.DEVNULL) -> Signin:
        seen.unlink(missing_ok=True)
        process = start("signin", *words, env={**DEPLOYMENT, "BROWSER": str(program), **(env or {})}, stdin=stdin)
        wait_until(lambda: seen.exists() or process.poll() is not None)
        assert seen.exists(), process.communicate()[1].decode()
        return Signin(process, seen.read_text())

    return run


def create_client(page: str, user: str | None = None) -> dict[str, Any]:
    """
    Do what the page of the sandbox does when its button is pressed.
    """
    response = fetch(page + (f"&user={user}" if user else ""), "POST")
    assert 200 == response.status_code, response.text
    found = response.json()
    assert isinstance(found, dict)
    return found


def test_credentials_work(signin: Callable[..., Signin], sandbox: RunningSandbox, tc: CommandLine) -> None:
    """
    The lines are those of the Go client; the token is not the one that the browser has seen.
    """
    running = signin(env={"TASKCLUSTER_ROOT_URL": sandbox.root_url})
    assert ["*"] == running.query["scope"]
    assert ["1d"] == running.query["expires"]
    assert re.fullmatch(r"cli-[A-Za-z0-9]{6}", running.query["name"][0])
    created = create_client(running.url)
    page = fetch(created["callback"])
    assert 200 == page.status_code
    assert created["clientId"] in page.text
    assert created["accessToken"] not in page.text + str(page.url)
    code, output, errors = running.finish()

    assert 0 == code, errors
    assert ["CLIENT_ID", "ACCESS_TOKEN", "ROOT_URL"] == re.findall(r"^export TASKCLUSTER_(\w+)='", output, re.MULTILINE)
    client_id, token, root_url = (line.split("'")[1] for line in output.splitlines())
    assert (created["clientId"], sandbox.root_url) == (client_id, root_url)
    assert token not in {created["accessToken"], ""}
    assert token not in errors
    assert created["accessToken"] not in errors
    env = {"TASKCLUSTER_ROOT_URL": root_url, "TASKCLUSTER_CLIENT_ID": client_id, "TASKCLUSTER_ACCESS_TOKEN": token}
    assert client_id == json.loads(tc("whoami", env=env).stdout)["clientId"]
    assert 0 == tc("signin", "--check", env=env).exit_code
    found = json.loads(tc("auth", "client", client_id, env=env).stdout)
    assert found["deleteOnExpiration"]


def test_scopes_name_and_expiry(signin: Callable[..., Signin], sandbox: RunningSandbox) -> None:
    """
    Scopes may be repeated, or on a line each. What the user does not have is reported, and so is a token that stays.
    """
    user = sandbox_client(sandbox, "project/one", ["queue:get:*", "auth:get-client:*"])
    words = ["-s", "queue:get:a\nqueue:*\n", "-s=secrets:get:x", "-n", "fx", "--expires", "2 hours"]
    running = signin(*words, env={"TASKCLUSTER_ROOT_URL": sandbox.root_url})
    assert ["queue:get:a", "queue:*", "secrets:get:x"] == running.query["scope"]
    assert running.query["name"][0].startswith("fx-")
    assert ["2 hours"] == running.query["expires"]
    created = create_client(running.url, user)
    fetch(created["callback"])
    code, output, errors = running.finish()

    assert (0, True) == (code, created["accessToken"] in output)
    assert "warning" in errors
    assert "secrets:get:x" in errors
    assert f"auth:reset-access-token:{created['clientId']}" in errors
    stored = next(each for each in list_clients(sandbox) if each["clientId"] == created["clientId"])
    assert ["queue:get:*"] == stored["scopes"]


def sandbox_client(sandbox: RunningSandbox, client_id: str, scopes: list[str]) -> str:
    """
    Create a client that can be the user of the sandbox's page.
    """
    from tccli.core.account import Account
    from tccli.core.client import Client
    from tccli.core.hawk import Credentials
    from tccli.core.http.transport import HttpTransport
    from tccli.core.payload import encode
    from tccli.references import method

    with closing(HttpTransport(30, {})) as transport:
        credentials = Credentials(sandbox.credentials["clientId"], sandbox.credentials["accessToken"])
        client = Client(Account(sandbox.root_url, credentials=credentials), transport)
        payload = {"description": "", "expires": "2100-01-01T00:00:00Z", "scopes": scopes}
        client.call(method("auth", "createClient"), [client_id], payload=encode(payload))
    return client_id


def list_clients(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    """
    Return all clients.
    """
    return list(fetch(f"{sandbox.root_url}/api/auth/v1/clients/").json()["clients"])


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (404, {"path": "/wrong"}),
        (404, {"path": "/"}),
        (404, {"path": "/favicon.ico"}),
        (400, {"query": "clientId=me"}),
        (400, {"query": "clientId=me&accessToken="}),
        (400, {"query": "clientId=me&clientId=you&accessToken=t"}),
        (400, {"query": "clientId=me&accessToken=a%00b"}),
        (400, {"query": "clientId=me&accessToken=a%ffb"}),
        (400, {"query": f"clientId=me/x'y&accessToken={TOKEN}"}),
        (400, {"query": f"clientId=me%0ax&accessToken={TOKEN}"}),
        (400, {"query": "clientId=me&accessToken=a%20b"}),
        (400, {"query": "clientId=me&accessToken=" + 2_000 * "x"}),
        (405, {"verb": "POST"}),
        (405, {"verb": "HEAD"}),
        (405, {"verb": "OPTIONS"}),
        (501, {"verb": "BREW"}),
        (403, {"headers": {"Origin": "https://evil.example"}}),
        (403, {"headers": {"Origin": "null"}}),
        (403, {"headers": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}}),
        (403, {"headers": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}}),
        (403, {"headers": {"Sec-Purpose": "prefetch"}}),
        (421, {"headers": {"Host": "evil.example"}}),
        (421, {"headers": {"Host": "127.0.0.1:1"}}),
        (421, {"headers": {"Host": "localhost"}}),
    ],
    ids=str,
)
def test_other_requests_are_refused(status: int, change: dict[str, Any]) -> None:
    """
    Nothing but the callback is taken; no page gives anything away, and none may be framed, stored or referred from.
    """
    from tccli.core.signin.callback import CallbackServer

    with CallbackServer("https://tc.example.com") as server:
        base, _, state = server.url.rpartition("/")
        path = change.get("path", f"/{state}")
        query = change.get("query", f"clientId=me&accessToken={TOKEN}")
        response = fetch(f"{base}{path}?{query}", change.get("verb", "GET"), headers=change.get("headers"))

        assert status == response.status_code
        assert server.wait(0) is None
        assert TOKEN not in response.text
        assert state not in response.text
        assert "no-referrer" == response.headers["Referrer-Policy"]
        assert "no-store" == response.headers["Cache-Control"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in response.headers
        assert 200 == fetch(f"{server.url}?clientId=me&accessToken={TOKEN}").status_code
        assert ("me", TOKEN) == server.wait(60)


def test_only_one_callback_counts() -> None:
    """
    The second one is refused, on whichever address of localhost it comes; the client id is not decoded as a form.
    """
    from tccli.core.signin.callback import CallbackServer

    with CallbackServer("https://tc.example.com") as server:
        assert 303 == httpx.get(f"{server.url}?clientId=ad|x+y@z/cli&accessToken={TOKEN}", trust_env=False).status_code
        for host in ("127.0.0.1", "[::1]"):
            address = server.url.replace("localhost", host)
            again = fetch(f"{address}?clientId=b&accessToken=c", headers={"Host": f"localhost:{server.port}"})
            assert 410 == again.status_code
        assert ("ad|x+y@z/cli", TOKEN) == server.wait(60)
        assert server.wait(0) is None


def test_the_port_is_ours_on_both_addresses(tc: CommandLine) -> None:
    """
    A program that listens on one of the addresses of localhost could get the token.
    """
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.create_server((host, 0), family=family) as other:
            port = str(other.getsockname()[1])
            result = tc("signin", "--port", port, env=DEPLOYMENT)
            assert 3 == result.exit_code
            assert port in result.stderr
            assert 1 == result.stderr.count("\n")


def test_slow_and_silent_connections_do_not_block(signin: Callable[..., Signin]) -> None:
    """
    Browsers open connections ahead of time.
    """
    running = signin()
    port = urlsplit(running.callback).port
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"GET / HT")
        assert 200 == running.call_back().status_code
        code, output, _ = running.finish()

    assert 0 == code
    assert TOKEN in output


HOSTILE = [
    "'",
    '"',
    "a'b\"c$(echo x)`echo y`",
    "%s%d %PATH%",
    "!! !a \\!",
    "\\",
    "a\\'b\\n",
    "$HOME *?[a]~;&|<>#",
    "a\nb\n'c",
]
SHELL_LINES = {
    "bash": ("bash", 'eval "$(cat lines)"'),
    "dash": ("bash", 'eval "$(cat lines)"'),
    "zsh": ("bash", 'eval "$(cat lines)"'),
    "fish": ("fish", "cat lines | source"),
    "tcsh": ("csh", "source lines"),
    "pwsh": ("powershell", "Get-Content -Raw lines | Invoke-Expression"),
}


@pytest.mark.parametrize("program", SHELL_LINES)
def test_shells_read_every_value(program: str, tmp_path: Path, process_environment: dict[str, str]) -> None:
    """
    What a shell makes of the lines is the value, whatever is in it.
    """
    from tccli.core.shells import set_variables

    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    shell, line = SHELL_LINES[program]
    values = {f"VALUE_{place}": value for place, value in enumerate(HOSTILE)}
    (tmp_path / "lines").write_text("\n".join(set_variables(values, shell)) + "\n")
    (tmp_path / "script").write_text(f"{line}\nenv -0\n")
    flags = {"zsh": ["-f"], "fish": ["--no-config"], "tcsh": ["-f"]}.get(program, [])
    done = subprocess.run(
        [program, *flags, "script"], cwd=tmp_path, env=process_environment, capture_output=True, timeout=60, check=False
    )
    found = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if "=" in entry)

    assert values == {name: found.get(name) for name in values}, done.stderr


@pytest.mark.parametrize(
    ("program", "shell", "line"),
    [
        ("bash", "/bin/bash", 'eval "$({tc})"'),
        ("bash", "/bin/bash", "eval `{tc}`"),
        ("bash", "/usr/bin/fish", 'set -e; lines=$({tc}) && eval "$lines"'),
        ("zsh", "/bin/zsh", 'eval "$({tc})"'),
        ("fish", "/usr/bin/fish", "{tc} | source"),
        ("fish", "/usr/bin/fish", "{tc} --shell fish | source"),
        ("fish", "/usr/bin/fish", "eval ({tc} --shell fish)"),
        ("tcsh", "/bin/tcsh", 'eval "`{tc}`"'),
        ("tcsh", "/bin/bash", "eval `{tc} --csh`"),
    ],
)
def test_each_shell_evaluates_the_lines(
    program: str, shell: str, line: str, tmp_path: Path, process_environment: dict[str, str]
) -> None:
    """
    The shell is guessed from SHELL; a certificate that is set already is not one of the new client.
    """
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    client_id = "ad|Ex-LDAP|a+b@c.d/cli!x"
    command = f"{sys.executable} -m tccli signin"
    (tmp_path / "script").write_text(f"{line.format(tc=command)}\nenv -0\n")
    env = {
        **process_environment,
        **DEPLOYMENT,
        "SHELL": shell,
        "BROWSER": write_browser(tmp_path, client_id),
        "TASKCLUSTER_CERTIFICATE": "old",
    }
    flags = {"zsh": ["-f"], "fish": ["--no-config"], "tcsh": ["-f"]}.get(program, [])
    done = subprocess.run(
        [program, *flags, "script"], cwd=tmp_path, env=env, capture_output=True, timeout=60, check=False
    )
    found = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if "=" in entry)

    assert client_id == found.get("TASKCLUSTER_CLIENT_ID"), done.stderr.decode()
    assert (TOKEN, "") == (found["TASKCLUSTER_ACCESS_TOKEN"], found["TASKCLUSTER_CERTIFICATE"])
    assert DEPLOYMENT["TASKCLUSTER_ROOT_URL"] == found["TASKCLUSTER_ROOT_URL"]


def write_browser(directory: Path, client_id: str) -> str:
    """
    Write a program that sends credentials at once, without a page; return its path.
    """
    program = directory / "browser"
    program.write_text(
        f"#!{sys.executable}\nimport sys, urllib.parse, urllib.request\n"
        "query = urllib.parse.parse_qs(urllib.parse.urlsplit(sys.argv[1]).query)\n"
        f"url = query['callback_url'][0] + '?clientId={client_id}&accessToken={TOKEN}'\n"
        "urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url).read()\n"
    )
    program.chmod(0o700)
    return str(program)


def test_nothing_that_is_started_gets_credentials(signin: Callable[..., Signin], tmp_path: Path) -> None:
    """
    Half a set of credentials does not stop the sign-in, the browser does not get it, and no command line has the token.
    """
    running = signin("-v", env={"TASKCLUSTER_ACCESS_TOKEN": "half-a-set-of-credentials"})
    assert "half-a-set" not in (tmp_path / "environment").read_text()
    assert 200 == running.call_back().status_code
    pids = [name for name in os.listdir("/proc") if name.isdigit()]
    lines = b"".join(read_bytes(f"/proc/{pid}/cmdline") for pid in pids)
    code, output, errors = running.finish()

    assert (0, True) == (code, TOKEN in output)
    assert TOKEN.encode() not in lines
    assert TOKEN not in errors


def test_no_log_has_the_tokens(signin: Callable[..., Signin], sandbox: RunningSandbox, tmp_path: Path) -> None:
    """
    Neither that of the callback nor the one that replaces it.
    """
    env = {"TASKCLUSTER_ROOT_URL": sandbox.root_url, "TC_LOG": str(tmp_path / "log")}
    running = signin("-vv", env=env)
    created = create_client(running.url)
    fetch(created["callback"])
    code, output, errors = running.finish()
    token = output.split("'")[3]

    assert 0 == code
    assert "resetAccessToken" in errors + (tmp_path / "log").read_text()
    for secret in (token, created["accessToken"]):
        assert secret not in errors + (tmp_path / "log").read_text()


def read_bytes(path: str) -> bytes:
    """
    Return what a file has; nothing if it is gone.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_without_a_browser(start: Start) -> None:
    """
    The URL is printed, and the one at the end of the sign-in can be pasted; others are refused in one line each.
    """
    for words, env in ((["--no-browser"], {}), ([], {"SSH_CONNECTION": "a 1 b 2", "BROWSER": "/bin/false"})):
        process = start("signin", *words, env={**DEPLOYMENT, **env}, stdin=subprocess.PIPE)
        running = Signin(process, read_url(process))
        assert process.stdin is not None
        if words:
            for line in (
                "",
                "x",
                "https://tc.example.com/?clientId=a&accessToken=b",
                running.callback,
                "localhost:1/a",
            ):
                process.stdin.write(f"{line}\n".encode())
            process.stdin.write(f"{running.callback}?clientId=me/cli&accessToken={TOKEN}\n".encode())
            process.stdin.flush()
            code, output, errors = running.finish()
            assert 4 == errors.count("this is not the URL")
        else:
            # Over ssh, stdin is not read unless it is a terminal: it may be that of a script.
            assert 200 == running.call_back().status_code
            code, output, errors = running.finish()
        assert (0, 3) == (code, output.count("\n")), errors
        assert TOKEN in output
        assert TOKEN not in errors


@pytest.mark.parametrize("ends_by", ["the URL", "Ctrl-C", "Ctrl-D"])
def test_on_a_terminal(ends_by: str, start: Start) -> None:
    """
    What is pasted is not shown; the end of input and Ctrl-C end the wait, and the terminal is as before.
    """
    import pty
    import termios

    main, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    process = start("signin", env=DEPLOYMENT, stdin=terminal)
    running = Signin(process, read_url(process))
    wait_until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
    if ends_by == "Ctrl-C":
        process.send_signal(signal.SIGINT)
    else:
        text = f"{running.callback}?clientId=me/cli&accessToken={TOKEN}\n" if ends_by == "the URL" else "\x04"
        os.write(main, text.encode())
    code, output, errors = running.finish()
    os.set_blocking(main, False)
    shown = read_available(main)

    assert {"the URL": 0, "Ctrl-C": 130, "Ctrl-D": 1}[ends_by] == code, errors
    assert (TOKEN in output) == (ends_by == "the URL")
    assert TOKEN.encode() not in shown
    assert "Traceback" not in errors
    assert before == termios.tcgetattr(terminal)
    os.close(main)
    os.close(terminal)


def read_available(descriptor: int) -> bytes:
    """
    Return what a terminal has shown.
    """
    with suppress(OSError):
        return os.read(descriptor, 65_536)
    return b""


def read_url(process: subprocess.Popen[bytes]) -> str:
    """
    Return the URL that is printed on stderr.
    """
    assert process.stderr is not None
    while line := process.stderr.readline():
        if line.startswith(b"http"):
            return line.decode().strip()
    raise AssertionError("no URL")


@pytest.mark.parametrize(
    ("browser_command", "is_opened"),
    [
        ("{recorder} --new %s", True),
        ("/nonexistent:{recorder}", True),
        ("/bin/false:{recorder} '%s'", True),
        ("/bin/false", False),
        ("none", False),
        ("'", False),
    ],
)
def test_the_variable_browser(tmp_path: Path, browser_command: str, is_opened: bool) -> None:
    """
    It has commands separated by colons, in which %s is the URL. No shell reads them.
    """
    from tccli.core.signin.browser import find_browsers, open_url

    recorder = tmp_path / "recorder"
    recorder.write_text(f'#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done > {tmp_path}/words\n')
    recorder.chmod(0o700)
    url = "https://tc.example.com/?a=$(touch x)&b=';touch x;'%s"
    environ = {"BROWSER": browser_command.format(recorder=recorder), "PATH": os.environ["PATH"]}

    assert is_opened == open_url(url, find_browsers(environ), environ)
    if is_opened:
        assert url == (tmp_path / "words").read_text().splitlines()[-1]


def test_which_browser() -> None:
    """
    Without a display there is none, and over ssh nobody would see it.
    """
    from tccli.core.signin.browser import find_browsers, is_remote

    assert [] == find_browsers({"PATH": os.environ["PATH"]}, "linux")
    assert [["open"]] == find_browsers({}, "darwin")
    assert is_remote({"SSH_CONNECTION": "a 1 b 2"})
    assert not is_remote({"DISPLAY": ":0"})


def test_the_wait_is_bounded(signin: Callable[..., Signin]) -> None:
    """
    As timeout(1).
    """
    began = time.monotonic()
    code, output, errors = signin("--wait", "1s").finish()

    assert (124, "") == (code, output)
    assert "--wait" in errors
    check_duration(began, 30)


@pytest.mark.parametrize(
    "words",
    [
        ["--scope", ""],
        ["--scope", "\n \n"],
        ["--scope", "a\tb"],
        ["--scope", "é"],
        ["--scope", "a**"],
        ["--name", ""],
        ["--name", "a b"],
        ["--expires", ""],
        ["--expires", "soon"],
        ["--expires", "-1h"],
        ["--expires", "0s"],
        ["--expires", "2001-01-01"],
        ["--port", "65536"],
        ["--port", "-1"],
        ["--port", "x"],
        ["--wait", "0"],
        ["--shell", "cmd"],
        ["--shell", "fish", "--csh"],
        ["--save", "a", "--csh"],
        ["--save", "a b"],
        ["--save=default_profile"],
        ["surplus"],
    ],
    ids=str,
)
def test_wrong_options_open_no_browser(tc: CommandLine, words: list[str], tmp_path: Path) -> None:
    """
    One line, before anything is done.
    """
    env = {**DEPLOYMENT, "BROWSER": f"touch {tmp_path}/opened %s"}
    result = tc("signin", *words, env=env)

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert not (tmp_path / "opened").exists()


def test_not_in_read_only_mode(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    A sign-in creates a client with rights; whether there are credentials may be asked.
    """
    env = {**sandbox.environment, "TC_READ_ONLY": "with-secrets"}

    assert 2 == tc("signin", "--no-browser", "--wait", "1ms", env=env).exit_code
    assert 2 == tc("signout", "--delete", env=env).exit_code
    assert 0 == tc("signin", "--check", env=env).exit_code


def test_expiry_as_a_timestamp() -> None:
    """
    The page takes offsets only.
    """
    from datetime import UTC, datetime

    from tccli.core.signin.url import parse_expires

    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert "3600 seconds" == parse_expires("2026-01-01T01:00:00Z", now=now)
    assert "90 seconds" == parse_expires("90", now=now)
    assert "1d" == parse_expires(" 1d ", now=now)


def test_check(tc: CommandLine, taskcluster: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Nothing on stdout. 1 for anonymous, for half a set of credentials and for wrong ones; 8 without a response.
    """
    root = {"TASKCLUSTER_ROOT_URL": sandbox.root_url}
    assert (0, "", "") == vars_of(tc("signin", "--check", env=sandbox.environment))
    for env in (
        root,
        {**root, "TASKCLUSTER_CLIENT_ID": "me"},
        {**root, "TASKCLUSTER_CLIENT_ID": "me", "TASKCLUSTER_ACCESS_TOKEN": TOKEN},
        {**sandbox.environment, "TASKCLUSTER_ACCESS_TOKEN": TOKEN},
        {**sandbox.environment, "TASKCLUSTER_CERTIFICATE": "{}"},
    ):
        result = tc("signin", "--check", env=env)
        assert (1, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
        assert 1 == taskcluster("signin", "--check", env=env).exit_code
    assert 3 == tc("signin", "--check").exit_code
    gone = {**sandbox.environment, "TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"}
    assert 8 == tc("signin", "--check", "--retries", "0", env=gone).exit_code


def vars_of(result: Any) -> tuple[int, str, str]:
    """
    Return all of a result.
    """
    return result.exit_code, result.stdout, result.stderr


def test_formats_and_files(signin: Callable[..., Signin], tmp_path: Path) -> None:
    """
    JSON if it is asked for; a file is for its owner only.
    """
    running = signin("--format", "json", "-o", str(tmp_path / "out"))
    running.call_back()
    assert 0 == running.finish()[0]

    assert {"rootUrl": DEPLOYMENT["TASKCLUSTER_ROOT_URL"], "clientId": "me/cli", "accessToken": TOKEN} == json.loads(
        (tmp_path / "out").read_text()
    )
    assert 0o600 == (tmp_path / "out").stat().st_mode & 0o777


def test_in_a_browser(signin: Callable[..., Signin], sandbox: RunningSandbox, browser: Browser) -> None:
    """
    In Chromium, the page of the deployment leads to ours, which has no token in its address. The token that the shell
    gets is nowhere in the files of the browser. Pages of other sites get nothing.
    """
    running = signin(env={"TASKCLUSTER_ROOT_URL": sandbox.root_url})
    # As a page of another site, which knows the address.
    browser.open(sandbox.root_url.replace("127.0.0.1", "localhost") + "/auth/clients/create?name=x&expires=1d")
    for mode in ("cors", "no-cors"):
        browser.wait(
            "const done = arguments[2]; fetch(arguments[0], {mode: arguments[1]}).then(() => done(), () => done())",
            f"{running.callback}?clientId=evil&accessToken={TOKEN}",
            mode,
        )
    browser.open(running.url)
    browser.click("button")
    wait_until(lambda: "You are signed in" in browser.text())

    assert browser.url.startswith(running.callback)
    assert "accessToken" not in browser.url + str(browser.run("return document.referrer + history.state"))
    assert browser.run("return getComputedStyle(document.querySelector('main')).borderTopStyle") == "solid"
    shots = []
    for scheme in ("light", "dark"):
        browser.emulate(prefers_color_scheme=scheme)
        shots.append((browser.run("return getComputedStyle(document.body).backgroundColor"), browser.screenshot()))
    assert shots[0][0] != shots[1][0]
    code, output, errors = running.finish()
    assert 0 == code, errors
    _, token, _ = (line.split("'")[1] for line in output.splitlines())
    browser.close()
    with closing(sqlite3.connect(browser.profile / "Default" / "History")) as history:
        visited = [url for (url,) in history.execute("SELECT url FROM urls")]
    assert running.url in visited
    assert not [url for url in visited if token in url]
    assert not [path for path in find_files(browser.profile) if token.encode() in read_bytes(path)]


def find_files(directory: Path) -> Iterator[str]:
    """
    Yield the paths of all files in a directory.
    """
    for parent, _, names in os.walk(directory):
        yield from (os.path.join(parent, name) for name in names)


def test_an_option_that_does_not_apply_is_not_ignored(tc: CommandLine) -> None:
    """
    A sign-in calls no method of a reference.
    """
    result = tc("--reference", "x.json", "signin", env={"TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1"})
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "--reference" in result.stderr
