"""
``tc batch``: many calls from lines, and what it does when some of them fail, or when it is interrupted.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tccli.cli.batch import run
from tccli.output import live_stream
from tests.batch_env import QUICK_RETRIES, SEED, Service, check_effects, make_calls, make_lines, read
from tests.http_server import (
    DROPPED,
    NO_RESPONSE,
    Received,
    Response,
    ScriptedServer,
    error_response,
    json_response,
    response,
)
from tests.interruption_points import interrupted_at
from tests.terminals import read_terminal
from tests.time_limits import check_duration
from tests.transfer_env import later, peak_memory, slug, wait_until

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

    from tests.conftest import CommandLine, RunningSandbox, Start
    from tests.group_env import GroupEnv

PING = {"service": "queue", "method": "ping"}


def test_calls_of_all_kinds(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    With and without arguments, query, payload, ids; each result has the id of its line, or its number.
    """
    secret = {"secret": {"a": 1}, "expires": later(hours=1)}
    calls = [
        PING,
        {"id": "x", "service": "secrets", "method": "set", "args": ["a/b"], "payload": secret},
        "",
        {"id": 7, "service": "index", "method": "listTasks", "args": [""], "query": {"limit": 2}},
        {"method": "purge-cache.all-purge-requests"},
    ]
    result = tc("batch", "--in-order", stdin=make_lines(calls), env=sandbox.environment)

    assert (0, "tc: 4 calls\n") == (result.exit_code, result.stderr)
    assert [1, "x", 7, 5] == [each["id"] for each in read(result)]
    assert [200] * 4 == [each["status"] for each in read(result)]
    assert {"tasks": []} == read(result)[2]["response"]
    found = tc("batch", "secrets", "get", stdin="a/b\n", env=sandbox.environment)
    assert {"a": 1} == read(found)[0]["response"]["secret"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("x", "line 2 is not JSON"),
        ("[]", "line 2 is not a call"),
        ("{", "line 2 is not JSON"),
        ({"service": "queue"}, "method is missing"),
        ({"service": "queue", "method": 1}, "method is not a string"),
        ({**PING, "arg": []}, "did you mean args?"),
        ({**PING, "id": []}, "id is not"),
        ({**PING, "id": True}, "id is not"),
        ({**PING, "args": "a"}, "args is not an array"),
        ({**PING, "args": ["a"]}, "takes no arguments"),
        ({**PING, "args": [1.5]}, "args[0]"),
        ({**PING, "query": []}, "query is not an object"),
        ({**PING, "query": {"x": "1"}}, "no query option"),
        ({**PING, "payload": {}}, "takes no payload"),
        ({"service": "queu", "method": "ping"}, "did you mean queue?"),
        ({"service": "queue", "method": "pin"}, "did you mean"),
        ({"service": "queue", "method": "status", "args": ["a"]}, "slugid"),
        ({"service": "secrets", "method": "set", "args": ["a"]}, "needs a payload"),
        ({"service": "secrets", "method": "set", "args": ["a"], "payload": {"x": 1}}, "not valid"),
        ('{"service": "queue", "service": "queue", "method": "ping"}', "line 2 is not JSON"),
    ],
    ids=str,
)
def test_a_line_that_is_wrong(tc: CommandLine, http_server: ScriptedServer, line: Any, named: str) -> None:
    """
    Is an error of that line, for which nothing is sent; the other calls are made.
    """
    result = tc("batch", "--in-order", stdin=make_lines([PING, line, PING]), env=http_server.env)

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))
    error = read(result)[1]["error"]
    assert 2 == error["exitCode"]
    assert named in f"{error['message']}; {error.get('hint')}"
    assert 2 == len(http_server.requests)
    # Nothing was sent at all.
    assert 2 == tc("batch", stdin=make_lines([line]), env=http_server.env).exit_code


@pytest.mark.parametrize(
    "argv",
    [
        ["queue"],
        ["queu", "status"],
        ["queue", "statu"],
        ["queue", "status", "{1}", "{2}"],
        ["queue", "status", "{name}"],
        ["queue", "status", "{0}"],
        ["queue", "status", "--data", "{}"],
        ["queue", "status", "--csv", "--tsv"],
        ["queue", "status", "--query", "x=1"],
        ["queue", "listTaskGroup", "--query", "limit"],
        ["secrets", "set"],
        ["secrets", "set", "--data", "@-"],
        ["secrets", "set", "--data", "{}", "--payload-from", "2"],
        ["secrets", "set", "--data", '{"a": "{name}"}'],
        ["secrets", "set", "--set", "a={name}"],
        ["secrets", "set", "--set", "{1}=a"],
        ["secrets", "set", "p:{}", "--set", "a={1}"],
        ["secrets", "set", "{1}", "--set", "a={}"],
        ["secrets", "set", "{1}", "--set", 'a:=["{}"]'],
        ["secrets", "set", "{1}", "--data", '{"a": "x {}"}'],
        ["index", "listTasks", "{1}", "--query", "limit={}"],
        ["secrets", "set", "--set", "a:=x"],
        ["secrets", "set", "--payload-from", "name"],
        ["secrets", "set", "--payload-from", "²"],
        ["secrets", "set", "--payload-from", "99999999999999999999"],
        ["secrets", "set", "--data", '{"a": {1}}'],
        ["queue", "status", "fN1SbArXTPSVFNUvaOlinQ"],
        ["queue", "status", "--header"],
        ["queue", "status", "{x}", "--header", "--csv"],
        ["--csv"],
        ["--data", "{}"],
        ["--jobs", "0"],
        ["--rate", "0/s"],
        ["--rate", "fast"],
        ["--journal", ""],
    ],
    ids=" ".join,
)
def test_what_is_known_before_a_line_is_read(tc: CommandLine, http_server: ScriptedServer, argv: list[str]) -> None:
    """
    Is exit code 2, in one line, and nothing is sent.
    """
    result = tc("batch", *argv, stdin="name,id\na,b\n", env=http_server.env)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert [] == http_server.requests


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("-j 8", "--jobs"),
        ("-P8", "--jobs"),
        ("--max-procs=8", "--jobs"),
        ("--maxProcs 8", "--jobs"),
        ("-k", "--in-order"),
        ("--halt now", "--fail-fast"),
        ("--joblog x", "--journal"),
        ("--retry-failed", "--journal"),
        ("--start-at 7", "--journal"),
        ("--mark-done 7", "--assume-done"),
        ("--force", "--assume-failed"),
        ("--format csv", "--csv"),
        ("--format TSV", "@tsv"),
        ("-a x", "< FILE"),
        ("--input-file x", "< FILE"),
        ("-d,", "--csv"),
        ("-I{}", "{1}"),
        ("-n 1", "--dry-run"),
        ("-L1", "each line"),
        ("-0", "line feeds"),
        ("--paginate", "one page"),
        ("--jobz 8", "did you mean --jobs?"),
    ],
)
def test_options_of_other_programs(tc: CommandLine, words: str, named: str) -> None:
    """
    Lead to those of tc.
    """
    result = tc("batch", "queue", "cancelTask", *words.split())
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert named in result.stderr


