"""
``tc group artifacts`` and ``tc group download``: which artifacts, and where they are written.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.ids import TASK_ID
from tests.transfer_env import later

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.group_env import GroupEnv
    from tests.http_server import ScriptedServer


def add(env: GroupEnv, name: str, state: str, artifacts: dict[str, bytes]) -> str:
    """
    Create a task with artifacts, and return its id.
    """
    task_id = env.add(name, "running")
    for artifact, content in artifacts.items():
        env.write_log(name, content, artifact)
    if state != "running":
        env.resolve(name, state)
    return task_id


def files_below(directory: Path) -> dict[str, bytes]:
    """
    Return the contents of files by their paths.
    """
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def built_group(group_env: GroupEnv) -> GroupEnv:
    """
    Tasks with artifacts, one of which has two runs; and one that never ran.
    """
    add(group_env, "build", "completed", {"public/build/a.zip": b"build", "public/logs/live.log": b"log"})
    add(group_env, "test-1/opt", "failed", {"public/r.zip": b"first", "private/s.zip": b"secret"})
    group_env.call("rerunTask", group_env.ids["test-1/opt"])
    group_env.claim("test-1/opt", 1)
    group_env.transfers.artifact(group_env.ids["test-1/opt"], "public/r.zip", b"second", run_id="1")
    group_env.resolve("test-1/opt", "failed", 1)
    group_env.add("waits", needs=["test-1/opt"])
    return group_env


@pytest.mark.parametrize(
    ("options", "written"),
    [
        (["*.zip"], {"build/public/build/a.zip": b"build", "test-1/opt/public/r.zip": b"second"}),
        (["*.zip", "--flat"], {"build/a.zip": b"build", "test-1/opt/r.zip": b"second"}),
        (["*.zip", "--failed", "--flat"], {"test-1/opt/r.zip": b"second"}),
        (["public/*", "--name", "test*"], {"test-1/opt/public/r.zip": b"second"}),
        (
            ["*.zip", "--kind", "test", "--all-runs"],
            {
                "test-1/opt/run-0/public/r.zip": b"first",
                "test-1/opt/run-0/private/s.zip": b"secret",
                "test-1/opt/run-1/public/r.zip": b"second",
            },
        ),
        (["live.log"], {"build/public/logs/live.log": b"log"}),
    ],
    ids=str,
)
def test_downloads(
    tc: CommandLine, built_group: GroupEnv, tmp_path: Path, options: list[str], written: dict[str, bytes]
) -> None:
    """
    To directories by label, in which a slash is a directory; a dry run prints the same paths.
    """
    line = ["group", "download", built_group.group_id, *options, "-o", str(tmp_path / "out")]
    dry = tc(*line, "-n", env=built_group.environment)
    assert sorted(written) == sorted(row.split()[2] for row in dry.stdout.splitlines())
    assert not (tmp_path / "out").exists()
    done = tc(*line, env=built_group.environment)
    assert (0, "") == (done.exit_code, done.stdout), done.stderr
    assert written == files_below(tmp_path / "out")
    again = json.loads(tc(*line, "--format", "json", env=built_group.environment).stdout)
    assert sorted(written) == sorted(each["name"] for each in again)


def test_complete_files_are_not_downloaded_again(tc: CommandLine, built_group: GroupEnv, tmp_path: Path) -> None:
    """
    What an earlier run completed stays as it is; what is missing, differs or is incomplete is written.
    """
    add(built_group, "more", "completed", {"public/b.zip": b"b" * 5000, "public/empty.zip": b""})
    out, env = tmp_path / "out", built_group.environment
    line = ["group", "download", built_group.group_id, "*.zip", "--flat", "-o", str(out)]
    assert 0 == tc(*line, env=env).exit_code
    before = files_below(out)
    mtimes = {path: (out / path).stat().st_mtime_ns for path in before}
    again = tc(*line, env=env)
    assert (0, "") == (again.exit_code, again.stdout)
    assert f"wrote 0 files to {out}, {len(before)} already complete" in again.stderr
    assert mtimes == {path: (out / path).stat().st_mtime_ns for path in before}

    (out / "build" / "a.zip").unlink()
    (out / "more" / "b.zip").write_bytes(b"a" * 5000)
    (out / "more" / "empty.zip").write_bytes(b"a")
    rest = tc(*line, "--format", "json", env=env)
    assert f"wrote 3 files to {out}, {len(before) - 3} already complete" in rest.stderr
    rows = {each["path"].removeprefix(f"{out}/"): each["alreadyComplete"] for each in json.loads(rest.stdout)}
    assert {path: path not in {"build/a.zip", "more/b.zip", "more/empty.zip"} for path in before} == rows
    assert before == files_below(out)


def test_tasks_with_the_same_label(tc: CommandLine, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    Each has its own directory.
    """
    one = add(group_env, "a", "completed", {"public/x": b"1"})
    other = add(group_env, "a", "completed", {"public/x": b"2"})
    add(group_env, "b", "completed", {"public/x": b"3"})
    assert (
        0 == tc("group", "download", group_env.group_id, "x", "-o", str(tmp_path), env=group_env.environment).exit_code
    )

    found = {path: content for path, content in files_below(tmp_path).items() if path.endswith("/x")}
    assert {f"a.{one}/public/x": b"1", f"a.{other}/public/x": b"2", "b/public/x": b"3"} == found


