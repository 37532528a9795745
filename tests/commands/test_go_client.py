"""
Every recorded run of the Go client 106, as ``taskcluster`` and as ``tc``; what differs on purpose is named.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests import vectors
from tests.terminals import read_terminal
from tests.transfer_env import later

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, Result, RunningSandbox, Start
    from tests.transfer_env import TransferEnv

IDS = {
    "BUILD-A": "BULC47vjQxSJneX-Y6miDw",
    "GROUP": "EuV9FILzSWCAwosGHiGyeA",
    "VERIFY-2": "NNNCU8axSx23MYW5jH6OWg",
    "VERIFY-1": "UCrPo_zlS3ebgJyjXRP3TA",
    "BUILD-B": "Y8hG_uxVQyGi9xsy5bpugg",
    "UNSCHEDULED": "bvSTLT2KSQiu-Qbhpnlrlw",
    "LONG": "doYAhUU3TjaCOTX8iK-9hA",
    "BUILD-C": "eLghSiO8QpS2nzewASn9Cg",
}
LABELS = {
    "BUILD-A": "build-linux64/opt",
    "GROUP": "decision",
    "VERIFY-2": "release-update-verify-2",
    "VERIFY-1": "release-update-verify-1",
    "BUILD-B": "build-linux64/opt",
    "UNSCHEDULED": "unscheduled",
    "LONG": "long",
    "BUILD-C": "build-linux64/opt",
}
LOG = b"built\n"
RUNS = vectors.load("go-client")["runs"]

# What differs on purpose, by the start of the command line: the exit code as taskcluster, and why.
DIFFERENT: dict[str, tuple[int, str]] = {
    "task rerun -c BUILD-A": (1, "the end of stdin is an error that names the option"),
    "task retrigger": (0, "the Go client could not create the copy: both forms of the queue's name were sent"),
    "task nosuch": (1, "an unknown subcommand is an error"),
    "group nosuch": (1, "an unknown subcommand is an error"),
    "group list GROUP": (0, "without a filter, all tasks are listed"),
    "group list -a GROUP --format-string {{": (1, "a malformed template is an error, not a panic"),
    "config -f json": (0, "the document ends with a newline"),
    "config help config.certificate": (0, "no value is null; our own descriptions"),
    "from-now": (0, "without an offset, now is printed"),
    "version": (0, "our version"),
    "version -s": (0, "our version"),
}


def create_group(env: TransferEnv) -> None:
    """
    Create the eight tasks of the recorded group, in their states.
    """
    for name, task_id in IDS.items():
        worker_type = "none" if name in {"LONG", "UNSCHEDULED"} else "ci"
        definition = {
            "taskQueueId": f"proj-x/{worker_type}",
            "taskGroupId": IDS["GROUP"],
            "schedulerId": "s",
            "created": later(),
            "deadline": later(hours=2),
            "expires": later(days=1),
            "dependencies": [task_id] if name == "UNSCHEDULED" else [],
            "payload": {"image": "ubuntu"},
            "metadata": {"name": LABELS[name], "description": "d", "owner": "a@b.c", "source": "https://x.y/z"},
        }
        call(env, "createTask", task_id, payload=definition)
    for name in ("BUILD-A", "BUILD-B", "BUILD-C", "GROUP"):
        claim(env, name)
        if name == "BUILD-A":
            for artifact in ("public/build/a.apk", "public/logs/live.log", "public/logs/live_backing.log"):
                env.artifact(IDS[name], artifact, LOG)
        call(env, "reportCompleted", IDS[name], "0")
    for name in ("VERIFY-1", "VERIFY-2"):
        claim(env, name)
        call(env, "reportFailed", IDS[name], "0")
        call(env, "rerunTask", IDS[name])
        claim(env, name, "1")
        call(env, "reportFailed", IDS[name], "1")
    call(env, "cancelTask", IDS["UNSCHEDULED"])
    claim(env, "LONG")
    call(env, "reportFailed", IDS["LONG"], "0")


def claim(env: TransferEnv, name: str, run: str = "0") -> None:
    """
    Claim a run of a task.
    """
    call(env, "claimTask", IDS[name], run, payload={"workerGroup": "g", "workerId": "w"})


def call(env: TransferEnv, method: str, *args: str, payload: Any = None) -> None:
    """
    Call a method of the queue as the root client.
    """
    from tccli import references
    from tccli.core.payload import encode

    env.client.call(references.method("queue", method), args, payload=None if payload is None else encode(payload))


def normalize(text: str) -> str:
    """
    Replace what every run has anew: ids, times and addresses.
    """
    for name, task_id in IDS.items():
        text = text.replace(task_id, name)
    text = re.sub(r"(?<![\w-])[A-Za-z0-9_-]{22}(?![\w-])", "(id)", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "(time)", text)
    text = text.replace("<token>", '"…"')
    return re.sub(r"http://(HOST|127\.0\.0\.1:\d+)", "http://HOST", text)


def compare(run: dict[str, Any], result: Result) -> str:
    """
    Return what is different from a recorded run, or an empty string.
    """
    line = " ".join(run["argv"]) + (" < input" if run.get("stdin") else "")
    expected_exit = next((code for start, (code, _) in DIFFERENT.items() if matches(line, start)), run["exit"])
    if expected_exit != result.exit_code:
        return f"{line}: exit {result.exit_code}, not {expected_exit}: {result.stderr}"
    if expected_exit and "Error: " not in result.stderr and "(y/N)" not in run["stdout"]:
        return f"{line}: no error on stderr: {result.stderr}"
    if expected_exit != run["exit"] or any(matches(line, start) for start in DIFFERENT):
        return ""
    wanted, got = normalize(run["stdout"]), normalize(result.stdout)
    if wanted in {"(help text)", "(definition)", "(log)"}:
        return "" if got else f"{line}: nothing on stdout"
    # The Go client prints states in any order; the order of a listing is that of the deployment's database.
    if line.startswith(("group status", "group list", "task artifacts")):
        wanted, got = ("".join(sorted(text.splitlines(keepends=True))) for text in (wanted, got))
    return "" if wanted == got else f"{line}: {got!r}, not {wanted!r}"


def matches(line: str, start: str) -> bool:
    """
    Return whether a command line is *start*, or begins with it if that names no task.
    """
    return line == start or (start == "task retrigger" and line.startswith(start))


def expand(words: list[str]) -> list[str]:
    """
    Return a command line with ids in place of their names.
    """
    return [IDS.get(word, word) for word in words]


def test_every_recorded_run(
    taskcluster: CommandLine, transfer_env: TransferEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Called as taskcluster: the same exit code, and the same stdout but for what differs on purpose.
    """
    monkeypatch.chdir(tmp_path)
    create_group(transfer_env)
    (tmp_path / "sch.json").write_text('{"type": "object", "properties": {"a": {"type": "integer"}}}')
    (tmp_path / "ok.json").write_text('{"a": 1}')
    (tmp_path / "bad.json").write_text('{"a": "1"}')
    env = transfer_env.sandbox.environment
    wrong = [
        compare(run, taskcluster(*expand(run["argv"]), stdin=run.get("stdin") or "", env=env))
        for run in RUNS
        if run["argv"][0] in COMMANDS
    ]

    assert not list(filter(None, wrong))


