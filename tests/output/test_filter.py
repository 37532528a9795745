"""
``--jq``: outputs as they come, and an end for filters that have none.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from importlib.metadata import requires
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from tccli.errors import BrokenAnswerError, ConfigurationError
from tccli.output import Output
from tccli.output.filter import Filter, compile_filter
from tests.http_server import json_response
from tests.time_limits import check_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.conftest import Start
    from tests.http_server import ScriptedServer

MAX_SECONDS = 3.0
"""Until an interrupted command must have ended. The promise is one second on an idle machine."""


@pytest.mark.parametrize(
    ("expression", "documents", "expected"),
    [
        (".a[]", [{"a": [1, 2]}, {"a": []}, {"a": ["ü\ud800"]}], [1, 2, "ü�"]),
        (".[0], .[1]", [[{"b": 1, "a": None}, 1.5]], [{"b": 1, "a": None}, 1.5]),
        ("empty", [1], []),
        ("halt", [1, 2], []),
        ("if . == 2 then halt else . end # halts", [1, 2, 3], [1, 3]),
        ("., if . == 2 then halt else empty end, .", [1, 2, 3], [1, 1, 2, 3, 3]),
        ("[limit(2; ., halt)]", [1, 2], []),
        ("length", ["x" * 300_000], [300_000]),
        ("[range(100000)] | length, first", [0], [100_000, 0]),
    ],
)
def test_outputs_are_those_of_jq(expression: str, documents: list[Any], expected: list[Any]) -> None:
    """
    In order, for one document after the other, however large.
    """
    assert expected == list(Filter(expression).apply(documents))


def test_a_filter_that_fails_for_one_document_takes_the_next_ones() -> None:
    """
    Each has its own outputs, where the errors are reported.
    """
    misfits: list[BrokenAnswerError] = []
    expression = "if . == 2 then halt_error elif . == 4 then error elif . == 5 then 7, halt_error else . end"
    assert [1, 3, 7, 6] == list(Filter(expression).apply(range(1, 7), misfits.append))
    assert [True, False, True] == ["halt_error ended" in str(misfit) for misfit in misfits]


def test_an_endless_filter_gives_outputs_as_they_are_asked_for() -> None:
    """
    So its reader can stop.
    """
    assert [1, 1, 1] == list(islice(Filter("repeat(1)").apply([1]), 3))


@pytest.mark.parametrize(
    "expression", [".a.b", "error", "input", "reduce range(20000) as $i (1; [.])", "1, error(null)"]
)
def test_a_filter_that_fails_names_itself(expression: str) -> None:
    """
    In one line, which says that the call succeeded.
    """
    with pytest.raises(BrokenAnswerError) as caught:
        list(Filter(expression).apply([{"a": 1}]))

    assert repr(expression) in str(caught.value)
    assert "succeeded" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ('error("no task")', "no task"),
        (".token.key", 'Cannot index string with string ("key")'),
        (".token[.token]", "Cannot index string with string (…)"),
        (".token - .pin", "string (…) and number (…) cannot be subtracted"),
        (".token | fromjson", "Invalid numeric literal"),
        ('.pin | test("a")', "number (…) cannot be matched, as it is not a string"),
        ("halt_error", "halt_error"),
        (".token | halt_error(1)", "halt_error"),
        ("error", "not printed"),
        (".token | error", "not printed"),
        ('error("token \\(.token) is bad")', "not printed"),
        (".token | @base64 | error", "not printed"),
        (".pin | error(tostring)", "not printed"),
        ('.token | strptime("%Y")', "does not match"),
        ('.token | test("s"; .)', "not printed"),
        (".token | path(1, .)", "Invalid path expression"),
        ("[.pin] | implode | tojson | error", "not printed"),
        ("error([.])", "not printed"),
        ('error("Cannot use line \\(.pin)")', "not printed"),
        ('error("number/\\(.pin)")', "not printed"),
    ],
)
def test_a_message_of_a_filter_has_no_value_of_the_response(expression: str, reason: str) -> None:
    """
    It is printed on stderr and stored in logs, and responses have secrets.
    """
    with pytest.raises(BrokenAnswerError) as caught:
        list(Filter(expression).apply([{"token": "s3cret-pass", "pin": 735190}]))

    message = str(caught.value).replace(repr(expression), "")
    assert reason in message
    for secret in ("s3cret", "pass", "735190", "czNjcmV0"):
        assert secret not in message


def test_an_output_is_no_larger_than_a_response() -> None:
    """
    To read a larger one would keep Ctrl-C waiting.
    """
    with pytest.raises(BrokenAnswerError, match="larger than 128 MiB"):
        list(Filter('"a" * 2e8').apply([1]))


def test_a_crash_of_jq_is_not_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is an error that names the filter.
    """
    jq = Filter(".")
    monkeypatch.setattr(jq, "_run", lambda _text: os.kill(os.getpid(), signal.SIGKILL))

    with pytest.raises(BrokenAnswerError, match="jq ended"):
        list(jq.apply([1]))


