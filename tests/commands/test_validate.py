"""
``tc validate``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine

GOOD = '{"secret": {"a": 1}, "expires": "2030-01-01T00:00:00Z"}'
BAD = '{"secret": 5, "more": 1}'
PROBLEMS = [
    {"path": "payload", "expected": "field expires", "found": "missing"},
    {"path": "payload", "expected": "only expires, secret", "found": "more"},
    {"path": "secret", "expected": "object", "found": "number …"},
]


@pytest.mark.parametrize("argv", [[], ["-"]], ids=["without a file", "-"])
def test_a_good_payload(tc: CommandLine, argv: list[str]) -> None:
    """
    Nothing on stdout; the verdict is for people.
    """
    result = tc("validate", "secrets", "set", *argv, stdin=GOOD)

    assert (0, b"") == (result.exit_code, result.output)
    assert "tc: the payload from stdin matches the schema of secrets.set\n" == result.stderr
    assert "" == tc("validate", "secrets", "set", "--quiet", stdin=GOOD).stderr


def test_all_problems_at_once(tc: CommandLine) -> None:
    """
    A line each.
    """
    result = tc("validate", "secrets", "set", stdin=BAD)

    assert 1 == result.exit_code
    assert ["missing field expires", "unknown field 'more'", "secret: expected object, found number …"] == (
        result.stdout.splitlines()
    )
    assert "tc: the payload from stdin does not match the schema of secrets.set: 3 problems\n" == result.stderr


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param(
            ["--format", "json"], json.dumps(PROBLEMS, indent=2, ensure_ascii=False).splitlines(), id="one document"
        ),
        pytest.param(
            ["--format", "jsonl"],
            [json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in PROBLEMS],
            id="a line each",
        ),
        pytest.param(["--jq", ".[].path", "-r"], ["payload", "payload", "secret"], id="filtered"),
    ],
)
def test_problems_are_data(tc: CommandLine, argv: list[str], expected: list[str]) -> None:
    """
    For programs that ask for it.
    """
    result = tc("validate", "secrets", "set", *argv, stdin=BAD)

    assert (1, expected) == (result.exit_code, result.stdout.splitlines())


def test_no_problems_are_data_too(tc: CommandLine) -> None:
    """
    An empty list.
    """
    assert "[]\n" == tc("validate", "secrets", "set", "--format", "json", stdin=GOOD).stdout


def test_yaml_is_known_by_its_name(tc: CommandLine, tmp_path: Path) -> None:
    """
    As for payloads.
    """
    path = tmp_path / "secret.yml"
    path.write_text("secret: {a: 1}\nexpires: 2030-01-01T00:00:00Z\n")

    assert 0 == tc("validate", "secrets", "set", str(path)).exit_code


@pytest.mark.parametrize("command", [["validate", "secrets", "set"], ["validate-json", "secrets.set", "-"]])
def test_yaml_on_stdin(tc: CommandLine, command: list[str]) -> None:
    """
    With ``--data-format``, which also makes JSON of a file that is called YAML.
    """
    result = tc(*command, "--data-format", "yaml", stdin="secret: {on: 12:30}\nexpires: 2030-01-01\n")

    assert 0 == result.exit_code, result.stderr
    assert 2 == tc(*command, "--data-format", "toml", stdin=GOOD).exit_code


def test_an_answer(tc: CommandLine) -> None:
    """
    Held against the other schema.
    """
    result = tc("validate", "auth", "currentScopes", "--answer", stdin='{"scopes": [5]}')

    assert (1, "scopes[0]: expected string, found number 5\n") == (result.exit_code, result.stdout)
    assert 0 == tc("validate", "auth", "currentScopes", "--answer", stdin='{"scopes": []}').exit_code


def test_a_name_does_not_break_lines(tc: CommandLine) -> None:
    """
    What is found may hold any characters, and a problem is a line.
    """
    result = tc("validate", "secrets", "set", stdin=json.dumps({**json.loads(GOOD), "a\nb\x1b[31m": 1}))

    assert ["unknown field 'a\\nb\\x1b[31m'"] == result.stdout.splitlines()


@pytest.mark.parametrize(
    ("argv", "stdin", "line"),
    [
        pytest.param(["secrets", "set"], "", "secrets.set: no payload on stdin", id="nothing"),
        pytest.param(["secrets", "set"], "{", "the payload from stdin is not JSON", id="no JSON"),
        pytest.param(["secrets", "set"], "[" * 100_000, "nested more than", id="too deep"),
        pytest.param(["secrets", "set"], b"\xff", "is not UTF-8", id="no text"),
        pytest.param(["secrets", "set", "/nowhere"], "", "cannot read /nowhere: No such file", id="no file"),
        pytest.param(["secrets", "set", "/"], "", "cannot read /: Is a directory", id="a folder"),
        pytest.param(["secrets", "get"], "{}", "secrets.get takes no payload", id="no payload"),
        pytest.param(["secrets", "set", "--response"], "{}", "the response has no published schema", id="no response"),
        pytest.param(["queue", "taskQueueCountsBatch"], "{}", "the payload has no published schema", id="unknown"),
        pytest.param(["secrets", "st"], "{}", "no method 'st'", id="no method"),
    ],
)
def test_refuses(tc: CommandLine, argv: list[str], stdin: str | bytes, line: str) -> None:
    """
    What cannot be checked is another error than what is not valid.
    """
    result = tc("validate", *argv, stdin=stdin)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert line in result.stderr