COMMANDS = {"task", "group", "config", "version", "slugid", "from-now", "validate-json", "signin"}


def test_tc_prints_the_same(tc: CommandLine, transfer_env: TransferEnv) -> None:
    """
    Called as tc, lines are the same; errors have their own exit codes, and questions are on stderr.
    """
    create_group(transfer_env)
    env = transfer_env.sandbox.environment
    for run in RUNS:
        if run["argv"][0] not in {"task", "group"}:
            continue
        result = tc(*expand(run["argv"]), stdin=run.get("stdin") or "", env=env)
        line = " ".join(run["argv"])
        differs = any(matches(line, start) for start in DIFFERENT)
        if run["exit"] == 0 and not differs and "(" not in run["stdout"] and "No suitable" not in run["stdout"]:
            assert 0 == result.exit_code, line
            assert sorted(normalize(run["stdout"]).splitlines()) == sorted(normalize(result.stdout).splitlines()), line
        elif run["exit"]:
            assert result.exit_code in {0, 1, 2, 5}, line


SHORT_OPTIONS = {
    "group list": {
        "-a": "all_",
        "-r": "running",
        "-f": "failed",
        "-e": "exception",
        "-c": "completed",
        "-u": "unscheduled",
        "-p": "pending",
    },
    "group logs": {"-f": "follows", "-n": "tail"},
    "group cancel": {"-f": "force", "-w": "worker_type", "-n": "noop"},
    "group download": {"-n": "noop", "-o": "target"},
    "group prioritize": {"-n": "noop", "-f": "force"},
    "group seal": {"-n": "noop", "-f": "_force"},
    "group rerun": {"-f": "force", "-n": "noop"},
    "task status": {"-a": "all_runs", "-r": "run_id"},
    "task artifacts": {"-r": "run_id"},
    "task log": {"-r": "run_id", "-n": "tail", "-f": "_follow"},
    "task cancel": {"-n": "noop", "-c": "confirm", "-f": "_force"},
    "task prioritize": {"-n": "noop", "-c": "confirm", "-f": "_force"},
    "task complete": {"-n": "noop", "-c": "confirm", "-f": "_force"},
    "task rerun": {"-n": "noop", "-c": "confirm", "-f": "force"},
    "task retrigger": {"-e": "exact", "-n": "noop"},
    "task run": {"-e": "env"},
    "signin": {"-s": "scopes", "-n": "name", "-p": "port"},
}
SHARED_SHORT_OPTIONS = {"-h": "_help", "-q": "quiet", "-v": "verbose", "-o": "output"}


