"""
``tc schema``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine


def test_prints_the_schema_of_the_payload(tc: CommandLine) -> None:
    """
    As one document, indented for people who keep it in a file.
    """
    result = tc("schema", "secrets", "set")
    schema = json.loads(result.stdout)

    assert (0, "") == (result.exit_code, result.stderr)
    assert "http://json-schema.org/draft-06/schema#" == schema["$schema"]
    assert ["secret", "expires"] == schema["required"]
    assert "$ref" not in result.stdout
    assert "\n  " in result.stdout


@pytest.mark.parametrize("flag", ["--response", "--output", "--answer"])
def test_prints_the_schema_of_the_answer(tc: CommandLine, flag: str) -> None:
    """
    Under either name.
    """
    schema = json.loads(tc("schema", "queue", "status", flag).stdout)

    assert {"status"} == schema["properties"].keys()
    assert "taskId" in schema["properties"]["status"]["properties"]


def test_finds_names_in_any_spelling(tc: CommandLine) -> None:
    """
    As everywhere.
    """
    assert tc("schema", "purge-cache", "purgeCache").output == tc("schema", "PURGECACHE", "purge-cache").output


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["schema", "queue", "task", "--output", "-o"], id="with the answer's flag"),
        pytest.param(["--output", "FILE", "schema", "queue", "createTask", "-o"], id="the later one wins"),
    ],
)
def test_a_file_is_named_by_its_short_option(tc: CommandLine, tmp_path: Path, argv: list[str]) -> None:
    """
    The long one means something else here, but not before the command.
    """
    path = tmp_path / "schema.json"
    result = tc(*argv, str(path))

    assert (0, b"", "") == (result.exit_code, result.output, result.stderr)
    assert "$schema" in json.loads(path.read_text())


def test_the_long_option_names_a_file_before_the_command(tc: CommandLine, tmp_path: Path) -> None:
    """
    There it is the one that all commands share.
    """
    path = tmp_path / "schema.json"

    assert 0 == tc("--output", str(path), "schema", "queue", "createTask").exit_code
    assert "taskQueueId" in path.read_text()


def test_takes_a_format(tc: CommandLine) -> None:
    """
    As everything that prints data.
    """
    assert "type: object\n" in tc("schema", "secrets", "set", "--format", "yaml").stdout


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["queue"], "missing argument METHOD", id="no method"),
        pytest.param(["quee", "task"], "no service 'quee'; did you mean queue?", id="no service"),
        pytest.param(
            ["queue", "createTsk"], "queue: no method 'createTsk'; did you mean createTask?", id="a misspelling"
        ),
        pytest.param(
            ["queue", "zzzz"], "queue: no method 'zzzz'; tc queue --help lists them", id="no method of that name"
        ),
        pytest.param(["queue", "ping"], "queue.ping takes no payload\n", id="nothing at all"),
        pytest.param(
            ["queue", "task"],
            "queue.task takes no payload; for its response: tc schema queue task --response",
            id="no payload",
        ),
        pytest.param(["queue", "ping", "--output"], "queue.ping: the response has no published schema", id="no answer"),
        pytest.param(["queue", "taskQueueCountsBatch"], "the payload has no published schema", id="unknown"),
        pytest.param(
            ["queue", "task", "--output", "file"], "to write to a file, use -o FILE", id="a file after --output"
        ),
    ],
)
def test_refuses(tc: CommandLine, argv: list[str], line: str) -> None:
    """
    In one line, with exit code 2.
    """
    result = tc("schema", *argv)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert line in result.stderr


def test_describes_the_fields_of_a_payload(tc: CommandLine) -> None:
    """
    In the schema itself, as editors show it; one description where a field has several forms.
    """
    schema = json.loads(tc("schema", "queue", "createTask").output)
    source = schema["properties"]["metadata"]["properties"]["source"]

    assert "URL" in source["description"]
    assert not [form for form in source["anyOf"] if "description" in form]
    assert "description" in json.loads(tc("schema", "hooks", "triggerHook").output)
    assert "description" not in json.loads(tc("schema", "queue", "task", "--response").output)["properties"]["created"]
