"""
``tc skeleton``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import slugid
import yaml

from tccli.core.times import parse_timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox

TASK = slugid.nice()


def test_prints_what_can_be_edited(tc: CommandLine) -> None:
    """
    Indented, with times that count from now.
    """
    result = tc("skeleton", "queue", "createTask")
    made = json.loads(result.stdout)
    created = parse_timestamp(made["created"])

    assert (0, "") == (result.exit_code, result.stderr)
    assert timedelta(minutes=1) > abs(datetime.now(UTC) - created)
    assert timedelta(hours=1) == parse_timestamp(made["deadline"]) - created
    assert "proj-example/linux" == made["taskQueueId"]
    assert "ci@example.com" == made["metadata"]["owner"]
    assert '\n  "metadata": {\n' in result.stdout


@pytest.mark.parametrize("full", [[], ["--full"]], ids=["minimal", "full"])
def test_makes_a_task_as_it_is(tc: CommandLine, sandbox: RunningSandbox, full: list[str]) -> None:
    """
    From one command to the next, through a pipe.
    """
    made = tc("skeleton", "queue", "createTask", *full)
    result = tc("queue", "createTask", TASK, stdin=made.output, env=sandbox.environment)

    assert (0, "") == (result.exit_code, result.stderr)
    assert "pending" == json.loads(result.stdout)["status"]["state"]


def test_yaml_goes_through_a_file(tc: CommandLine, sandbox: RunningSandbox, tmp_path: Path) -> None:
    """
    Timestamps stay text on the way.
    """
    path = tmp_path / "task.yml"
    tc("skeleton", "queue", "create-task", "--format", "yaml", "-o", str(path))
    result = tc("queue", "createTask", TASK, "--data", f"@{path}", env=sandbox.environment)

    assert isinstance(yaml.safe_load(path.read_text())["created"], str)
    assert (0, "") == (result.exit_code, result.stderr)


def test_full_holds_more(tc: CommandLine) -> None:
    """
    What must be there is in both.
    """
    minimal = json.loads(tc("skeleton", "hooks", "createHook").stdout)
    full = json.loads(tc("skeleton", "hooks", "createHook", "--full").stdout)

    assert minimal.keys() < full.keys()


def test_secrets_are_new(tc: CommandLine) -> None:
    """
    Each time.
    """
    made = {tc("skeleton", "worker-manager", "createWorker", "--jq", ".providerInfo").output for _ in range(3)}

    assert 3 == len(made)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["queue", "ping"], "queue.ping takes no payload\n", id="no payload"),
        pytest.param(["queue", "taskQueueCountsBatch"], "the payload has no published schema", id="unknown"),
        pytest.param(["qeue", "task"], "did you mean queue?", id="no service"),
    ],
)
def test_refuses(tc: CommandLine, argv: list[str], line: str) -> None:
    """
    In one line, with exit code 2.
    """
    result = tc("skeleton", *argv)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert line in result.stderr
