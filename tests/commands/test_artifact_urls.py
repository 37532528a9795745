"""
``tc signed-url artifact`` and ``tc url artifact``, and ``tc download artifact`` with tasks in all forms.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.ids import TASK_ID
from tests.transfer_env import later

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.group_env import GroupEnv

NAME = "private/rep.html"


@pytest.fixture
def report(group_env: GroupEnv) -> str:
    """
    A task named ``report`` with a private artifact, which is indexed as ``a.b``.
    """
    task_id = group_env.add("report", "running")
    group_env.transfers.artifact(task_id, NAME, b"first")
    group_env.transfers.artifact(task_id, "private/x/rep.html", b"other")
    group_env.resolve("report", "completed")
    return task_id


def fetch(url: str) -> bytes:
    """
    Return what somebody without an account gets.
    """
    with urllib.request.urlopen(url, timeout=30) as response:
        return bytes(response.read())


def test_a_signed_url_is_pinned(tc: CommandLine, group_env: GroupEnv, report: str) -> None:
    """
    It gives what the run has that was the latest one, also after a rerun; with --latest, it does not.
    """
    env = group_env.environment
    words = (f"{group_env.group_id}:report", NAME)
    pinned = tc("signed-url", "artifact", *words, "--expires", "2h", env=env)
    latest = tc("signed-url", "artifact", *words, "--latest", env=env)
    assert (0, 0) == (pinned.exit_code, latest.exit_code), pinned.stderr + latest.stderr
    assert f"/task/{report}/runs/0/artifacts/" in pinned.stdout
    assert f"/task/{report}/artifacts/" in latest.stdout
    for text in ("run 0", report, "until 2", "anyone who has the URL"):
        assert text in pinned.stderr
    assert "latest run" in latest.stderr
    assert "" == tc("signed-url", "artifact", *words, "--quiet", env=env).stderr
    assert b"first" == fetch(pinned.stdout.strip()) == fetch(latest.stdout.strip())

    group_env.call("rerunTask", report)
    group_env.claim("report", 1)
    assert b"first" == fetch(pinned.stdout.strip())
    with pytest.raises(urllib.error.HTTPError):
        fetch(latest.stdout.strip())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([NAME], 0),
        (["0", NAME], 0),
        (["1", NAME], 5),
        (["private/nosuch"], 5),
        (["private/nosuch", "--no-check"], 0),
        (["0", NAME, "--latest"], 2),
        ([NAME, "file"], 2),
        ([NAME, "--expires", "-1h"], 2),
        ([], 2),
        ([NAME, "--read-only"], 2),
        ([NAME, "--authorized-scope", "queue:status:*"], 4),
        ([NAME, "--authorized-scopes", "[]", "--no-check"], 0),
    ],
    ids=str,
)
def test_what_is_signed(tc: CommandLine, group_env: GroupEnv, report: str, words: list[str], code: int) -> None:
    """
    Nothing that is not there, unless the check is left out; on an error, stdout is empty.
    """
    result = tc("signed-url", "artifact", report, *words, env=group_env.environment)

    assert code == result.exit_code, result.stderr
    assert bool(result.stdout) == (code == 0)
    assert 1 == result.stderr.count("\n")


def test_what_does_not_exist(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    A task that has no runs, and one that does not exist.
    """
    waits = group_env.add("build")
    after = group_env.add("waits", needs=["build"])
    for task_id in (waits, after, TASK_ID):
        result = tc("signed-url", "artifact", task_id, NAME, env=group_env.environment)
        assert (5, "") == (result.exit_code, result.stdout), task_id


def test_a_run_that_does_not_exist(tc: CommandLine, group_env: GroupEnv, report: str) -> None:
    """
    Is named, with the latest one.
    """
    for command, name in (("signed-url", NAME), ("download", NAME), ("download", "*.html")):
        result = tc(command, "artifact", report, "3", name, env=group_env.environment)
        assert (5, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), command
        assert "no run 3; the latest is run 0" in result.stderr