def test_the_configuration_is_safe(tc: CommandLine, sandbox: RunningSandbox, bare_environment: dict[str, str]) -> None:
    """
    Secrets are masked unless they are asked for, the directory is 0700 and the file 0600, and the rest of it stays.
    """
    path = os.path.join(bare_environment["XDG_CONFIG_HOME"], "taskcluster.yml")
    os.umask(0o022)
    done = tc("config", "set", "config.accessToken", stdin="a-secret-token\n")
    assert (0, "Set 'config.accessToken' = …\n") == (done.exit_code, done.stdout)
    assert 0o700 == os.stat(os.path.dirname(path)).st_mode & 0o777
    assert 0o600 == os.stat(path).st_mode & 0o777
    with open(path, "a", encoding="utf-8") as file:
        file.write("other:\n  a: 1\n")
    assert 0 == tc("config", "set", "config.clientId", "me").exit_code
    for line in (["config"], ["config", "get", "config.accessToken"], ["config", "help", "config.accessToken"]):
        shown = tc(*line)
        assert "a-secret" not in shown.stdout + shown.stderr
    assert "a-secret-token\n" == tc("config", "get", "--show-secrets", "config.accessToken").stdout
    with open(path, encoding="utf-8") as file:
        assert "other" in file.read()

    overridden = tc("config", "set", "config.clientId", "other", env=sandbox.environment)
    assert "TASKCLUSTER_CLIENT_ID" in overridden.stderr
    dry = tc("config", "set", "-d", "config.clientId", "third")
    assert "Set 'config.clientId' = third\n" == dry.stdout
    assert "other\n" == tc("config", "config.clientId").stdout


def test_two_changes_at_once_lose_nothing(start: Start, tc: CommandLine) -> None:
    """
    Each process reads and replaces the file while no other one does.
    """
    values = {"clientId": "me", "accessToken": "token", "rootUrl": "https://tc.example.com", "authorizedScopes": "[]"}
    processes = [start("config", "set", f"config.{name}", value) for name, value in values.items()]
    assert [0] * 4 == [process.wait(60) for process in processes]
    found = json.loads(tc("config", "--show-secrets", "-f", "json").stdout)["config"]

    assert {**values, "authorizedScopes": [], "certificate": None} == found


@pytest.mark.parametrize(
    "words",
    [
        ["set", "config.nosuch", "a"],
        ["set", "rootUrl", "https://tc.example.com"],
        ["set", "config.rootUrl", "tc.example.com"],
        ["set", "config.certificate", "[]"],
        ["set", "config.accessToken", ""],
        ["set", "config.rootUrl", ""],
        ["set", "config.accessToken", "a\nb"],
        ["set", "config.clientId", "a b"],
        ["set", "config.authorizedScopes", '["a", 1]'],
        ["get", "other.rootUrl"],
        ["reset"],
        ["-f", "xml"],
        ["nosuch"],
    ],
    ids=str,
)
def test_wrong_settings_change_nothing(tc: CommandLine, bare_environment: dict[str, str], words: list[str]) -> None:
    """
    One line on stderr, and no file.
    """
    result = tc("config", *words)

    assert 2 == result.exit_code
    assert 1 == result.stderr.count("\n")
    assert not os.path.exists(bare_environment["XDG_CONFIG_HOME"])


