"""
``tc open``: the pages of what words name; off a terminal, their addresses.
"""

from __future__ import annotations

import json
import os
import pty
import sys
from typing import TYPE_CHECKING

import pytest

from tccli.core.addresses import parse_address
from tccli.core.web_pages import make_page_url
from tests.ids import TASK_ID
from tests.terminals import read_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.group_env import GroupEnv

POOL = {"providerId": "static", "description": "d", "owner": "o@example.com", "emailOnError": False, "config": {}}
HOOK = {
    "metadata": {"name": "n", "description": "d", "owner": "o@example.com"},
    "task": {},
    "schedule": [],
}


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["TASK"], "tasks/TASK"),
        (["GROUP"], "tasks/groups/GROUP"),
        (["--as", "group", "TASK"], "tasks/groups/TASK"),
        (["--as", "group", "GROUP:build"], "tasks/groups/GROUP"),
        (["GROUP:build"], "tasks/TASK"),
        (["ROOT/api/queue/v1/task/TASK/status"], "tasks/TASK"),
        (["ROOT/tasks/groups/GROUP"], "tasks/groups/GROUP"),
        (["TASK", "public/a b.html"], "tasks/TASK/runs/0/public/a%20b.html"),
        (["TASK", "public/logs/live.log"], "tasks/TASK/runs/0/logs/live/public/logs/live.log"),
        (["proj-x/ci"], "worker-manager/proj-x%2Fci"),
        (["proj-x/nightly"], "hooks/proj-x/nightly"),
        (["--as", "hook", "proj-x/ci"], "hooks/proj-x/ci"),
        (["proj-x/ci/group/worker"], "provisioners/proj-x/worker-types/ci/workers/group/worker"),
    ],
    ids=str,
)
def test_addresses(tc: CommandLine, group_env: GroupEnv, words: list[str], path: str) -> None:
    """
    Each kind of word, as it is found or as it is said to be.
    """
    env, root_url = group_env.environment, group_env.sandbox.root_url
    task_id = group_env.add("build", "completed")
    tc("worker-manager", "createWorkerPool", "proj-x/ci", stdin=json.dumps(POOL), env=env)
    assert 0 == tc("hooks", "createHook", "proj-x", "nightly", stdin=json.dumps(HOOK), env=env).exit_code
    places = {"TASK": task_id, "GROUP": group_env.group_id, "ROOT": root_url}

    def fill(text: str) -> str:
        for name, value in places.items():
            text = text.replace(name, value)
        return text

    result = tc("open", *map(fill, words), env=env)
    assert (0, f"{root_url}/{fill(path)}\n", "") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([TASK_ID], 5),
        (["proj-x/nosuch"], 5),
        ([""], 2),
        (["a/b/c"], 2),
        (["--as", "worker", "a/b"], 2),
        (["--as", "nosuch", "a/b"], 2),
        (["a/b/c/d", "public/x"], 2),
        (["https://elsewhere.example.com/tasks/" + TASK_ID], 2),
    ],
    ids=str,
)
def test_what_is_not_there(tc: CommandLine, group_env: GroupEnv, words: list[str], code: int) -> None:
    """
    Nothing is printed on stdout.
    """
    result = tc("open", *words, env=group_env.environment)
    assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr


def test_a_terminal_opens_a_browser(process_environment: dict[str, str], group_env: GroupEnv, tmp_path: Path) -> None:
    """
    The program of BROWSER gets the address; no shell reads it.
    """
    task_id = group_env.add("build", "completed")
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    program.chmod(0o755)
    env = {**process_environment, **group_env.environment, "BROWSER": str(program), "TERM": "xterm"}
    name = "public/$(touch x);'a"
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tmp_path)
        os.execve(sys.executable, [sys.executable, "-m", "tccli", "open", task_id, name], env)
    shown = read_terminal(terminal)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
    url = make_page_url(group_env.sandbox.root_url, "artifact", [task_id, "0", name])
    assert b"opened " in shown
    assert url == (tmp_path / "opened").read_text()
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("kind", "parts", "values"),
    [
        ("task", [TASK_ID], {"taskId": TASK_ID}),
        ("group", [TASK_ID], {"taskGroupId": TASK_ID}),
        ("artifact", [TASK_ID, "1", "private/ü/a?b"], {"taskId": TASK_ID, "runId": "1", "name": "private/ü/a?b"}),
        ("hook", ["g/h", "i"], {"hookGroupId": "g/h", "hookId": "i"}),
        ("pool", ["a/b"], {"workerPoolId": "a/b"}),
        ("worker", ["a", "b", "c", "d e"], {"workerGroup": "c", "workerId": "d e"}),
    ],
)
def test_addresses_read_back(kind: str, parts: list[str], values: dict[str, str]) -> None:
    """
    What is made is what is read.
    """
    found = parse_address(make_page_url("https://tc.example.com", kind, parts))
    assert found is not None
    assert values.items() <= found.values.items()


def test_an_artifact_is_one_of_a_task(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A group with the id, which has no artifacts, is not looked for.
    """
    group_env.add("build", "completed")
    group_env.sandbox.requests.clear()
    result = tc("open", group_env.group_id, "public/a", env=group_env.environment)

    assert (5, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert not [target for _, target in group_env.sandbox.requests if "task-group" in target]
