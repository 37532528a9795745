"""
``tc events``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.vectors import load

if TYPE_CHECKING:
    from tests.conftest import CommandLine

VECTORS = load("bindings")


@pytest.mark.parametrize(
    "vector", VECTORS, ids=[f"{vector['service']}.{vector['event']} {vector['keys']}" for vector in VECTORS]
)
def test_binds_as_the_reference_does(tc: CommandLine, vector: dict[str, Any]) -> None:
    """
    Exchange and pattern; a refusal where it refuses.
    """
    keys = [word for name, value in vector["keys"].items() for word in (f"--{name}", value)]
    result = tc("events", "bind", vector["service"], vector["event"], *keys)

    if "error" in vector:
        assert (2, b"") == (result.exit_code, result.output)
        return
    found = json.loads(result.stdout)
    assert found == {name: vector[name] for name in ("exchange", "routingKeyPattern")}


def test_lists_exchanges(tc: CommandLine) -> None:
    """
    All of them, or a service's.
    """
    everything = json.loads(tc("events", "list").stdout)
    hooks = json.loads(tc("events", "list", "hooks").stdout)

    assert 37 == len(everything)
    assert hooks == [exchange for exchange in everything if exchange["service"] == "hooks"]
    assert 37 == tc("events", "list", "--format", "jsonl").stdout.count("\n")


def test_the_reference_of_the_keys_is_printed(tc: CommandLine) -> None:
    """
    As the JavaScript client returns it: in order, with the constant.
    """
    keys = json.loads(tc("events", "bind", "queue", "taskFailed", "--with-keys").stdout)["routingKeyReference"]

    assert {"name": "routingKeyKind", "constant": "primary", "multipleWords": False} == keys[0]
    assert {"name": "taskId", "multipleWords": False} == keys[1]
    assert {"name": "reserved", "multipleWords": True} == keys[-1]


def test_a_hook_takes_a_binding_as_it_is(tc: CommandLine) -> None:
    """
    ``bindings`` of a hook accept what is printed.
    """
    binding = json.loads(tc("events", "bind", "queue", "taskFailed", "--taskGroupId", "fN1SbArXTPSVFNUvaOlinQ").stdout)
    metadata = {"name": "a", "description": "", "owner": "me@example.com"}
    payload = {"metadata": metadata, "task": {}, "bindings": [binding]}
    result = tc("hooks", "createHook", "g", "h", "--dry-run", "--root-url", "http://tc.test", stdin=json.dumps(payload))

    assert 0 == result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("event", "pattern"),
    [
        (("queue", "taskPending"), "primary.#"),
        (("queue", "taskPending"), "#"),
        (("queue", "taskPending"), "#.x"),
        (("queue", "taskPending"), "*.*.*.*.*.*.*.*.*.#"),
        (("queue", "taskPending"), "primary.a.b.c.d.e.f.g.h"),
        (("queue", "taskPending"), "primary.a.b.c.d.e.f.g.h.i.j"),
        (("auth", "clientCreated"), "#"),
        (("github", "push"), "primary.org.*"),
    ],
)
def test_a_finished_pattern_is_printed(tc: CommandLine, event: tuple[str, str], pattern: str) -> None:
    """
    As it was given.
    """
    result = tc("events", "bind", *event, pattern)

    assert 0 == result.exit_code, result.stderr
    assert pattern == json.loads(result.stdout)["routingKeyPattern"]


@pytest.mark.parametrize("words", [["--task-id", "x"], ["--taskId=x"], ["--TASKID", "x", "--format", "json"]])
def test_keys_are_found_in_any_spelling(tc: CommandLine, words: list[str]) -> None:
    """
    And stand beside the options of every command.
    """
    result = tc("events", "bind", "Queue", "task-pending", *words)

    assert "primary.x.*.*.*.*.*.*.*.#" == json.loads(result.stdout)["routingKeyPattern"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param(["zebra", "x"], "no service 'zebra'", id="service"),
        pytest.param(["queue", "taskPendin"], "did you mean taskPending", id="event"),
        pytest.param(["queue", "taskPending", "--taskIdd", "x"], "did you mean taskId", id="key"),
        pytest.param(["queue", "taskPending", "--taskId"], "--taskId has no value", id="no value"),
        pytest.param(["queue", "taskPending", "--taskId", "a", "--taskId", "b"], "--taskId", id="twice"),
        pytest.param(["queue", "taskPending", "--taskId", "a", "--task-id", "b"], "twice", id="twice, spelled apart"),
        pytest.param(["queue", "taskPending", "x"], "'x'", id="a pattern that matches nothing"),
        pytest.param(["queue", "taskPending", "secondary.#"], "'secondary.#' matches no message", id="constant"),
        pytest.param(["queue", "taskPending", "primary.*.*"], "matches no message", id="too few words"),
        pytest.param(["github", "push", "primary.a.b.c"], "matches no message", id="too many words"),
        pytest.param(["queue", "taskPending", "primary..#"], "is not valid", id="an empty word"),
        pytest.param(["queue", "taskPending", "primary.a b"], "is not valid", id="a blank"),
        pytest.param(["queue", "taskPending", ""], "is not valid", id="an empty pattern"),
        pytest.param(["queue", "taskPending", "primary." + "a" * 260 + ".#"], "255", id="a long pattern"),
        pytest.param(["queue", "taskPending", "#", "--taskId", "a"], "unexpected argument '#'", id="pattern and key"),
        pytest.param(["queue", "taskPending", "#", "b"], "unexpected argument 'b'", id="two patterns"),
        pytest.param(["queue", "taskPending", "--taskId", "a.b"], "has a dot", id="a dot"),
    ],
)
def test_refuses(tc: CommandLine, words: list[str], line: str) -> None:
    """
    In one line that helps.
    """
    result = tc("events", "bind", *words)

    assert (2, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert line in result.stderr