def test_completions_are_written_to_a_file(tc: CommandLine, taskcluster: CommandLine, tmp_path: Path) -> None:
    """
    ``completions SHELL FILE``, and ``completion SHELL``; as taskcluster, that name is completed, too.
    """
    path = tmp_path / "completion.sh"
    for shell in ("bash", "zsh", "fish", "powershell"):
        assert (0, "") == (tc("completions", shell, str(path)).exit_code, "")
        assert path.read_text("utf-8") == tc("completion", shell).stdout
        named = taskcluster("completions", shell).stdout
        assert named != path.read_text("utf-8")
    assert 2 == tc("completions", "nosuch", str(path)).exit_code
    assert 2 == tc("completions", "bash", str(path / "below")).exit_code or path.exists()


def test_downloads_are_reported(taskcluster: CommandLine, transfer_env: TransferEnv, tmp_path: Path) -> None:
    """
    As taskcluster, on stdout.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/a.txt", b"text")
    path = tmp_path / "a.txt"
    env = transfer_env.sandbox.environment
    done = taskcluster("download", "artifact", task_id, "public/a.txt", str(path), env=env)

    first, second = done.stdout.splitlines()
    assert f"Downloading `public/a.txt` from latest run of task {task_id} to `{path}`" == first
    assert second.startswith("Downloaded 4 bytes of type ")
    assert b"text" == path.read_bytes()
    again = taskcluster("download", "artifact", task_id, "public/a.txt", str(path), env=env)
    assert [first, f"{path} is already complete"] == [line.partition(": ")[0] for line in again.stdout.splitlines()]
    whole = taskcluster("download", "artifact", task_id, "0", "public/a.txt", "-", env=env)
    assert b"text" == whole.output


def test_small_commands(tc: CommandLine, taskcluster: CommandLine) -> None:
    """
    Versions, times in whole seconds, slugids and the way to update.
    """
    import tccli

    assert f"taskcluster version {tccli.__version__}\n" == taskcluster("version").stdout
    assert f"{tccli.__version__}\n" == tc("version", "-s").stdout == taskcluster("version", "--short-version").stdout
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", taskcluster("from-now", "1 day 2 hours").stdout)
    assert re.fullmatch(r"[A-Za-f][\w-]{21}\n", tc("slugid", "generate", "-n").stdout)
    assert re.fullmatch(r"[\w-]{22}\n", tc("slugid", "generate").stdout)
    assert "install" in tc("update").stdout or "pipx" in tc("update").stdout


def test_short_options_mean_one_thing() -> None:
    """
    In ``task`` and ``group``, they are those of the Go client, and -r is never --raw-strings where it has a meaning.
    """
    import click

    from tccli.cli import app
    from tccli.cli.directories import DirectoryGroup

    root = click.Context(app.root, info_name="tc")
    commands = {"signin": app.root.load(root, "signin")}
    for group in ("task", "group"):
        command = app.root.load(root, group)
        assert isinstance(command, DirectoryGroup)
        for name in command.list_commands(root):
            inner = command.load(root, name)
            assert inner is not None
            commands[f"{group} {name}"] = inner
    found = {}
    for name, each in commands.items():
        params = each.get_params(each.context_class(each, parent=root, info_name=name))
        shorts = {
            spelling: str(param.name)
            for param in params
            for spelling in param.opts
            if len(spelling) == 2 and SHARED_SHORT_OPTIONS.get(spelling) != param.name
        }
        found[name] = {spelling: to for spelling, to in shorts.items() if to != "raw_strings"}

    assert {name: shorts for name, shorts in found.items() if shorts} == SHORT_OPTIONS


def test_defects_of_the_go_client_are_not_kept(tc: CommandLine, transfer_env: TransferEnv) -> None:
    """
    A variable with a comma is one variable, and --retries counts.
    """
    env = transfer_env.sandbox.environment
    words = ["--provisioner", "proj-x", "--worker-type=ci", "-e", "A=1", "-eC=p,q", "-e=D", "--retries=2"]
    created = tc("task", "run", *words, "ubuntu", "--", "bash", "-c", "echo $A", env=env)
    task_id = created.stdout.split()[1]
    definition = json.loads(tc("task", "def", task_id, env=env).stdout)

    assert f"Task {task_id} created\n" == created.stdout
    assert {"A": "1", "C": "p,q", "D": ""} == definition["payload"]["env"]
    assert ["bash", "-c", "echo $A"] == definition["payload"]["command"]
    assert 2 == definition["retries"]


def test_a_log_is_printed_whole(tc: CommandLine, transfer_env: TransferEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Also with a line of a mebibyte, at which the Go client ends. The end of the run is not waited for.
    """
    monkeypatch.setattr("tccli.cli.tasks.task_log.MAX_END_SECONDS", 0.1)
    log = b"begin\n" + b"x" * (1 << 20) + b"\nend\n"
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/logs/live.log", log)

    assert log == tc("task", "log", task_id, env=transfer_env.sandbox.environment).output
    assert log == tc("task", "log", "-r", "0", task_id, env=transfer_env.sandbox.environment).output
    missing = tc("task", "log", "-r", "3", task_id, env=transfer_env.sandbox.environment)
    assert 5 == missing.exit_code