ENDLESS = [
    "last(repeat(1))",
    "[repeat(1) | select(false)]",
    "until(false; .)",
    "def f: f; f",
]


@pytest.mark.parametrize("output", [[], ["-o", "out.json"]])
@pytest.mark.parametrize("expression", ENDLESS)
def test_ctrl_c_ends_any_filter(
    start: Start, http_server: ScriptedServer, tmp_path: Path, expression: str, output: list[str]
) -> None:
    """
    At once, with nothing left over.
    """
    (tmp_path / "out").mkdir()
    http_server.respond_with(json_response({"status": {}}))
    words = [str(tmp_path / "out" / word) if word == "out.json" else word for word in output]
    process = start("queue", "status", "fN1SbArXTPSVFNUvaOlinQ", "--jq", expression, *words, env=http_server.env)
    http_server.wait_for(1)
    time.sleep(0.3)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)

    assert 130 == process.wait(60)
    check_duration(began, MAX_SECONDS)
    assert process.communicate() == (b"", b"")
    assert [] == os.listdir(tmp_path / "out")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not end a process with SIGIO")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_filter_survives_its_command(start: Start, http_server: ScriptedServer, number: signal.Signals) -> None:
    """
    However the command ends: its output is closed only when the last process that could write to it has ended.
    """
    http_server.respond_with(json_response({"status": {}}))
    process = start("queue", "status", "fN1SbArXTPSVFNUvaOlinQ", "--jq", "last(repeat(1))", env=http_server.env)
    http_server.wait_for(1)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(number)

    assert process.communicate(timeout=60) == (b"", b"")
    check_duration(began, MAX_SECONDS)
    assert -number == process.returncode


def test_an_interruption_while_the_filter_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Leaves no signal blocked: the next Ctrl-C ends what is done after it.
    """
    # What the module signal wraps.
    module = importlib.import_module("_signal")
    set_mask: Callable[[int, Iterable[int]], set[Any]] = module.pthread_sigmask

    def set_mask_late(how: int, numbers: Iterable[int]) -> set[Any]:
        before = set_mask(how, numbers)
        if how == signal.SIG_BLOCK and numbers:
            # As it does for a signal that came just before.
            raise KeyboardInterrupt
        return before

    jq = compile_filter("last(range(3))")
    own = set_mask(signal.SIG_BLOCK, ())
    monkeypatch.setattr(module, "pthread_sigmask", set_mask_late)
    with pytest.raises(KeyboardInterrupt):
        list(jq.apply([1]))
    assert own == set_mask(signal.SIG_BLOCK, ())


def test_the_library_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Then the error says how to install it, before anything is sent.
    """
    # Another test may have had the same expression.
    compile_filter.cache_clear()
    monkeypatch.setitem(sys.modules, "jq", None)

    with pytest.raises(ConfigurationError, match=r"taskcluster-cli\[jq\]"):
        Output(jq=".").prepare()


@pytest.mark.parametrize(
    ("system", "machine", "version", "expected"),
    [
        ("linux", "x86_64", "3.11", True),
        ("linux", "aarch64", "3.15", True),
        ("darwin", "arm64", "3.13", True),
        ("win32", "AMD64", "3.12", True),
        ("linux", "riscv64", "3.12", False),
        ("freebsd14", "amd64", "3.12", False),
        ("linux", "x86_64", "3.16", False),
    ],
)
def test_the_library_is_required_where_it_has_wheels(
    system: str, machine: str, version: str, *, expected: bool
) -> None:
    """
    Elsewhere, an installation of tc would need a C compiler.
    """
    environment = {
        "sys_platform": system,
        "platform_machine": machine,
        "python_version": version,
        "implementation_name": "cpython",
        "extra": "",
    }
    found = [Requirement(line) for line in requires("taskcluster-cli") or () if line.startswith("jq")]

    assert expected == any(each.marker is None or each.marker.evaluate(environment) for each in found)
