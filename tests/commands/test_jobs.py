"""
Jobs of a release engineer's day, as they are typed, on a deployment with a push, its failures and an index.
"""

from __future__ import annotations

import io
import json
import subprocess
import threading
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tccli.sandbox.services.github import builds
from tests.transfer_env import later, slug, wait_until

if TYPE_CHECKING:
    from tccli.sandbox.server import Server
    from tests.examples.shell import Shell
    from tests.group_env import GroupEnv

SHA = "0123456789abcdef0123456789abcdef01234567"
FLAKY_LOG = b"[taskcluster] begins\nGET /dist\nerror: Connection reset by peer\n[taskcluster:error] exit status 1\n"
RED_LOG = b"[taskcluster] begins\nTEST-UNEXPECTED-FAIL | browser_x.js | found 3, expected 4\n[taskcluster] ends\n"
OWNERS = ("ana@example.com", "bob@example.com")


@pytest.fixture
def push(group_env: GroupEnv, sandbox_server: Server) -> GroupEnv:
    """
    A push with a pull request: red and flaky tests, what depends on them, a report, and a build that finds no worker.
    """
    env = group_env
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.txt", "text")
    for number in range(12):
        env.add(f"build-{number}/opt", "completed", metadata=metadata(f"build-{number}/opt", OWNERS[number % 2]))
    env.add("build-mac/opt", taskQueueId="proj-fx/mac")
    for name, log in (("test-1/opt", FLAKY_LOG), ("test-2/opt", FLAKY_LOG), ("test-3/opt", RED_LOG)):
        env.add(name, "running", tags={"kind": "test"}, log=log)
        env.transfers.artifact(env.ids[name], "public/build/report.zip", content.getvalue())
        env.resolve(name, "failed")
    env.add("release", needs=["test-3/opt"])
    env.add("report", "running")
    env.transfers.artifact(env.ids["report"], "private/rep.html", b"<html>")
    env.resolve("report", "completed")
    build = {"organization": "org", "repository": "fx", "sha": SHA, "taskGroupId": env.group_id}
    builds.insert(sandbox_server.sandbox.state, {**build, "pullRequestNumber": 12})
    return env


def metadata(name: str, owner: str) -> dict[str, str]:
    """
    Return the metadata of a task.
    """
    return {"name": name, "description": "d", "owner": owner, "source": "https://x.y/z"}


def run(shell: Shell, env: GroupEnv, line: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """
    Run a line in bash, with the push's group in G.
    """
    environment = {**env.environment, "G": env.group_id, **variables}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        env={**shell.environment, **environment},
        cwd=shell.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
        check=False,
    )


def test_a_push_is_watched_and_its_failures_rerun(shell: Shell, push: GroupEnv) -> None:
    """
    By the pull request's address; the flaky ones by their log; the wait ends when they have.
    """
    push.call("cancelTask", push.ids["build-mac/opt"])
    watched = run(shell, push, "tc group watch https://github.com/org/fx/pull/12")
    assert 1 == watched.returncode, watched.stderr
    assert b"test-3/opt failed" in watched.stdout
    assert b"release" in watched.stderr

    failures = run(shell, push, 'tc group failures "$G"')
    found = json.loads(failures.stdout)
    assert 0 == failures.returncode, failures.stderr
    assert sorted([1, 1, 2]) == sorted(len(each["tasks"]) for each in found)
    assert any("Connection reset by peer" in each["signature"] for each in found)
    assert any("TEST-UNEXPECTED-FAIL" in each["signature"] for each in found)

    def is_pending(name: str) -> bool:
        return bool(push.call("status", push.ids[name])["status"]["state"] == "pending")

    def complete() -> None:
        # As a worker would, once they have been rerun.
        for name in ("test-1/opt", "test-2/opt"):
            wait_until(partial(is_pending, name), pause=0.1)
            push.claim(name, 1)
            push.resolve(name, "completed", 1)

    worker = threading.Thread(target=complete)
    worker.start()
    rerun = run(shell, push, """tc group rerun "$G" --log-match 'Connection reset' --wait --force""")
    worker.join(60)
    assert 0 == rerun.returncode, rerun.stderr
    lines = rerun.stdout.decode().splitlines()
    assert {"test-1/opt completed", "test-2/opt completed"} <= {line.partition(" ")[2] for line in lines}
    assert "test-3/opt" not in rerun.stdout.decode()


def test_why_a_task_is_pending(shell: Shell, push: GroupEnv) -> None:
    """
    No worker pool has the name of its queue.
    """
    result = run(shell, push, 'tc task why "$G:build-mac/opt"')

    assert 0 == result.returncode, result.stderr
    text = result.stdout.decode()
    assert "pending" in text
    assert "proj-fx/mac" in text
    assert "No worker pool" in text