def test_a_task_is_named_in_many_ways(tc: CommandLine, transfer_env: TransferEnv) -> None:
    """
    By id, address, index path, label, and from stdin.
    """
    create_group(transfer_env)
    env = transfer_env.sandbox.environment
    root_url = transfer_env.sandbox.root_url
    payload = {"taskId": IDS["VERIFY-1"], "rank": 0, "data": {}, "expires": later(hours=1)}
    tc("index", "insertTask", "a.b.c", stdin=json.dumps(payload), env=env)

    for word in (
        IDS["VERIFY-1"],
        f"{root_url}/tasks/{IDS['VERIFY-1']}",
        f"{root_url}/api/queue/v1/task/{IDS['VERIFY-1']}/status",
        f"{root_url}/tasks/index/a.b/c",
        f"{root_url}/tasks/index/a/b.c",
        "index:a.b.c",
        f"{IDS['GROUP']}:release-update-verify-1",
    ):
        assert "failed 'failed'\n" == tc("task", "status", word, env=env).stdout, word
    for word in (IDS["GROUP"], f"{root_url}/tasks/groups/{IDS['GROUP']}", "index:a.b.c"):
        assert tc("group", "status", word, env=env).stdout.startswith("completed: 4\n"), word
    listed = tc("group", "list", "-f", IDS["GROUP"], env=env).stdout
    many = tc("task", "status", "-", stdin=f"{listed}\n", env=env)
    assert 3 == many.stdout.count("failed 'failed'")
    rerun = tc("task", "rerun", "-", stdin=listed, env=env)
    assert [f"{line.rpartition(' ')[0]} pending" for line in listed.splitlines()] == rerun.stdout.splitlines()


def test_a_task_must_be_named(tc: CommandLine, transfer_env: TransferEnv) -> None:
    """
    Nothing is sent for an empty or malformed id; an ambiguous label lists the candidates.
    """
    create_group(transfer_env)
    env = transfer_env.sandbox.environment
    sent = len(transfer_env.sandbox.requests)
    for word in ("", "abc", "https://elsewhere.example.com/tasks/" + IDS["LONG"]):
        assert 2 == tc("task", "status", word, env=env).exit_code, word
        assert 2 == tc("group", "status", word, env=env).exit_code, word
    assert 1 == tc("task", "status", "-", stdin="\n", env=env).exit_code
    for line in ("nothing", "bad id", IDS["LONG"][:-1], "x" * 5000):
        refused = tc("task", "cancel", "-", stdin=f"{IDS['VERIFY-1']}\n{line}\n", env=env)
        assert (2, 1) == (refused.exit_code, refused.stderr.count("\n")), line
        assert "line 2" in refused.stderr
    assert sent == len(transfer_env.sandbox.requests)

    ambiguous = tc("task", "status", f"{IDS['GROUP']}:build-linux64/opt", env=env)
    assert 2 == ambiguous.exit_code
    assert all(IDS[name] in ambiguous.stderr for name in ("BUILD-A", "BUILD-B", "BUILD-C"))
    unknown = tc("task", "status", f"{IDS['GROUP']}:decisions", env=env)
    assert 5 == unknown.exit_code
    assert "did you mean decision?" in unknown.stderr
    no_group = tc("group", "list", IDS["LONG"], env=env)
    assert (5, "") == (no_group.exit_code, no_group.stdout)
    assert f"tc task group {IDS['LONG']}" in no_group.stderr
    newest = tc("task", "status", "--newest", f"{IDS['GROUP']}:build-linux64/opt", env=env)
    assert "completed 'completed'\n" == newest.stdout