def test_flat_names_must_differ(tc: CommandLine, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    Nothing is written, since another option is needed.
    """
    add(group_env, "a", "completed", {"p/x": b"1", "q/x": b"2"})
    out = tmp_path / "out"
    result = tc("group", "download", group_env.group_id, "x", "--flat", "-o", str(out), env=group_env.environment)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert not out.exists()


@pytest.mark.parametrize(
    ("tasks", "named"),
    [
        ({"a": ["b/x"], "a/b": ["x"]}, ["b/x of task", "to a/b/x"]),
        ({"..": ["x"]}, ["'../x'", "the part '..'"]),
        ({".": ["x"]}, ["the part '.'"]),
        ({"": ["x"]}, ["'/x'", "the part ''"]),
        ({"a": ["../../x"]}, ["the part '..'"]),
        ({"a": ["x" * 256]}, ["too long"]),
    ],
    ids=str,
)
def test_paths_that_cannot_be_written(
    tc: CommandLine, group_env: GroupEnv, tmp_path: Path, tasks: dict[str, list[str]], named: list[str]
) -> None:
    """
    They are refused, by a dry run as well, and the rest is written.
    """
    for name, artifacts in tasks.items():
        add(group_env, name, "completed", dict.fromkeys(artifacts, b"x"))
    add(group_env, "good", "completed", {"g/x": b"x"})
    out = tmp_path / "out"
    line = ("group", "download", group_env.group_id, "**", "-o", str(out))
    dry = tc(*line, "-n", env=group_env.environment)
    assert not out.exists()
    result = tc(*line, env=group_env.environment)

    assert 9 == result.exit_code == dry.exit_code
    for text in named:
        assert text in result.stderr
    assert "good/g/x" in files_below(out)
    assert sorted(files_below(out)) == sorted(row.split()[-1] for row in dry.stdout.splitlines())
    assert "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1] == dry.stderr.splitlines()[-1]


def test_failed_downloads_leave_nothing(tc: CommandLine, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    Neither empty directories nor a note that nothing was written; directories that were there before stay.
    """
    task_id = group_env.add("a/b", "running")
    content = {"storageType": "error", "expires": later(hours=9), "reason": "file-missing-on-worker", "message": "no"}
    group_env.call("createArtifact", task_id, "0", "public/x", payload=content)
    out = tmp_path / "out"
    for before in (None, out, out / "a"):
        if before is not None:
            before.mkdir()
        result = tc("group", "download", group_env.group_id, "x", "-o", str(out), env=group_env.environment)
        assert 5 == result.exit_code
        assert "wrote" not in result.stderr
        found = out if before is None else before
        assert (before is not None) == found.exists()
        assert not list(found.rglob("*"))


@pytest.mark.parametrize("words", [["download", TASK_ID, ""], ["artifacts", TASK_ID, ""]])
def test_an_empty_pattern_is_refused(tc: CommandLine, http_server: ScriptedServer, words: list[str]) -> None:
    """
    Before anything is sent; as is a target that is not a directory.
    """
    for line in (words, ["download", TASK_ID, "x", "-o", "/dev/null"], ["download", TASK_ID, "x", "-o", "-"]):
        result = tc("group", *line, env=http_server.env)
        assert (2, 1, []) == (result.exit_code, result.stderr.count("\n"), http_server.requests)


@pytest.mark.parametrize("label", ["..", "../up", "a/../../up", "/etc", "a//b", "a\\b", "."])
def test_labels_stay_below_the_directory(tc: CommandLine, group_env: GroupEnv, tmp_path: Path, label: str) -> None:
    """
    What a label or a name would write elsewhere is refused; the rest is written.
    """
    add(group_env, label, "completed", {"public/x": b"x"})
    add(group_env, "good", "completed", {"public/x": b"x"})
    out = tmp_path / "deep" / "out"
    result = tc("group", "download", group_env.group_id, "x", "-o", str(out), env=group_env.environment)

    assert result.exit_code in {2, 9}
    assert label in result.stderr.replace("\\\\", "\\")
    assert {"out/good/public/x": b"x"} == files_below(tmp_path / "deep")


def test_lists(tc: CommandLine, built_group: GroupEnv) -> None:
    """
    A line for each artifact of the latest runs; objects have the queue's entry.
    """
    group_id, env = built_group.group_id, built_group.environment
    build, test = built_group.ids["build"], built_group.ids["test-1/opt"]
    lines = {
        f"{build} build public/build/a.zip",
        f"{build} build public/logs/live.log",
        f"{test} test-1/opt public/r.zip",
    }
    assert lines == set(tc("group", "artifacts", group_id, env=env).stdout.splitlines())
    failed = tc("group", "artifacts", group_id, "*.zip", "--failed", env=env)
    assert f"{test} test-1/opt public/r.zip\n" == failed.stdout
    (found,) = json.loads(tc("group", "artifacts", group_id, "r.zip", "--format", "json", env=env).stdout)
    assert {"taskId": test, "label": "test-1/opt", "runId": 1, "name": "public/r.zip"}.items() <= found.items()
    assert "" == tc("group", "artifacts", group_id, "--name", "waits", env=env).stdout


@pytest.mark.parametrize("command", ["artifacts", "download"])
@pytest.mark.parametrize(
    ("options", "code"),
    [(["*.tar"], 5), (["*.zip", "--name", "nosuch"], 1), (["a.zip", "--failed"], 5), (["x", "--state", "x"], 2)],
    ids=str,
)
def test_no_match(
    tc: CommandLine, built_group: GroupEnv, tmp_path: Path, command: str, options: list[str], code: int
) -> None:
    """
    One line, which tells what does match.
    """
    where = ["-o", str(tmp_path / "out")] if command == "download" else []
    result = tc("group", command, built_group.group_id, *options, *where, env=built_group.environment)
    assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))
    assert not (tmp_path / "out").exists()
    if command == "download":
        dry = tc("group", command, built_group.group_id, *options, "--dry-run", env=built_group.environment)
        assert (code, "", result.stderr) == (dry.exit_code, dry.stdout, dry.stderr)
    assert 5 == tc("group", command, TASK_ID, "x", *where, env=built_group.environment).exit_code


def test_links_are_artifacts_of_their_own(tc: CommandLine, group_env: GroupEnv, tmp_path: Path) -> None:
    """
    The log of a task that has ended has two names, and the list does not tell where a link leads.
    """
    task_id = group_env.add("a", "running")
    group_env.write_log("a", b"log", "public/logs/live_backing.log")
    link = {"storageType": "link", "artifact": "public/logs/live_backing.log", "contentType": "text/plain"}
    content = {**link, "expires": later(hours=1)}
    group_env.call("createArtifact", task_id, "0", "public/logs/live.log", payload=content)
    group_env.resolve("a", "completed")
    for pattern, names in (("live.log", ["live.log"]), ("*", ["live.log", "live_backing.log"])):
        out = tmp_path / str(len(names))
        line = ("group", "download", group_env.group_id, pattern, "-o", str(out), "--flat")
        assert 0 == tc(*line, env=group_env.environment).exit_code
        assert {f"a/{name}": b"log" for name in names} == files_below(out)
