"""
Logs with lines of megabytes: what is printed of them, and that it takes little memory.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.transfer_env import MEBIBYTE, peak_memory, random_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.group_env import GroupEnv

MAX_MEMORY_BYTES = 64 * MEBIBYTE
PART = random_bytes(1 << 14).hex().encode()
LINE = PART * (10 * MEBIBYTE // len(PART))
LINES = [b"%d %b%b\n" % (number, LINE, b" a needle" if number % 2 else b"") for number in range(4)]
TIME = b"-".ljust(24) + b" "


@pytest.fixture(scope="module")
def compressed_log() -> bytes:
    """
    The log as it is stored with gzip.
    """
    return gzip.compress(b"".join(LINES), 1)


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--grep needle$", [LINES[1], LINES[3]]),
        ("--grep ^2", [LINES[2]]),
        ("--grep nosuch", []),
        ("--own --timestamps", [TIME + line for line in LINES]),
        ("--tail 1", LINES[3:]),
        ("--tail 1 --grep ^2", LINES[2:3]),
        ("--tail 3 --grep needle", [LINES[1], LINES[3]]),
    ],
)
def test_a_log(
    group_env: GroupEnv, tmp_path: Path, compressed_log: bytes, options: str, expected: list[bytes], encoding: str
) -> None:
    """
    Also of a compressed one, whose end cannot be downloaded alone.
    """
    task_id = group_env.add("build", "running")
    log = compressed_log if encoding else b"".join(LINES)
    group_env.transfers.artifact(task_id, "public/logs/live.log", log, encoding)
    group_env.resolve("build", "failed")
    output = tmp_path / "output"
    memory = peak_memory(["task", "log", task_id, *options.split()], group_env.environment, output=str(output))

    assert b"".join(expected) == output.read_bytes()
    assert memory <= MAX_MEMORY_BYTES


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["logs", "--grep", "needle"], [LINES[1], LINES[3]]),
        (["logs", "--log-match", "needle$", "--tail", "1"], LINES[3:]),
        (["logs", "-f", "--tail", "1", "--grep", "nosuch"], []),
        (["failures"], None),
    ],
    # The lines are too long for a name.
    ids=["--grep", "--log-match", "-f", "failures"],
)
def test_many_logs(
    group_env: GroupEnv, tmp_path: Path, compressed_log: bytes, options: list[str], expected: list[bytes] | None
) -> None:
    """
    One after the other, although several are read at the same time.
    """
    names = [f"task-{number}" for number in range(9)]
    for name in names:
        task_id = group_env.add(name, "running")
        group_env.transfers.artifact(task_id, "public/logs/live.log", compressed_log, "gzip")
        group_env.resolve(name, "failed")
    output = tmp_path / "output"
    command, *rest = options
    memory = peak_memory(["group", command, group_env.group_id, *rest], group_env.environment, output=str(output))

    if expected is not None:
        lines = (f"{name} | ".encode() + line for name in names for line in expected)
        with output.open("rb") as file:
            assert all(line == next(lines, None) for line in file)
        assert next(lines, None) is None
    assert memory <= MAX_MEMORY_BYTES