@pytest.mark.parametrize(
    ("argv", "stdin"), [(["task", "cancel", "-c", "-"], IDS["LONG"]), (["group", "cancel", "-"], IDS["GROUP"])]
)
def test_a_question_is_not_read_from_the_ids(
    tc: CommandLine, process_environment: dict[str, str], transfer_env: TransferEnv, argv: list[str], stdin: str
) -> None:
    """
    It is asked at the terminal; without one, nothing is sent.
    """
    create_group(transfer_env)
    tc("task", "rerun", "-f", IDS["LONG"], env=transfer_env.sandbox.environment)
    sent = len(transfer_env.sandbox.requests)
    command = [sys.executable, "-m", "tccli", *argv]
    env = {**process_environment, **transfer_env.sandbox.environment}
    alone = subprocess.run(
        command, env=env, input=stdin.encode(), capture_output=True, timeout=60, check=False, start_new_session=True
    )
    assert (2, b"") == (alone.returncode, alone.stdout)
    assert b"no terminal" in alone.stderr
    assert sent == len(transfer_env.sandbox.requests)

    pid, terminal = pty.fork()
    if not pid:
        os.execve("/bin/sh", ["sh", "-c", f"echo {stdin} | {shlex.join(command)}"], env)
    os.write(terminal, b"y\n")
    shown = read_terminal(terminal)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
    assert IDS["LONG"].encode() in shown
    assert b"exception" in shown


def test_a_group_is_cancelled(tc: CommandLine, taskcluster: CommandLine, transfer_env: TransferEnv) -> None:
    """
    After a question at the terminal, or with -f; the Go client reads the answer from any stdin. -n changes nothing.
    """
    create_group(transfer_env)
    env = transfer_env.sandbox.environment
    group = IDS["GROUP"]
    tc("task", "rerun", "-f", IDS["VERIFY-1"], IDS["VERIFY-2"], IDS["LONG"], env=env)
    ended = tc("group", "cancel", group, env=env)
    dry = tc("group", "cancel", "-n", "-w", "ci", group, env=env)
    refused = tc("group", "cancel", group, stdin="y\n", env=env)
    no = taskcluster("group", "cancel", group, stdin="maybe\nn\n", env=env)
    assert 2 == ended.exit_code
    assert "--force" in ended.stderr
    assert 2 == dry.stdout.count(" would-cancel\n")
    assert (2, "") == (refused.exit_code, refused.stdout)
    assert (0, 2) == (no.exit_code, no.stdout.count("Are you sure"))
    assert "pending: 3" in tc("group", "status", group, env=env).stdout

    cancelled = tc("group", "cancel", "-fw", "ci", group, env=env)
    rest = taskcluster("group", "cancel", group, stdin="y\n", env=env)
    assert [IDS["VERIFY-2"], IDS["VERIFY-1"]] == [line.split()[0] for line in cancelled.stdout.splitlines()]
    assert f"cancelling task {IDS['LONG']}" in rest.stdout
    assert "pending" not in tc("group", "status", group, env=env).stdout


