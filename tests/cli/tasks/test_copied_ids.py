"""
Ids as they are copied: with white space, quotes and commas around them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.http_server import error_response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer

POOL = "proj-x/ci"
WORDS = {
    "queue status": TASK_ID,
    "task status": TASK_ID,
    "queue listTaskGroup": TASK_ID,
    "group list": TASK_ID,
    "task list": POOL,
    "worker-manager workerPool": POOL,
}


@pytest.mark.parametrize("command", [*WORDS, "batch"])
def test_white_space_is_ignored(tc: CommandLine, http_server: ScriptedServer, command: str) -> None:
    """
    Around ids and the names of pools, also in the lines of a batch.
    """
    http_server.respond_with(error_response(404, "ResourceNotFound", "no"))
    word = WORDS.get(command)
    line = {"service": "queue", "method": "status", "args": [f"\t{TASK_ID} "]}
    words, stdin = ([f" {word}\n"], "") if word else ([], json.dumps(line))
    result = tc(*command.split(), *words, stdin=stdin, env=http_server.env)

    assert result.exit_code in {1, 5}, result.stderr
    assert (word or TASK_ID).replace("/", "%2F") in http_server.requests[0].target.split("?")[0].split("/")


def test_white_space_around_an_address(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Is ignored, too.
    """
    http_server.respond_with(error_response(404, "ResourceNotFound", "no"))
    for command in ("queue status", "task status"):
        assert 5 == tc(*command.split(), f" {http_server.url}/tasks/{TASK_ID}\n", env=http_server.env).exit_code


@pytest.mark.parametrize("command", WORDS)
@pytest.mark.parametrize(("before", "after"), [("", ","), ("'", "'"), ('"', '"'), ("(", ")."), (" ", " ; ")])
def test_other_characters_are_named(
    tc: CommandLine, http_server: ScriptedServer, command: str, before: str, after: str
) -> None:
    """
    In the hint, and nothing is sent.
    """
    result = tc(*command.split(), f"{before}{WORDS[command]}{after}", env=http_server.env)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert f"leave out the {(before + after).strip()[0]}" in result.stderr
    assert not http_server.requests