def test_a_plain_url(tc: CommandLine, group_env: GroupEnv, report: str) -> None:
    """
    Of the latest run, unless one is given; an id sends nothing.
    """
    root_url, env = group_env.sandbox.root_url, group_env.environment
    address = f"{root_url}/api/queue/v1/task/{report}"
    sent = len(group_env.sandbox.requests)
    private = tc("url", "artifact", report, NAME, env=env)
    assert f"{address}/artifacts/private%2Frep.html\n" == private.stdout
    assert "tc signed-url artifact" in private.stderr
    public = tc("url", "artifact", report, "0", "public/a b", env=env)
    assert (f"{address}/runs/0/artifacts/public%2Fa%20b\n", "") == (public.stdout, public.stderr)
    assert sent == len(group_env.sandbox.requests)
    by_label = tc("url", "artifact", f"{group_env.group_id}:report", "public/a", env=env)
    assert f"{address}/artifacts/public%2Fa\n" == by_label.stdout
    assert f"{root_url}/api/queue/v1/ping\n" == tc("url", "queue", "ping", env=env).stdout


def test_downloads_of_tasks_in_all_forms(
    tc: CommandLine, group_env: GroupEnv, report: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    By label, index path and stdin; too old is 1, and --flat refuses two files of the same name.
    """
    monkeypatch.chdir(tmp_path)
    env = group_env.environment
    payload = f'{{"taskId": "{report}", "rank": 0, "data": {{}}, "expires": "{later(hours=1)}"}}'
    tc("index", "insertTask", "a.b", stdin=payload, env=env)
    for number, (word, stdin) in enumerate(
        [(f"{group_env.group_id}:report", ""), ("index:a.b", ""), ("-", f"{report} report completed\n")]
    ):
        done = tc("download", "artifact", word, "0", NAME, f"out{number}", stdin=stdin, env=env)
        assert 0 == done.exit_code, done.stderr
        assert b"first" == (tmp_path / f"out{number}").read_bytes()
    fresh = tc("download", "artifact", report, NAME, "fresh", "--max-age", "1h", env=env)
    assert 0 == fresh.exit_code, fresh.stderr
    flat = tc("download", "artifact", report, "*/rep.html", "-o", "flat", "--flat", env=env)
    assert (0, b"first") == (flat.exit_code, (tmp_path / "flat" / "rep.html").read_bytes()), flat.stderr
    twice = tc("download", "artifact", report, "rep.*", "-o", "twice", "--flat", env=env)
    assert (2, False) == (twice.exit_code, (tmp_path / "twice").exists()), twice.stderr
    dry = tc("download", "artifact", f"{group_env.group_id}:report", NAME, "--dry-run", env=env)
    assert "task-group" in dry.stdout

    tc("sandbox", "clock", "+2h", env=env)
    old = tc("download", "artifact", report, NAME, "old", "--max-age", "1h", env=env)
    assert (1, False) == (old.exit_code, (tmp_path / "old").exists())
    assert "--max-age is 1 h" in old.stderr


@pytest.mark.parametrize("options", [[], ["--expires", "10 minutes"]], ids=str)
def test_the_clock_of_the_deployment_counts(
    tc: CommandLine, group_env: GroupEnv, report: str, options: list[str]
) -> None:
    """
    A URL is valid as long as was asked for, also where this machine's clock is wrong.
    """
    env = group_env.environment
    # Artifacts expire after an hour.
    for offset in ("+30m", "-4h"):
        assert 0 == tc("sandbox", "clock", offset, env=env).exit_code
        signed = tc("signed-url", "artifact", report, NAME, *options, env=env)
        assert 0 == signed.exit_code, signed.stderr
        assert b"first" == fetch(signed.stdout.strip())
        assert 0 == tc("sandbox", "clock", "+14 minutes" if not options else "+9 minutes", env=env).exit_code
        assert b"first" == fetch(signed.stdout.strip())
        assert 0 == tc("sandbox", "clock", "+2 minutes", env=env).exit_code
        with pytest.raises(urllib.error.HTTPError, match="401"):
            fetch(signed.stdout.strip())