def test_wrong_templates_send_nothing(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    They are compiled before the first request.
    """
    for template in ("{{", "{{ .Nosuch }}", "{{ nosuch }}"):
        result = tc("group", "list", IDS["GROUP"], "--format-string", template, env=sandbox.environment)
        assert 2 == result.exit_code
        assert 1 == result.stderr.count("\n")
    for option in (("--format", "json"), ("--jq", "."), ("--columns", "a")):
        result = tc("group", "list", IDS["GROUP"], "--format-string", "x", *option, env=sandbox.environment)
        assert 2 == result.exit_code
    assert not sandbox.requests


def test_formats_give_objects(tc: CommandLine, transfer_env: TransferEnv) -> None:
    """
    Lines are the default; --format and --jq have the whole objects.
    """
    create_group(transfer_env)
    env = transfer_env.sandbox.environment
    group = IDS["GROUP"]
    listed = json.loads(tc("group", "list", group, "--format", "json", env=env).stdout)
    assert sorted(IDS.values()) == sorted(entry["status"]["taskId"] for entry in listed)
    assert 8 == tc("group", "list", group, "--format", "jsonl", env=env).stdout.count("\n")
    assert tc("group", "list", group, "--format", "table", env=env).stdout.startswith("taskId")
    assert {"completed": 4, "failed": 3, "exception": 1} == json.loads(
        tc("group", "status", group, "--format", "json", env=env).stdout
    )
    status = json.loads(tc("task", "status", IDS["LONG"], "--format", "json", env=env).stdout)
    assert "failed" == status["state"]
    names = tc("task", "artifacts", IDS["BUILD-A"], "--jq", ".[].name", "--raw-strings", env=env).stdout
    assert "public/build/a.apk" in names


@pytest.fixture
def shell_environment(process_environment: dict[str, str], sandbox: RunningSandbox, tmp_path: Path) -> dict[str, str]:
    """
    A PATH on which taskcluster is a link to tc, as the README says.
    """
    import sys

    directory = tmp_path / "bin"
    directory.mkdir()
    tc = os.path.join(os.path.dirname(sys.executable), "tc")
    for name in ("tc", "taskcluster"):
        (directory / name).symlink_to(tc)
    path = f"{directory}:{process_environment.get('PATH', '')}"
    return {**process_environment, **sandbox.environment, "PATH": path, **IDS, "G": IDS["GROUP"]}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("taskcluster task status $VERIFY1 2>/dev/null || echo unscheduled", "failed 'failed'\n"),
        ("taskcluster task status uZZZZZZZQZCZZZZZZZZZZA 2>/dev/null || echo unscheduled", "unscheduled\n"),
        ("until taskcluster task status $LONG | grep -qvE 'pending|running'; do sleep 1; done; echo done", "done\n"),
        ("taskcluster group list -f $G | cut -d' ' -f1 | xargs -n1 taskcluster task rerun", "pending\n" * 3),
        ("taskcluster task log $BUILDA | tail -100", "built\n"),
        ("taskcluster api queue getWorker a b c d 2>/dev/null; [ $? == 1 ] && echo none", "none\n"),
        (
            "for t in $(taskcluster group list -a $G --format-string '{{.Status.TaskID}}'); do echo $t; done | wc -l",
            "8\n",
        ),
        ("taskcluster group status $G | grep -c failed", "1\n"),
        ("taskcluster group list -fe=true $G | awk '{print $NF}' | sort | uniq -c | xargs", "1 exception 3 failed\n"),
        ("taskcluster group list --all=false -f $G | wc -l", "3\n"),
        ("taskcluster task def $LONG | jq -r .metadata.name", "long\n"),
        ("taskcluster task artifacts $BUILDA | grep live_backing", "public/logs/live_backing.log\n"),
        ('if [ "$(taskcluster task group $LONG)" = "$G" ]; then echo same; fi', "same\n"),
        ("taskcluster completions bash c.bash && grep -c 'complete -F' c.bash", "1\n"),
        ("taskcluster from-now 1 hour | wc -c", "21\n"),
        ("taskcluster version | cut -d' ' -f1-2", "taskcluster version\n"),
        (
            "echo '{}' > s.json; taskcluster validate-json s.json s.json 2>&1 | grep -o 'document is valid'",
            "document is valid\n",
        ),
        ('test "$(taskcluster config get config.rootUrl)" = "$TASKCLUSTER_ROOT_URL" && echo same', "same\n"),
        (
            "taskcluster slugid decode $(taskcluster slugid encode 63f6fb6b-6b69-43d5-a39a-14dde2cde404)",
            "63f6fb6b-6b69-43d5-a39a-14dde2cde404\n",
        ),
        ("yes | taskcluster task rerun -cf $BUILDA 2>/dev/null | grep -o pending$", "pending\n"),
    ],
)
def test_idioms_of_scripts(
    transfer_env: TransferEnv, shell_environment: dict[str, str], tmp_path: Path, line: str, expected: str
) -> None:
    """
    As they are found in scripts.
    """
    import shutil
    import subprocess

    if "jq" in line and shutil.which("jq") is None:
        pytest.skip("there is no jq")
    create_group(transfer_env)
    env = {**shell_environment, **{name.replace("-", ""): task_id for name, task_id in IDS.items()}}
    done = subprocess.run(
        ["bash", "-c", line], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert expected == done.stdout, done.stderr