@pytest.mark.parametrize("words", [[], ["queue"], ["queue", "cancelTask"], ["secrets", "set", "--set", "a=b"]], ids=str)
def test_a_file_as_an_argument(tc: CommandLine, tmp_path: Path, words: list[str]) -> None:
    """
    Is probably that of the lines.
    """
    path = tmp_path / "the ids.txt"
    path.touch()
    result = tc("batch", *words, str(path))
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert f"< '{path}'" in result.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "named"),
    [
        ([], '{\n"service": "queue",\n"method": "ping"\n}\n{\n', "jq -c ."),
        ([], '\n{"service": "queue", "args": [\n"]}"]}\n', "jq -c ."),
        ([], '{"id": "}\\"}"\n}\n', "jq -c ."),
        ([], "[\n1\n]\n", "jq -c '.[]'"),
        ([], make_lines([[PING], PING]), "jq -c '.[]'"),
        (["secrets", "get"], '[\n"a",\n"b"\n]\n', "jq -r '.[]'"),
        (["secrets", "get"], '"a"\n"b"\n', "jq -r"),
        (["secrets", "set", "{1}", "--payload-from", "2"], 'a {\n"b": 1\n}\n', "jq -c ."),
    ],
)
def test_documents_of_several_lines(
    tc: CommandLine, http_server: ScriptedServer, words: list[str], stdin: str, named: str
) -> None:
    """
    Are one error, not one per line.
    """
    result = tc("batch", *words, stdin=stdin, env=http_server.env)
    assert (2, "", 1, []) == (result.exit_code, result.stdout, result.stderr.count("\n"), http_server.requests)
    assert named in result.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "named"),
    [
        (["worker-manager", "worker"], "a,b,c,d\n", "--csv"),
        (["secrets", "get", "{2}"], "a,b\n", "--csv"),
        (["secrets", "get", "--header"], "name,x\na,b\n", "--csv"),
        (["secrets", "get", "{name}", "--header"], "name,x\na,b\n", "--csv"),
        (["secrets", "get"], "a\0bc\0d", "tr '\\0' '\\n'"),
        ([], f"{json.dumps(PING)}\0", "tr '\\0' '\\n'"),
        (["secrets", "get"], "a\nb\n".encode("utf-16-le"), "iconv -f UTF-16"),
        (["secrets", "get"], b"\xff\xfe" + "a\nb\n".encode("utf-16-le"), "iconv -f UTF-16"),
        (["secrets", "get", "--csv"], b"\xfe\xff" + "a\nb\n".encode("utf-16-be"), "iconv -f UTF-16"),
    ],
)
def test_lines_of_another_form(
    tc: CommandLine, http_server: ScriptedServer, words: list[str], stdin: str | bytes, named: str
) -> None:
    """
    Lead to the option, or to the program that converts them.
    """
    result = tc("batch", *words, stdin=stdin, env=http_server.env)
    assert (2, 1, []) == (result.exit_code, result.stderr.count("\n"), http_server.requests)
    assert named in result.stderr


@pytest.mark.parametrize("value", ["10/min", "10/sec", "10/minute", "10/hour", "1.5/s", "10"])
def test_units_of_rates(tc: CommandLine, http_server: ScriptedServer, value: str) -> None:
    """
    May be written out.
    """
    assert 0 == tc("batch", "--rate", value, stdin=make_lines([PING]), env=http_server.env).exit_code


@pytest.mark.parametrize("argv", [["--rate", "10/d"], ["--rate", "10/"], ["--rate", "0"], ["--jobs", "a"]], ids=str)
def test_numbers_that_are_wrong(tc: CommandLine, argv: list[str]) -> None:
    """
    Are named, with what can be written.
    """
    result = tc("batch", *argv)
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert argv[1] in result.stderr
    assert any(each in result.stderr for each in ("10/s, 30/m", "whole number"))