def test_files_of_failed_tasks(shell: Shell, push: GroupEnv) -> None:
    """
    To directories by label; a pattern without a slash is the file name at any depth.
    """
    result = run(shell, push, """tc group download "$G" '*.zip' --state failed --kind test -o zips --flat""")

    assert 0 == result.returncode, result.stderr
    found = sorted(str(path.relative_to(shell.folder)) for path in (shell.folder / "zips").rglob("*.zip"))
    assert 3 == len(found)
    assert all("report.zip" in path and "test-" in path for path in found)


def test_a_private_artifact_is_shared(shell: Shell, push: GroupEnv) -> None:
    """
    The URL works without an account; what does not exist has none.
    """
    signed = run(
        shell,
        push,
        """url=$(tc signed-url artifact "$G:report" private/rep.html --expires 2h)
        env -i PATH="$PATH" curl -sSfL "$url" """,
    )
    assert (0, b"<html>") == (signed.returncode, signed.stdout), signed.stderr
    missing = run(shell, push, 'tc signed-url artifact "$G:report" private/nosuch.html')
    assert (5, b"") == (missing.returncode, missing.stdout)


def test_a_changed_copy(shell: Shell, push: GroupEnv) -> None:
    """
    The copy has the variables; its id is printed.
    """
    line = 'tc task retrigger "$T" --env MODE=debug --env EXTRA=1'
    result = run(shell, push, line, T=push.ids["build-0/opt"])

    assert 0 == result.returncode, result.stderr
    (task_id,) = [word for word in result.stdout.decode().split() if len(word) == 22]
    assert {"MODE": "debug", "EXTRA": "1"} == push.call("task", task_id)["payload"]["env"]


def test_an_artifact_must_be_new(shell: Shell, push: GroupEnv) -> None:
    """
    By the time at which the task was resolved, by the deployment's clock.
    """
    from tccli import references
    from tccli.core.payload import encode

    entry: dict[str, Any] = {"taskId": push.ids["report"], "rank": 1, "data": {}, "expires": later(days=1)}
    method = references.method("index", "insertTask")
    push.transfers.client.call(method, ["proj.fx.latest"], payload=encode(entry))
    lines = (
        "tc download artifact index:proj.fx.latest private/rep.html --max-age 5m -o new.html",
        "tc task status index:proj.fx.latest --max-age 5m --exit-status",
    )
    for line in lines:
        fresh = run(shell, push, line)
        assert 0 == fresh.returncode, fresh.stderr
    assert b"<html>" == (shell.folder / "new.html").read_bytes()
    push.sandbox.clock.offset += 10 * 60 * 1000
    for line in lines:
        old = run(shell, push, line)
        assert 1 == old.returncode, (line, old.stderr)


def test_an_audit(shell: Shell, push: GroupEnv) -> None:
    """
    Tasks by owner, and those that took longest.
    """
    owners = run(shell, push, 'tc group status "$G" --by owner')
    assert 0 == owners.returncode, owners.stderr
    assert {"ana@example.com: 6", "bob@example.com: 6"} <= set(owners.stdout.decode().splitlines())
    columns = "name,owner,duration,wait,runs"
    longest = run(shell, push, f'tc group list "$G" -c --sort duration --limit 10 --columns {columns}')
    assert 0 == longest.returncode, longest.stderr
    lines = longest.stdout.decode().splitlines()
    assert columns.split(",") == lines[0].split()
    assert 10 == len(lines) - 1


def test_first_guesses_lead_on(shell: Shell, push: GroupEnv) -> None:
    """
    What people type first is answered with the name of the command.
    """
    guesses = {
        "wait": "tc task wait",
        "poll": "tc group wait",
        "logs": "tc task log",
        "tail": "tc task log",
        "attach": "tc group logs",
        "rerun": "tc task rerun",
        "retry": "tc task rerun",
        "restart": "tc group rerun",
        "retrigger": "tc task retrigger",
        "ps": "tc group list",
        "ls": "tc task list",
        "jobs": "tc group list",
        "top": "tc group list",
        "why": "tc task why",
        "watch": "tc group watch",
        "follow": "tc task log",
        "cancel": "tc task cancel",
        "kill": "tc group cancel",
        "stop": "tc task cancel",
        "status": "tc task status",
        "show": "tc open",
        "describe": "tc group status",
        "get": "tc task status",
        "fail": "tc group failures",
        "failures": "tc group failures",
        "artifacts": "tc task artifacts",
        "seal": "tc group seal",
        "prioritize": "tc group prioritize",
        "run": "tc task run",
        "group-status": "tc group status",
        "task-log": "tc task log",
        "task logs": "tc task log",
        "task retry": "tc task rerun",
        "task watch": "tc task wait",
        "task seal": "tc group seal",
        "group ps": "tc group list",
        "group tail": "tc group logs",
        "group why": "tc group failures",
        "group retry": "tc group rerun",
    }
    found = {}
    for guess in guesses:
        result = run(shell, push, f"tc {guess} {slug()}")
        assert (2, b"") == (result.returncode, result.stdout), guess
        found[guess] = result.stderr.decode()
    assert [] == [guess for guess, command in guesses.items() if command not in found[guess]]