def test_a_summary_in_json_has_the_numbers(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    So that a script need not count.
    """
    result = tc("batch", "--error-format", "json", stdin=make_lines([PING, "x"]), env=http_server.env)
    assert {"calls": 2, "failed": 1, "uncertain": 0, "skipped": 0} == json.loads(result.stderr)["counts"]


def test_names_with_blanks_in_messages(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Are in quotes.
    """
    result = tc("batch", "secrets", "get", "{id}", "--csv", "--header", stdin=" id , name\na,b\n", env=http_server.env)
    assert 2 == result.exit_code
    assert "did you mean ' id '?" in result.stderr
    result = tc("batch", "secrets", "get", "--csv", "--header", stdin=" id , name\na,b\n", env=http_server.env)
    assert "(' id ', ' name')" in result.stderr


def test_columns(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Words, CSV, TSV, with and without a header, as arguments and in places.
    """
    first, second = slug(), slug()

    def targets(*argv: str, stdin: str) -> list[str]:
        http_server.requests.clear()
        result = tc("batch", *argv, "--jobs", "1", stdin=stdin, env=http_server.env)
        assert 0 == result.exit_code, result.stdout
        return [request.target.partition("/v1/")[2] for request in http_server.requests]

    status = ("queue", "latestArtifact")
    assert [f"task/{first}/artifact-content/a%20b"] == targets(*status, "--tsv", stdin=f"{first}\ta b\n")
    assert [f"task/{first}/artifact-content/a%2Cb"] == targets(*status, "--csv", stdin=f'{first},"a,b"\n')
    assert [f"task/{first}/artifact-content/a", f"task/{second}/artifact-content/b"] == targets(
        *status, "--csv", "--header", stdin=f"name,task-id,x\na,{first},\nb,{second},\n"
    )
    assert [f"task/{first}/artifact-content/public%2Fx.log"] == targets(
        *status, "{1}", "public/{3}.log", stdin=f"{first} NAME x more\n"
    )
    assert ["task-group/" + first + "/list?limit=3"] == targets(
        "queue", "listTaskGroup", "{1}", "--query", "limit={2}", stdin=f"{first} 3\n"
    )


def test_payloads(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    From --data and --set with places, and from a column; of a column, no place is filled in.
    """

    def payloads(*argv: str, stdin: str) -> list[Any]:
        http_server.requests.clear()
        argv = ("batch", "secrets", "set", *argv, "--no-validate", "--jobs", "1")
        result = tc(*argv, stdin=stdin, env=http_server.env)
        assert 0 == result.exit_code, result.stdout
        return [json.loads(request.body) for request in http_server.requests]

    data = '{"a": "{2}", "b": ["x{1}", 1], "c": "{{2}} ${x"}'
    assert [{"a": '"', "b": ["xn", 1], "c": "{2} ${x"}] == payloads("{1}", "--data", data, stdin='n "\n')
    assert [{"a": {"b": "5"}, "c": 5}] == payloads("{1}", "--set", "a.b={2}", "--set", "c:={2}", stdin="n 5\n")
    (tmp_path / "a.json").write_text('{"run": "find -exec rm {} + # {2}"}')
    assert [{"run": "find -exec rm {} + # x"}] == payloads("{1}", "--data", f"@{tmp_path}/a.json", stdin="n x\n")
    assert [{"a": {}}] == payloads("{1}", "--set", "a:={}", stdin="n\n")
    assert [{"k": "{1} x"}] == payloads("--payload-from", "2", stdin='n {"k": "{1} x"}\n')
    assert [{"k": [1, 2]}] == payloads("--payload-from", "doc", "--header", stdin='name doc\nn {"k": [1, 2]}\n')
    assert [{"k": 1}] * 2 == payloads("x", "--data", '{"k": 1}', "--id-from", "1", stdin="a\nb\n")
    assert [{"k": 1, "z": "n"}] == payloads(
        "{name}", "--payload-from", "doc", "--tsv", "--header", "--set", "z={name}", stdin='doc\tname\n{"k": 1}\tn\n'
    )


def test_a_row_that_does_not_fit(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Is an error of its line: too few columns, too many, or no JSON. The hint has a line that works.
    """
    task_id = slug()
    result = tc("batch", "queue", "status", "--in-order", stdin=f"{task_id} x\n{task_id}\n", env=http_server.env)
    assert 1 == result.exit_code
    assert "tc batch queue status '{1}'" in result.stderr
    assert [task_id] == [request.target.split("/")[-2] for request in http_server.requests]

    argv = ("batch", "secrets", "set", "{1}", "--set", "a:={2}", "--no-validate")
    result = tc(*argv, stdin="a\nb x\n", env=http_server.env)
    assert (2, 2) == (result.exit_code, result.stdout.count("\n"))


@pytest.mark.parametrize(("before", "code"), [("", 2), ("a,b\n", 1)])
def test_an_input_that_ends_early(tc: CommandLine, http_server: ScriptedServer, before: str, code: int) -> None:
    """
    Is not success, and exit code 2 only if nothing was sent.
    """
    argv = ("batch", "secrets", "set", "{1}", "--set", "a={2}", "--no-validate", "--csv")
    result = tc(*argv, stdin=f'{before}c,"d\ne,f\n', env=http_server.env)
    assert (code, before.count("\n")) == (result.exit_code, len(http_server.requests))
    assert "cannot read the CSV" in result.stderr.splitlines()[-1]


def test_ids_from_a_column(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Name the results.
    """
    result = tc("batch", "queue", "status", "{2}", "--id-from", "1", stdin=f"x {slug()}\n", env=http_server.env)
    assert ["x"] == [each["id"] for each in read(result)]


def test_names_instead_of_ids(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Addresses and index paths, as arguments of methods have them.
    """
    task_id = slug()
    task = {"taskId": task_id, "rank": 1, "data": {}, "expires": later(hours=1)}
    calls = [{"service": "index", "method": "insertTask", "args": ["a.b"], "payload": task}]
    assert 0 == tc("batch", stdin=make_lines(calls), env=sandbox.environment).exit_code
    lines = f"index:a.b\n{sandbox.root_url}/tasks/{task_id}\n"
    result = tc("batch", "queue", "status", "--dry-run", stdin=lines, env=sandbox.environment)

    assert 0 == result.exit_code
    assert [f"{sandbox.root_url}/api/queue/v1/task/{task_id}/status"] * 2 == [each["url"] for each in read(result)]


def test_lines_with_labels_share_a_listing(tc: CommandLine, group_env: GroupEnv) -> None:
    """
    One that is not there is the error of its line. Whatever the number of lines, a group is listed once, and once more
    for what is not there.
    """
    for name in ("a", "b"):
        group_env.add(name)
    lines = "".join(f"{group_env.group_id}:{name}\n" for name in ("a", "c", "b"))
    tasks = [group_env.add(f"t-{number}") for number in range(40)]
    labels = "".join(f"{group_env.group_id}:t-{number}\n" for number in range(40))
    first = len(group_env.sandbox.requests)
    found = tc("batch", "queue", "status", "--in-order", stdin=labels, env=group_env.environment)
    targets = [target for _, target in group_env.sandbox.requests[first:]]
    assert tasks == [each["response"]["status"]["taskId"] for each in read(found)]
    assert (1, 40) == (sum(target.endswith("/list") for target in targets), len(targets) - 1)
    first = len(group_env.sandbox.requests)
    result = tc("batch", "queue", "cancelTask", "--in-order", stdin=lines, env=group_env.environment)

    assert 1 == result.exit_code
    assert 2 >= sum(target.endswith("/list") for _, target in group_env.sandbox.requests[first:])
    assert [200, 404, 200] == [each["status"] for each in read(result)]
    assert ["exception"] * 2 == [
        group_env.call("status", group_env.ids[name])["status"]["state"] for name in ("a", "b")
    ]


def test_dry_run_sends_nothing_and_shows_no_secret(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    One line of JSON for each call.
    """
    argv = ("batch", "secrets", "set", "{1}", "--set", "secret.token={2}", "--no-validate", "--dry-run")
    result = tc(*argv, stdin="a very-secret\nb\n", env=http_server.env)

    assert (2, 2) == (result.exit_code, result.stdout.count("\n"))
    assert "very-secret" not in result.stdout
    assert "PUT" == read(result)[0]["verb"]
    assert [] == http_server.requests


@pytest.mark.parametrize("verbose", [[], ["-vv"]], ids=["", "-vv"])
def test_a_secret_that_a_service_repeats(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, verbose: list[str]
) -> None:
    """
    Is masked in errors, in results and in the summary, and where requests are printed.
    """
    http_server.respond_with(error_response(400, "InputError", "cannot use very-secret here"))
    argv = ("batch", "secrets", "set", "{1}", "--set", "secret.token={2}", "--no-validate")
    env = {**http_server.env, "TC_LOG": str(tmp_path / "log")} if verbose else http_server.env
    result = tc(*argv, *verbose, stdin="a very-secret\n", env=env)

    assert 1 == result.exit_code
    assert "cannot use" in result.stdout
    assert "very-secret" not in f"{result.stdout}{result.stderr}"
    assert not verbose or "very-secret" not in (tmp_path / "log").read_text()


def test_secrets_of_many_calls_are_masked(tc_process: CommandLine, http_server: ScriptedServer) -> None:
    """
    Each while its call is made, in several threads.
    """
    http_server.respond_with(lambda received: json_response({"repeated": json.loads(received.body)["secret"]["token"]}))
    secrets = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(600)]
    argv = ("batch", "secrets", "set", "{1}", "--set", "secret.token={2}", "--no-validate", "-vv")
    lines = "".join(f"a{number} {secret}\n" for number, secret in enumerate(secrets))
    result = tc_process(*argv, stdin=lines, env=http_server.env)

    assert 0 == result.exit_code, result.stderr[-500:]
    assert 600 == result.stdout.count("\n")
    assert 600 == result.stderr.count('"repeated":"…"')
    assert not [secret for secret in secrets if secret in result.stderr]


def test_an_error_is_as_of_a_single_call(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    Of --error-format json.
    """
    task_id = slug()
    single = tc("queue", "status", task_id, "--error-format", "json", env=sandbox.environment)
    result = tc("batch", "queue", "status", stdin=f"{task_id}\n", env=sandbox.environment)

    assert json.loads(single.stderr) == {**read(result)[0]["error"], "body": json.loads(single.stderr)["body"]}
    assert 404 == read(result)[0]["status"]


def test_read_only(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Of one method it is refused at once, else for each line that changes something.
    """
    argv = ("batch", "--read-only", "--in-order")
    assert 2 == tc(*argv, "queue", "cancelTask", stdin=f"{slug()}\n", env=http_server.env).exit_code
    calls = [{"service": "queue", "method": "cancelTask", "args": [slug()]}, PING]
    result = tc(*argv, stdin=make_lines(calls), env=http_server.env)

    assert 1 == result.exit_code
    assert "--read-only" in read(result)[0]["error"]["message"]
    assert ["/api/queue/v1/ping"] == [request.target for request in http_server.requests]


def test_fake_responses(tc: CommandLine, tmp_path: Path) -> None:
    """
    Each call takes one of them, and is recorded.
    """
    (tmp_path / "fake.json").write_text(json.dumps({"queue.ping": [{"alive": True}] * 50}))
    argv = ("batch", "--fake", str(tmp_path / "fake.json"), "--fake-calls", str(tmp_path / "calls"))
    result = tc(*argv, stdin=make_lines([PING] * 51))

    assert (1, 51) == (result.exit_code, result.stdout.count("\n"))
    assert 51 == (tmp_path / "calls").read_text().count("\n")
    assert 1 == sum("error" in each for each in read(result))


def test_no_lines(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Are no calls, and no failure.
    """
    result = tc("batch", stdin="\n\n", env=http_server.env)
    assert (0, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))


def test_the_output_can_be_filtered(tc: CommandLine, sandbox: RunningSandbox, tmp_path: Path) -> None:
    """
    Each result by itself, also into a file.
    """
    path = tmp_path / "out"
    argv = ("batch", "--in-order", "--jq", ".id", "-o", str(path))
    assert 0 == tc(*argv, stdin=make_lines([PING] * 3), env=sandbox.environment).exit_code
    assert "1\n2\n3\n" == path.read_text()
    result = tc(
        "batch", "--format", "table", "--columns", "id,status", stdin=make_lines([PING]), env=sandbox.environment
    )
    assert {"id", "status", "1", "200"} == {word for word in result.stdout.split() if word.isalnum()}


def test_a_filter_that_does_not_fit_some_results(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Each is reported on stderr, with its id and error; the other calls are made and printed.
    """
    missing = error_response(404, "ResourceNotFound", "no such secret")
    http_server.respond_with(
        lambda request: missing if request.target.endswith("/a") else json_response({"secret": {}})
    )
    argv = ("batch", "secrets", "get", "--in-order", "--id-from", "1", "--jq", ".response|keys")
    result = tc(*argv, stdin="a\nb\na\nb\n", env=http_server.env)

    assert (1, [["secret"]] * 2) == (result.exit_code, read(result))
    first, second, hint, summary = result.stderr.splitlines()
    for line, number in ((first, 1), (second, 3)):
        assert f'line {number} ("a")' in line
        assert "no such secret" in line
    assert "select(.response)" in hint
    assert "2 of 4" in summary

    # All calls succeed, but the filter does not fit.
    result = tc(*argv[:-1], ".response.secret[0]", stdin="b\nb\n", env=http_server.env)
    assert (9, "") == (result.exit_code, result.stdout)
    assert "succeeded" in result.stderr.splitlines()[0]
    assert 3 == result.stderr.count("\n")
    result = tc(*argv, "--fail-fast", "--jobs", "1", stdin="b\na\nb\n", env=http_server.env)
    assert (1, [["secret"]]) == (result.exit_code, read(result))
    assert "no such secret" in result.stderr
    result = tc(*argv[:-1], ".response.secret[0]", "--fail-fast", "--jobs", "1", stdin="b\nb\n", env=http_server.env)
    assert (9, "") == (result.exit_code, result.stdout)


@pytest.mark.parametrize(("word", "code", "messages"), [("halt", 0, 1), ("halt_error", 9, 2)])
def test_a_filter_ends_nothing_but_itself(
    tc: CommandLine, http_server: ScriptedServer, word: str, code: int, messages: int
) -> None:
    """
    After the end for one result, the calls continue: all are made, counted and printed.
    """
    http_server.respond_with(json_response({}))
    argv = ("batch", "auth", "resetAccessToken", "--in-order", "--jobs", "2")
    lines = "".join(f"c{number}\n" for number in range(1, 41))
    expression = f"if .id == 20 then {word} else .id end"
    result = tc(*argv, "--jq", expression, stdin=lines, env=http_server.env)

    assert (code, 40) == (result.exit_code, len(http_server.requests)), result.stderr
    assert [*range(1, 20), *range(21, 41)] == read(result)
    assert messages == result.stderr.count("\n")
    assert "40" in result.stderr.splitlines()[-1]
    assert "uncertain" not in result.stderr


def test_fail_fast(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    No call is sent after the first failure.
    """
    http_server.respond_with(json_response({}), error_response(404, "E", "no"), json_response({}))
    argv = ("batch", "--fail-fast", "--jobs", "1", "--in-order")
    result = tc(*argv, stdin=make_lines([PING] * 200), env=http_server.env)

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))
    assert [1, 2] == [each["id"] for each in read(result)]
    assert 2 == len(http_server.requests)


def test_fail_fast_does_not_wait_for_the_next_line(start: Start, http_server: ScriptedServer) -> None:
    """
    A failure ends the batch also while a slow program has yet to write the next line.
    """
    http_server.respond_with(error_response(404, "ResourceNotFound", "m"))
    process = start("batch", "secrets", "get", "--fail-fast", env=http_server.env, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"a\n")
    process.stdin.flush()

    assert 1 == process.wait(30)


@pytest.mark.parametrize("options", [(), ("--in-order",)], ids=str)
@pytest.mark.parametrize("fault", ["no connection", "401", "a login page"])
def test_a_deployment_that_is_not_there(
    start: Start, http_server: ScriptedServer, fault: str, options: tuple[str, ...]
) -> None:
    """
    Is told at once, and only the first calls are made; with --keep-going, all.
    """
    if fault == "no connection":
        http_server.respond_with(DROPPED)
    elif fault == "401":
        http_server.respond_with(error_response(401, "AuthenticationFailed", "no such client"))
    else:
        page = b"<html>Please sign in</html>"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
        http_server.respond_with(Response(head + page))
    argv = ("batch", "--jobs", "6", "--retries", "0", *options)
    # The input does not end.
    process = start(*argv, env=http_server.env, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(make_lines([PING] * 200).encode())
    process.stdin.flush()
    assert process.stderr is not None
    assert b"tc: line " in process.stderr.readline()
    summary = process.stderr.readline().decode()
    assert 1 == process.wait(30)
    assert "6 of 6" in summary
    assert "--keep-going" in summary
    assert process.stdout is not None
    assert 6 == len(process.stdout.read().splitlines())
    assert 6 == len(http_server.requests)

    process = start(*argv, "--keep-going", env=http_server.env, stdin=subprocess.PIPE)
    process.communicate(make_lines([PING] * 50).encode(), timeout=30)
    assert 1 == process.returncode
    assert 56 == len(http_server.requests)


def test_first_calls_that_fail_in_other_ways(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    One response of a service, even a failure, is enough for all other calls to be made; wrong lines do not count.
    """
    missing = error_response(404, "ResourceNotFound", "m")
    http_server.respond_with(*[*[DROPPED] * 4, missing] * 4)
    lines = "not-an-id\n" * 10 + f"{slug()}\n" * 20
    result = tc("batch", "queue", "status", "--jobs", "1", "--retries", "0", stdin=lines, env=http_server.env)

    assert (1, 30) == (result.exit_code, len(read(result)))
    assert [2, 8, 5, 8] == [read(result)[index]["error"]["exitCode"] for index in (9, 13, 14, 16)]


def test_a_rate(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Is kept to, also with many jobs.
    """
    begun = time.monotonic()
    assert 0 == tc("batch", "--rate", "40/s", stdin=make_lines([PING] * 21), env=http_server.env).exit_code
    assert time.monotonic() - begun >= 0.5


@pytest.mark.parametrize("word", ["{}", "index:a.b{}"])
def test_a_rate_counts_requests(tc: CommandLine, http_server: ScriptedServer, word: str) -> None:
    """
    Of a call that is retried, or whose task is looked up, each of them.
    """
    failed: set[str] = set()

    def respond(received: Received) -> Response:
        task_id = received.target.split("/")[5]
        if "/index/" in received.target:
            return json_response({"taskId": ids[int(task_id.removeprefix("a.b"))]})
        if word == "{}" and task_id not in failed:
            failed.add(task_id)
            return response(500)
        return json_response({"status": {"taskId": task_id}})

    http_server.respond_with(respond)
    ids = [slug() for _ in range(10)]
    lines = "".join(f"{word.format(task_id if word == '{}' else number)}\n" for number, task_id in enumerate(ids))
    options = ("--rate", "40/s", "--jobs", "4", "--delay-factor", "0.001")
    begun = time.monotonic()
    result = tc("batch", "queue", "status", *options, stdin=lines, env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    assert 20 == len(http_server.requests)
    # The first two may come together.
    assert time.monotonic() - begun >= 18 * 0.025


def test_all_wait_when_a_service_asks_one_to(
    tc_process: CommandLine, http_server: ScriptedServer, makers: dict[str, str]
) -> None:
    """
    After a 429 with Retry-After, nothing is sent before its time is up.
    """
    pause_seconds, way_seconds = 3, 1.5
    arrived: list[float] = []
    numbers, is_asked = itertools.count(1), threading.Event()

    def respond(_request: Received) -> Response:
        number = next(numbers)
        arrived.append(time.monotonic())
        if number == 5:
            is_asked.set()
            return error_response(429, "E", "slow down", Retry_After=str(pause_seconds))
        if 1 < number < 5:
            # They are on the way when it comes, until the client has read it.
            is_asked.wait(30)
            time.sleep(way_seconds)
        return json_response({})

    http_server.respond_with(respond)
    lines = make_lines([PING] * 60)
    result = tc_process("batch", "--jobs", "4", stdin=lines, env={**http_server.env, **makers})
    assert 0 == result.exit_code
    assert 5 == sum(moment < arrived[4] + pause_seconds - 0.1 for moment in arrived)


def test_results_come_while_lines_are_written(start: Start, sandbox: RunningSandbox, makers: dict[str, str]) -> None:
    """
    A result does not wait for the next line of a slow program, nor for the end of the input.
    """
    env = {**sandbox.environment, **makers}
    process = start("batch", env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for number in range(1, 10):
        process.stdin.write(make_lines([PING]).encode())
        process.stdin.flush()
        assert number == json.loads(process.stdout.readline())["id"]
    process.stdin.close()
    process.stdin = None
    assert 0 == process.wait(30)


def test_a_reader_that_goes_away(start: Start, sandbox: RunningSandbox, makers: dict[str, str]) -> None:
    """
    Ends it silently, also while it waits for lines.
    """
    env = {**sandbox.environment, **makers}
    process = start("batch", env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(make_lines([PING] * 5).encode())
    process.stdin.flush()
    assert 141 == process.wait(30)
    assert b"" == process.stderr.read()
    process.stdin.close()
    process.stdin = process.stdout = None


def test_an_interruption_names_what_is_uncertain(start: Start, http_server: ScriptedServer) -> None:
    """
    Ctrl-C ends it within a second or so; calls on the way that are not idempotent are named.
    """
    http_server.respond_with(NO_RESPONSE)
    calls = [{"id": "x", "service": "hooks", "method": "triggerHook", "args": ["a", "b"], "payload": {}}, PING]
    process = start("batch", env=http_server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(make_lines(calls).encode())
    process.stdin.flush()
    http_server.wait_for(2)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    check_duration(begun, 10)
    assert 130 == process.returncode
    uncertain, summary = errors.decode().split("\n")[:2]
    assert 'line 1 ("x")' in uncertain
    assert "--journal" in summary


@pytest.mark.parametrize("options", [(), ("--in-order",), ("--jq", "{id}"), ("--journal", "journal")], ids=str)
def test_an_interruption_begins_no_call(
    start: Start, http_server: ScriptedServer, tmp_path: Path, options: tuple[str, ...], makers: dict[str, str]
) -> None:
    """
    After Ctrl-C no further line is taken. Responses that have arrived are printed, and only the calls on the way, at
    most as many as jobs, are uncertain.
    """
    jobs = 4
    options = tuple(str(tmp_path / word) if word == "journal" else word for word in options)

    def respond(request: Received) -> Response:
        # The first calls succeed, but for that of line 1, which delays the results in order; then all hang.
        is_answered = "/h1/" not in request.target and int(request.target.split("/h")[-1].split("/")[0]) <= 9
        return json_response({}) if is_answered else NO_RESPONSE

    http_server.respond_with(respond)
    (tmp_path / "lines").write_text("".join(f"g h{number}\n" for number in range(1, 201)))
    with (tmp_path / "lines").open("rb") as lines:
        process = start(
            *("batch", "hooks", "triggerHook", "--data", "{}", "--jobs", str(jobs), *options),
            env={**http_server.env, **makers},
            stdin=lines.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        http_server.wait_for(8 + jobs)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)

    assert 130 == process.returncode, errors
    assert 8 + jobs == len(http_server.requests)
    assert sorted(range(2, 10)) == sorted(json.loads(line)["id"] for line in output.splitlines())
    uncertain = [line for line in errors.decode().splitlines() if "uncertain" in line]
    assert ["line 1", "line 10", "line 11", "line 12"] == sorted(line[4:].split(" is")[0] for line in uncertain)
    if "--journal" in options:
        states = Counter(json.loads(line).get("state") for line in (tmp_path / "journal").read_text().splitlines())
        assert {None: 1, "started": 8 + jobs, "done": 8} == states


@pytest.mark.parametrize(("expression", "lines"), [("last(repeat(1))", 0), ("if .id == 3 then last(repeat(1)) end", 2)])
def test_an_interruption_ends_a_filter(
    start: Start, http_server: ScriptedServer, tmp_path: Path, expression: str, lines: int
) -> None:
    """
    After Ctrl-C, what has arrived is filtered for a moment only. The number of results that were not written is
    reported, and the ends of their calls are in the journal.
    """
    count = 12
    http_server.respond_with(json_response({}))
    (tmp_path / "lines").write_text("g h\n" * count)
    options = ("--in-order", "--jobs", "1", "--journal", str(tmp_path / "journal"), "--jq", expression)
    with (tmp_path / "lines").open("rb") as stdin:
        process = start(
            *("batch", "hooks", "triggerHook", "--data", "{}", *options),
            env=http_server.env,
            stdin=stdin.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        http_server.wait_for(count)
        time.sleep(0.5)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)

    check_duration(begun, 3)
    assert 130 == process.returncode, errors
    # On a busy machine, the half second may be over before, and the last call may not have ended.
    unwritten = count - output.count(b"\n")
    assert count - lines <= unwritten, output
    assert unwritten == errors.count(b"\n") - 1, errors
    assert re.search(rb"interrupted after 1[12] calls; .*their results were not written", errors.splitlines()[-1]), (
        errors
    )
    states = Counter(json.loads(line).get("state") for line in (tmp_path / "journal").read_text().splitlines())
    assert count == states["started"]
    assert states["done"] in {count - 1, count}


def test_faults_in_bulk(tc_process: CommandLine, http_server: ScriptedServer, makers: dict[str, str]) -> None:
    """
    5 % of 503, 1 % of dropped connections, and a stall: nothing is done twice that must not be.
    """
    service, calls = Service(http_server, SEED), make_calls(600)
    result = tc_process("batch", *QUICK_RETRIES, stdin=make_lines(calls), env={**http_server.env, **makers})
    found = {each["id"]: each for each in read(result)}

    assert {call["id"] for call in calls} == set(found)
    uncertain = {name for name, each in found.items() if each.get("error", {}).get("uncertain")}
    failed = {name for name, each in found.items() if "error" in each} - uncertain
    check_effects(service, calls, uncertain, failed)
    assert (1 if uncertain | failed else 0) == result.exit_code
    assert len(uncertain) == result.stderr.count("is uncertain")


def test_a_journal_survives_kill(
    start: Start, http_server: ScriptedServer, tmp_path: Path, makers: dict[str, str]
) -> None:
    """
    Killed at five random moments, then run to the end: as if it had run once.
    """
    service, calls, draw = Service(http_server, SEED), make_calls(500), random.Random(SEED)
    (tmp_path / "calls").write_text(make_lines(calls))
    results: dict[str, Any] = {}

    def run(*, kills_after: int | None) -> subprocess.Popen[bytes]:
        before = len(http_server.requests)
        with (tmp_path / "calls").open() as stdin, (tmp_path / "out").open("wb") as out:
            argv = ("batch", "--journal", str(tmp_path / "journal"), *QUICK_RETRIES)
            process = start(*argv, env={**http_server.env, **makers}, stdin=stdin.fileno(), stdout=out.fileno())
            if kills_after is not None:
                # If the one before was killed late, there may be fewer calls left.
                wait_until(lambda: len(http_server.requests) >= before + kills_after or process.poll() is not None)
                time.sleep(draw.random() * 0.01)
                process.kill()
            process.wait(60)
        for line in (tmp_path / "out").read_text().split("\n")[:-1]:
            document = json.loads(line)
            results[document["id"]] = document
        return process

    for _ in range(5):
        run(kills_after=draw.randrange(1, 90))
    last = run(kills_after=None)
    uncertain = {name for name, each in results.items() if each.get("error", {}).get("uncertain")}
    failed = {name for name, each in results.items() if "error" in each} - uncertain
    check_effects(service, calls, uncertain, failed)
    assert last.returncode == (1 if uncertain | failed else 0), SEED


def test_what_is_uncertain_is_not_sent_again(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Each run names it, until --retry-unsafe sends it.
    """
    http_server.respond_with(DROPPED, json_response({}))
    calls = make_lines(make_calls(1))
    argv = ("batch", "--journal", str(tmp_path / "journal"))
    for _ in range(3):
        result = tc(*argv, stdin=calls, env=http_server.env)
        assert 1 == result.exit_code
        assert read(result)[0]["error"]["uncertain"] is True
        assert 'line 1 ("c0") is uncertain' in result.stderr
        assert 1 == result.stderr.splitlines()[0].count("uncertain")
    assert 1 == len(http_server.requests)
    assert 0 == tc(*argv, "--retry-unsafe", stdin=calls, env=http_server.env).exit_code
    assert 2 == len(http_server.requests)
    result = tc(*argv, stdin=calls, env=http_server.env)
    assert (0, b"") == (result.exit_code, result.output)
    assert "1 skipped" in result.stderr


@pytest.mark.parametrize("status", [400, 429, 501])
def test_what_has_failed_is_sent_again(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, status: int
) -> None:
    """
    If it is certain that nothing was done; its line may be corrected.
    """
    http_server.respond_with(error_response(status, "E", "no"), json_response({}))
    argv = ("batch", "--journal", str(tmp_path / "journal"), "--retries", "0")
    call = make_calls(1)[0]
    assert 1 == tc(*argv, stdin=make_lines([call]), env=http_server.env).exit_code
    call["args"] = ["g", "another"]
    assert 0 == tc(*argv, stdin=make_lines([call]), env=http_server.env).exit_code
    assert 2 == len(http_server.requests)


def test_another_input_than_that_of_the_journal(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Is refused from the first line on that differs, whether lines have ids or not.
    """
    argv = ("batch", "--journal", str(tmp_path / "journal"), "--jobs", "1")
    removed = [{"service": "secrets", "method": "remove", "args": [name]} for name in "abc"]
    assert 0 == tc(*argv, stdin=make_lines(removed), env=http_server.env).exit_code
    result = tc(*argv, stdin=make_lines([PING, *removed]), env=http_server.env)
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "line 1" in result.stderr
    result = tc(*argv, stdin=make_lines([*removed[:2], removed[0]]), env=http_server.env)
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert 3 == len(http_server.requests)
    other = {**http_server.env, "TASKCLUSTER_ROOT_URL": http_server.url.replace("127.0.0.1", "localhost")}
    result = tc(*argv, stdin=make_lines(removed), env=other)
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert 3 == len(http_server.requests)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("task status", "write tc task status -"),
        ("task log", "xargs -n 1 tc task log"),
        ("group cancel", "xargs -n 1 tc group cancel"),
        ("download-artifact", "xargs -n 1 tc download-artifact"),
        ("from-now", "command of its own"),
        ("task nonsense", "command of its own"),
        ("nonsense", "lists the services"),
        ("que", "did you mean queue"),
    ],
)
def test_a_command_as_a_service(tc: CommandLine, words: str, named: str) -> None:
    """
    Leads to what that command does with lines.
    """
    result = tc("batch", *words.split(), stdin="x\n")
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert named in result.stderr


SET_SECRETS = ("batch", "secrets", "set", "x/{1}", "--set", "secret.a={1}")
YEAR, NEXT_YEAR = "2027-01-01T00:00:00.000Z", "2028-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (("--set", f"expires={NEXT_YEAR}"), ("payload.expires differs", "from-now")),
        (("--set", f"expires={YEAR}", "--set", "secret.b=x"), ("payload.secret differs", "same input and options")),
        (("--set", f"expires={YEAR}", "--set", "more=1"), ("payload differs",)),
    ],
    ids=["a time", "a value", "another field"],
)
def test_options_are_part_of_the_calls_of_a_journal(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, changed: tuple[str, ...], named: tuple[str, ...]
) -> None:
    """
    What differs is named, by its field; the same options resume, and the journal has no value.
    """
    http_server.respond_with(*[json_response({})] * 2, error_response(400, "E", "no"), json_response({}))
    argv = (*SET_SECRETS, "--journal", str(tmp_path / "journal"), "--jobs", "1", "--no-validate")
    given = ("--set", f"expires={YEAR}")
    assert 1 == tc(*argv, *given, stdin="hush1\nhush2\nhush3\n", env=http_server.env).exit_code
    assert b"hush" not in (tmp_path / "journal").read_bytes()

    result = tc(*argv, *changed, stdin="hush1\nhush2\nhush3\n", env=http_server.env)
    assert (2, 1, 3) == (result.exit_code, result.stderr.count("\n"), len(http_server.requests))
    assert "line 1" in result.stderr
    for words in named:
        assert words in result.stderr

    assert 0 == tc(*argv, *given, stdin="hush1\nhush2\nhush3\n", env=http_server.env).exit_code
    assert 4 == len(http_server.requests)


@pytest.mark.parametrize("stdin", ["b\na\nc\n", "d\na\nb\nc\n"], ids=["other order", "a line before"])
def test_lines_of_a_journal_in_another_order(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, stdin: str
) -> None:
    """
    Are refused with a hint at --id-from, which allows any order with a new journal, and sends nothing twice.
    """
    remove = ("batch", "secrets", "remove", "--jobs", "1", "--journal")
    assert 0 == tc(*remove, str(tmp_path / "j1"), stdin="a\nb\nc\n", env=http_server.env).exit_code
    for options in ((), ("--id-from", "1")):
        result = tc(*remove, str(tmp_path / "j1"), *options, stdin=stdin, env=http_server.env)
        assert (2, 1, 3) == (result.exit_code, result.stderr.count("\n"), len(http_server.requests))
        assert "id-from" in result.stderr or options
    ids = ("--id-from", "1")
    assert 0 == tc(*remove, str(tmp_path / "j2"), *ids, stdin="a\nb\nc\n", env=http_server.env).exit_code
    assert 0 == tc(*remove, str(tmp_path / "j2"), *ids, stdin=stdin, env=http_server.env).exit_code
    assert 6 + ("d" in stdin) == len(http_server.requests)
    result = tc(*remove, str(tmp_path / "j2"), stdin=stdin, env=http_server.env)
    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize("has_ids", [False, True])
def test_what_is_uncertain_is_settled(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, *, has_ids: bool, from_file: bool
) -> None:
    """
    By the user, call by call: one that took effect is done, one that did not is sent again, others stay uncertain.
    """
    http_server.respond_with(*[DROPPED] * 3, json_response({}))
    calls = make_calls(7)[::3]
    names = [str(call["id"]) for call in calls]
    if not has_ids:
        names = ["1", "2", "3"]
        for call in calls:
            del call["id"]
    lines = make_lines(calls)
    argv = ("batch", "--journal", str(tmp_path / "journal"), "--jobs", "1")
    for _ in range(2):
        result = tc(*argv, stdin=lines, env=http_server.env)
        assert 1 == result.exit_code
        assert all(f"--assume-done {each['id']} " in each["error"]["hint"] for each in read(result))
        assert f"--assume-failed {names[0]} " in result.stderr
    done, failed = names[0], names[2]
    if from_file:
        (tmp_path / "done").write_text(f"{names[0]}\n")
        (tmp_path / "failed").write_text(f"{json.dumps(names[2]) if has_ids else names[2]}\n\n")
        done, failed = f"@{tmp_path / 'done'}", f"@{tmp_path / 'failed'}"
    settled = (*argv, "--assume-done", done, "--assume-failed", failed)

    result = tc(*settled, stdin=lines, env=http_server.env)
    assert 1 == result.exit_code
    assert "1 of them uncertain" in result.stderr
    assert [True, False] == ["error" in each for each in sorted(read(result), key=lambda each: str(each["id"]))]
    assert 4 == len(http_server.requests)

    # The same command again sends nothing, and what is left can be settled as well.
    assert 1 == tc(*settled, stdin=lines, env=http_server.env).exit_code
    result = tc(*argv, "--assume-done", names[1], stdin=lines, env=http_server.env)
    assert (0, b"") == (result.exit_code, result.output)
    assert "3 skipped" in result.stderr
    assert 4 == len(http_server.requests)


def test_a_call_that_is_assumed_done_is_never_sent(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path
) -> None:
    """
    Also one that has failed, or that no run has begun; an id of no call is named; --dry-run records nothing.
    """
    http_server.respond_with(error_response(409, "E", "no"), json_response({}))
    lines = make_lines(make_calls(2))
    journal = tmp_path / "journal"
    argv = ("batch", "--journal", str(journal), "--assume-done")
    result = tc(*argv, "c1", "--dry-run", stdin=lines, env=http_server.env)
    assert ["c0"] == [each["id"] for each in read(result)]
    assert not journal.exists()
    assert 1 == tc(*argv, "c1", stdin=lines, env=http_server.env).exit_code
    result = tc(*argv, "c0", "--assume-done", "c9", stdin=lines, env=http_server.env)
    assert (0, b"") == (result.exit_code, result.output)
    assert "id c9" in result.stderr
    assert 1 == len(http_server.requests)


@pytest.mark.parametrize(
    "words",
    [
        ["--assume-done", "c0"],
        ["--assume-failed", "c0"],
        ["--journal", "j", "--assume-done", ""],
        ["--journal", "j", "--assume-done", "@missing"],
        ["--journal", "j", "--assume-done", "@-"],
        ["--journal", "j", "--assume-done", "c0", "--assume-failed", "c0"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_assumed(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """
    Is one line, and nothing is sent.
    """
    monkeypatch.chdir(tmp_path)
    result = tc("batch", *words, stdin=make_lines(make_calls(1)), env=http_server.env)
    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert "--assume-" in result.stderr
    assert [] == http_server.requests


@pytest.mark.parametrize("has_ids", [False, True])
def test_lines_are_added_and_left_out(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, *, has_ids: bool
) -> None:
    """
    At the end; in any place if they have ids.
    """
    argv = ("batch", "--journal", str(tmp_path / "journal"), "--jobs", "1")
    calls = [{**PING, "id": f"x{number}"} if has_ids else {**PING, "query": {}} for number in range(4)]
    assert 0 == tc(*argv, stdin=make_lines(calls[:2]), env=http_server.env).exit_code
    others = [calls[2], calls[1]] if has_ids else calls[:3]
    assert 0 == tc(*argv, stdin=make_lines(others), env=http_server.env).exit_code
    assert 0 == tc(*argv, stdin=make_lines(calls[:1]), env=http_server.env).exit_code
    assert 3 == len(http_server.requests)


def test_names_that_are_numbers(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Are not places: a number is a position. One line warns of a column that may be meant.
    """
    argv = ("batch", "secrets", "get", "{1}", "--csv", "--header")
    result = tc(*argv, stdin="2,1\na,b\n", env=http_server.env)
    assert (0, 2) == (result.exit_code, result.stderr.count("\n"))
    assert "column 1 is the one at that position, not column 2" in result.stderr
    assert ["/api/secrets/v1/secret/a"] == [request.target for request in http_server.requests]
    result = tc(*argv, stdin="1,2\na,b\n", env=http_server.env)
    assert 1 == result.stderr.count("\n")


def test_an_id_twice(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Is an error with a journal, which could not tell the calls apart.
    """
    calls = make_lines([{**PING, "id": "a"}, {**PING, "id": "a"}])
    assert 0 == tc("batch", stdin=calls, env=http_server.env).exit_code
    result = tc("batch", "--journal", str(tmp_path / "journal"), stdin=calls, env=http_server.env)
    assert 1 == result.exit_code
    assert "same id" in result.stderr
    assert 3 == len(http_server.requests)


def test_a_journal_that_cannot_be_used(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Is one line, and nothing is sent; another file is not changed.
    """
    (tmp_path / "other").write_text("hello\n")
    (tmp_path / "other").chmod(0o600)
    for name, code in (("other", 2), ("", 3), ("missing/x", 3)):
        result = tc("batch", "--journal", str(tmp_path / name), stdin=make_lines([PING]), env=http_server.env)
        assert (code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    argv = ("batch", "--journal", str(tmp_path / "j"), "-o", str(tmp_path / "out"))
    assert 2 == tc(*argv, stdin=make_lines([PING]), env=http_server.env).exit_code
    assert "hello\n" == (tmp_path / "other").read_text()
    assert [] == http_server.requests


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_ends_the_batch(start: Start, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    A call that cannot be recorded is not sent.
    """
    import resource

    (tmp_path / "calls").write_text(make_lines(make_calls(300)))
    with (tmp_path / "calls").open() as stdin:
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        # Python ignores the signal of this limit.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limit[1]))
        try:
            process = start(
                "batch",
                "--journal",
                str(tmp_path / "journal"),
                # Python would store the first bytes of modules that are compiled now.
                env={**http_server.env, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=stdin.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        _, errors = process.communicate(timeout=60)
    assert 3 == process.returncode
    assert "cannot write the journal" in errors.decode().splitlines()[-1]
    assert len(http_server.requests) < 100
    assert (tmp_path / "journal").read_bytes().endswith(b"}\n")


def test_progress_on_a_terminal(start: Start, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    A line that changes, if the results go elsewhere; then the numbers.
    """
    numbers, is_drawn = itertools.count(1), threading.Event()

    def respond(_request: Received) -> Response:
        if next(numbers) == 60:
            # The display begins late on a busy machine.
            is_drawn.wait(60)
        return json_response({})

    http_server.respond_with(respond)
    ours, theirs = pty.openpty()
    (tmp_path / "calls").write_text(make_lines([PING] * 60))
    with (tmp_path / "calls").open() as lines:
        env = {**http_server.env, "TERM": "xterm"}
        process = start("batch", "--rate", "40/s", env=env, stdin=lines.fileno(), stderr=theirs)
    os.close(theirs)
    shown = b""
    while shown.count(b"calls, ") < 2:
        shown += os.read(ours, 65536)
    is_drawn.set()
    shown += read_terminal(ours)
    assert 0 == process.wait(60)
    # The bar is about calls that have ended, not about lines that were read for the next ones.
    shares = [(int(ended), int(share)) for ended, share in re.findall(rb"(\d+) calls, [^\r]*?(\d+)%", shown)]
    assert shares
    assert all(share <= ended / 60 * 100 + 25 for ended, share in shares), shares
    assert shown.endswith(b"tc: 60 calls\r\n")


def test_pages_are_counted(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    A result that is one page of several is not all there is.
    """
    http_server.respond_with(json_response({"tasks": [], "continuationToken": "x"}))
    result = tc("batch", "index", "listTasks", stdin="a\nb\n", env=http_server.env)
    assert (0, 2) == (result.exit_code, result.stderr.count("\n"))
    assert "2 results have a continuationToken" in result.stderr


def test_the_journal_is_not_the_output(start: Start, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Nothing is sent, and the file is empty.
    """
    with (tmp_path / "out").open("wb") as out:
        argv = ("batch", "--journal", str(tmp_path / "out"), "queue", "ping")
        process = start(*argv, env=http_server.env, stdout=out.fileno())
        _, errors = process.communicate(timeout=60)
    assert (2, 1) == (process.returncode, errors.count(b"\n"))
    assert b"" == (tmp_path / "out").read_bytes()


@pytest.mark.parametrize(("hard", "code"), [(100, 2), (1000, 0)])
def test_more_jobs_than_open_files(http_server: ScriptedServer, hard: int, code: int) -> None:
    """
    The limit is raised if the system allows it; if not, one line says which number works.
    """
    script = f"ulimit -Sn 100; ulimit -Hn {hard}; exec {sys.executable} -m tccli batch --jobs 200"
    done = subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, **http_server.env},
        input=make_lines([PING] * 300).encode(),
        capture_output=True,
        check=False,
    )
    assert code == done.returncode, done.stderr
    assert 1 == done.stderr.count(b"\n")
    assert (b"--jobs 36" in done.stderr) == bool(code)


def test_connections_do_not_grow_with_the_input(http_server: ScriptedServer) -> None:
    """
    Each call that is not idempotent gets a connection of its own, in place of one that is idle.
    """
    http_server.respond_with(json_response({}))
    script = f"ulimit -n 100; exec {sys.executable} -m tccli batch hooks triggerHook g '{{1}}' --data '{{}}' --jobs 4"
    done = subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, **http_server.env},
        input=b"h\n" * 300,
        capture_output=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    assert 300 == len(done.stdout.splitlines())


def test_memory_does_not_grow_with_the_input(
    process_environment: dict[str, str], http_server: ScriptedServer, tmp_path: Path
) -> None:
    """
    Ten times the lines need no more of it, good ones and bad ones.
    """
    peaks = []
    for count in (1_000, 10_000):
        (tmp_path / "lines").write_text(make_lines([{**PING, "id": "x" * 2000}]) * count)
        with (tmp_path / "lines").open() as lines:
            env = {**process_environment, **http_server.env}
            peaks.append(peak_memory(["batch", "--dry-run"], env, stdin=lines))
    assert peaks[1] < peaks[0] * 1.1


def test_an_interruption_after_a_result_leaves_it_certain(
    tc: CommandLine, http_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    What was written is done, also in the journal: the next run does not report it as uncertain, nor send it.
    """
    http_server.respond_with(json_response({"status": {}}))
    call = {"service": "hooks", "method": "triggerHook", "args": ["a", "b"], "payload": {}}
    argv = ("batch", "--journal", str(tmp_path / "journal"))
    with monkeypatch.context() as patches:
        patches.setattr("tccli.cli.batch.summary.Summary.count", raise_interrupt)
        interrupted = tc(*argv, stdin=make_lines([call]), env=http_server.env)
    resumed = tc(*argv, stdin=make_lines([call]), env=http_server.env)

    assert (130, 1) == (interrupted.exit_code, interrupted.stdout.count("\n"))
    assert "uncertain" not in interrupted.stderr
    assert (0, "") == (resumed.exit_code, resumed.stdout), resumed.stderr
    assert 1 == len(http_server.requests)


@pytest.mark.parametrize("options", [(), ("--jq", ".id, .id")], ids=["", "filter"])
def test_an_interruption_at_any_line_of_the_output(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """
    Each result is printed once, and counted, and known to the journal: the next run makes the other calls.
    """
    http_server.respond_with(json_response({}))
    calls = [
        {"service": "hooks", "method": "triggerHook", "args": ["a", "b"], "payload": {}, "id": name} for name in "abc"
    ]
    functions = {run._Run.results.__code__, run._Run.remaining_results.__code__, run._Run._write.__code__}

    def is_output(code: CodeType) -> bool:
        return code in functions or code.co_filename == live_stream.__file__

    line = 1
    is_interrupted = True
    while is_interrupted:
        argv = ("batch", "--jobs", "1", "--journal", str(tmp_path / f"journal{line}"), *options)
        http_server.requests.clear()
        with interrupted_at(line, is_output) as reached:
            result = tc(*argv, stdin=make_lines(calls), env=http_server.env)
        is_interrupted = len(reached) == line
        assert (130 if is_interrupted else 0) == result.exit_code, (reached, result)
        resumed = tc(*argv, stdin=make_lines(calls), env=http_server.env)
        where = (reached, result, resumed)

        assert 0 == resumed.exit_code or "uncertain" in resumed.stderr, where
        printed = (result.stdout + resumed.stdout).splitlines()
        assert len(printed) == len(set(printed)) * (2 if options else 1), where
        if "uncertain" not in resumed.stderr:
            assert 3 == len(set(printed)) == len(http_server.requests), where
        line += 1 if line < 20 else random.randrange(1, 12)
    assert line > 100


def test_what_remains_is_written_in_a_time_of_its_own(
    tc: CommandLine, http_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    After an interruption: calls that do not end at once take nothing of it.
    """
    limits: list[float] = []
    monkeypatch.setattr("tccli.cli.batch.summary.Summary.count", raise_interrupt)
    monkeypatch.setattr(
        "tccli.cli.batch.make_calls.CallMaker.wait", lambda _: limits.append(signal.getitimer(signal.ITIMER_REAL)[0])
    )
    http_server.respond_with(json_response({}))
    result = tc("batch", stdin=make_lines([PING]), env=http_server.env)

    assert 130 == result.exit_code
    assert {0.0} == set(limits)


def raise_interrupt(*_: object, **_options: object) -> None:
    """
    Do what Ctrl-C does at this moment.
    """
    raise KeyboardInterrupt
