"""
Every method of every service is a command: its help, its arguments, its payload, its pages.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from textwrap import indent
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tccli import names, references
from tccli.cli.help.methods import describe_parameter, find_method_docs
from tccli.core.schemas.fields import list_fields
from tccli.references.method_docs import load_field_docs, load_parameter_docs
from tests.http_server import DROPPED, Received, Response, error_response, json_response, response
from tests.ids import TASK_ID, example_arguments
from tests.transfer_env import peak_memory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox
    from tests.http_server import ScriptedServer

METHODS = [method for name in references.service_names() for method in references.service(name).methods.values()]
EVERY_METHOD = pytest.mark.parametrize("method", METHODS, ids=[method.id for method in METHODS])
PAGED = [method for method in METHODS if method.is_paged]
GROUP_CALL = ("queue", "listTaskGroup", TASK_ID)
ROOT = {"TASKCLUSTER_ROOT_URL": "https://tc.example.com"}
YAML_SECRET = "secret: {a: ü}\nexpires: '2030-01-01T00:00:00Z'\n"
SECRET = '{"secret": {"a": "ü"}, "expires": "2030-01-01T00:00:00Z"}'
OWN_PROCESS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def find_minimal_document(method: references.Method) -> Any:
    """
    Return a document of the type that the method promises: only one method promises an array.
    """
    return [] if method.id == "auth.listRoles" else {"entries": []}


def words(text: str) -> str:
    """
    Return text without its line breaks.
    """
    return " ".join(text.split())


# What every method promises.


@EVERY_METHOD
def test_help_shows_the_reference(tc: CommandLine, method: references.Method) -> None:
    """
    All that it says of a method, without a root URL: the words, the facts, and an example to copy.
    """
    result = tc(method.service, method.name, "--help")
    shown = words(result.stdout)
    docs = find_method_docs(method)

    assert (0, "") == (result.exit_code, result.stderr)
    assert method.summary in shown
    assert docs.paragraphs
    assert all(paragraph in shown for paragraph in docs.paragraphs)
    assert all(f"{label} {text}" in shown for label, text in docs.parts)
    assert f"Request: {method.verb} /api/{method.service}/{method.version}{method.route} Stability " in shown
    assert f" Stability {method.stability} " in shown
    assert all(f" <{name}> {describe_parameter(method, name)} " in shown for name in method.args)
    assert all(f" --{names.kebab(name)} TEXT {describe_parameter(method, name)} " in shown for name in method.query)
    assert method.takes_payload == (" --data " in shown) == (" --set " in shown) == (" Payload JSON" in shown)
    assert method.is_paged == (" --paginate " in shown)
    assert " --dry-run " in shown
    assert all(scope in shown for scope in scopes(method.scopes))
    assert ("Scopes: none " in shown) == (not method.scopes)
    assert result.stdout.endswith("Example:\n" + indent(docs.example, "  ") + "\n")


def test_help_shows_the_fields(tc: CommandLine) -> None:
    """
    The fields of payload and response, each with its type.
    """
    missing = []
    for method in METHODS:
        shown = words(tc(method.service, method.name, "--help").stdout)
        for heading, schema in (("Payload", method.input), ("Response", method.output)):
            rows = list_fields(method.reference.schemas, schema) if schema else []
            _, _, table = shown.partition(f" {heading}: ")
            missing += [
                f"{method.id}: {heading} {row.path}"
                for row in rows
                if not row.form and f"{row.path} {row.kind}" not in table
            ]

    assert not missing


AT_H = ["--root-url", "https://h"]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_describes_the_fields_of_a_payload(tc: CommandLine, columns: int) -> None:
    """
    Below the facts, in the same column, within the width of the terminal.
    """
    missing = []
    for method in METHODS:
        if not method.input:
            continue
        result = tc(method.service, method.name, "--help", env={"COLUMNS": str(columns)})
        text = words(result.stdout).partition(" Payload: ")[2]
        descriptions = load_field_docs(method.service, method.input)
        rows = list_fields(method.reference.schemas, method.input, descriptions)
        missing += [f"{method.id}: {row.path}" for row in rows if not row.form and row.description not in text]
        assert all(row.description for row in rows if not row.form), method.id
        table = result.stdout.partition("\nPayload:")[2].partition("\n\n")[0]
        missing += [
            f"{method.id}: {line}" for line in table.split("\n") if len(line) > columns and len(line.split()) > 1
        ]

    assert not missing


def scopes(expression: Any) -> list[str]:
    """
    Return the scopes that an expression speaks of.
    """
    match expression:
        case str():
            return [expression]
        case list():
            return [scope for part in expression for scope in scopes(part)]
        case {"each": each}:
            return [each]
        case dict():
            return [scope for part in expression.values() if not isinstance(part, str) for scope in scopes(part)]
        case _:
            return []


def test_below_api_is_the_same(tc: CommandLine) -> None:
    """
    The help of ``tc api SERVICE METHOD`` differs in the word ``api`` only.
    """
    different = []
    for method in METHODS:
        direct, below = (tc(*path, method.service, method.name, "--help").stdout for path in ((), ("api",)))
        if words(direct) != words(below.replace("tc api ", "tc ")):
            different.append(method.id)

    assert not different


@EVERY_METHOD
def test_the_request_matches_the_reference(
    tc: CommandLine, http_server: ScriptedServer, method: references.Method
) -> None:
    """
    Verb, escaped route, query options, a payload where one is taken; the same below ``api``, in kebab-case.
    """
    values = {name: load_parameter_docs(method, name).example or "1" for name in method.query}
    options = [f"--{names.kebab(name)}={value}" for name, value in values.items()]
    payload = ["--data", "{}", "--no-validate"] if method.takes_payload else []
    document = find_minimal_document(method)
    http_server.respond_with(json_response(document))
    path = method.route
    for name, value in zip(method.args, example_arguments(method), strict=True):
        path = path.replace(f"<{name}>", quote(value, safe=""))
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())

    result = tc(method.service, method.name, *example_arguments(method), *payload, *options, env=http_server.env)
    again = tc(
        "api",
        names.kebab(method.service),
        names.kebab(method.name),
        *options,
        *payload,
        *example_arguments(method),
        env=http_server.env,
    )

    target = f"/api/{method.service}/{method.version}{path}" + (f"?{query}" if query else "")
    assert (0, json.dumps(document) + "\n", "") == (result.exit_code, result.stdout, result.stderr)
    assert result == again
    assert 2 * [(method.verb, target)] == [(received.verb, received.target) for received in http_server.requests]
    assert {b"{}" if method.takes_payload else b""} == {received.body for received in http_server.requests}


@EVERY_METHOD
def test_reads_stdin_only_for_a_payload(
    tc: CommandLine, http_server: ScriptedServer, method: references.Method
) -> None:
    """
    A method without a payload takes nothing from the pipe that it runs in.
    """
    http_server.respond_with(json_response(find_minimal_document(method)))
    options = ["--no-validate"] if method.takes_payload else []
    result = tc(
        method.service,
        method.name,
        *example_arguments(method),
        *options,
        stdin='{"from": "stdin"}',
        env=http_server.env,
    )

    assert 0 == result.exit_code
    assert (b'{"from": "stdin"}' if method.takes_payload else b"") == http_server.requests[0].body


def test_names_surplus_and_missing_arguments(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    In one line, with the usage; nothing is sent.
    """
    wrong = []
    for method in METHODS:
        given_ = example_arguments(method)
        surplus = tc(method.service, method.name, *given_, "surplus", env=http_server.env)
        if (2, True) != (surplus.exit_code, "surplus" in surplus.stderr):
            wrong.append(f"{method.id}: {surplus.stderr}")
        if given_ and not method.may_be_empty(method.args[-1]):
            missing = tc(method.service, method.name, *given_[:-1], env=http_server.env)
            named = f"<{method.args[-1]}>; usage: tc {method.service} {method.name}" in missing.stderr
            if (2, True, 1) != (missing.exit_code, named, missing.stderr.count("\n")):
                wrong.append(f"{method.id}: {missing.stderr}")

    assert not wrong
    assert [] == http_server.requests


def test_the_surface_is_complete() -> None:
    """
    13 POST and PUT methods without a payload, one DELETE with one, three paged ones that POST, one API format.
    """
    assert 188 == len(METHODS)
    assert 13 == sum(method.verb in {"POST", "PUT"} and not method.takes_payload for method in METHODS)
    assert ["notify.deleteDenylistAddress"] == [
        method.id for method in METHODS if method.verb in {"GET", "DELETE"} and method.takes_payload
    ]
    assert 3 == sum(method.verb == "POST" for method in PAGED)
    assert 33 == len(PAGED)
    assert ["auth.awsS3Credentials"] == [method.id for method in METHODS if "format" in method.query]


@pytest.mark.parametrize(
    ("service", "spelling"),
    [
        ("purge-cache", "purgeCache"),
        ("web-server", "webServer"),
        ("worker-manager", "workerManager"),
        ("worker-manager", "WORKER_MANAGER"),
        ("queue", "Queue"),
    ],
)
@pytest.mark.parametrize("path", [(), ("api",), ("url",)], ids=["direct", "api", "url"])
def test_services_are_found_in_any_spelling(
    tc: CommandLine, service: str, spelling: str, path: tuple[str, ...]
) -> None:
    """
    The Go client's among them.
    """
    result = tc(*path, spelling, "PING", "--help")

    assert 0 == result.exit_code
    assert f"/api/{service}/v1/ping\n" in result.stdout


@pytest.mark.parametrize("option", ["--continuationToken", "--continuation-token", "--CONTINUATIONTOKEN"])
def test_options_are_found_in_any_spelling(tc: CommandLine, option: str) -> None:
    """
    API spelling, kebab-case, any case; with a blank or an equals sign.
    """
    for words_ in ([option, "x"], [f"{option}=x"]):
        result = tc("url", "queue", "listTaskGroup", *words_, TASK_ID, env=ROOT)
        assert f"https://tc.example.com/api/queue/v1/task-group/{TASK_ID}/list?continuationToken=x\n" == result.stdout


@pytest.mark.parametrize("words_", [("-oF",), ("-o", "F"), ("-o=F",), ("-ro=F",), ("--output=F",), ("--Output", "F")])
def test_a_short_option_takes_its_value_in_any_form(
    tc: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words_: tuple[str, ...]
) -> None:
    """
    An equals sign is not a part of the value.
    """
    monkeypatch.chdir(tmp_path)
    result = tc("url", "queue", "ping", *words_, env=ROOT)

    assert (0, b"") == (result.exit_code, result.output)
    assert ["F"] == [path.name for path in tmp_path.iterdir() if path.is_file()]


@pytest.mark.parametrize("method", ["listNamespaces", "listTasks"])
@pytest.mark.parametrize("words_", [[], [""]], ids=["left out", "empty"])
def test_the_top_of_the_index_has_no_name(
    tc: CommandLine, sandbox: RunningSandbox, method: str, words_: list[str]
) -> None:
    """
    So nothing stands for it, as in the API; everywhere else an empty argument would name another endpoint.
    """
    result = tc("index", method, *words_, env=sandbox.environment)

    assert (0, "") == (result.exit_code, result.stderr)
    assert [("GET", f"/api/index/v1/{'namespaces' if method == 'listNamespaces' else 'tasks'}/")] == sandbox.requests


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["quue", "task"], "tc: no command or service 'quue'; did you mean queue?", id="service"),
        pytest.param(["queue", "tsk"], "did you mean task", id="method"),
        pytest.param(["api", "quue"], "did you mean queue?", id="service below api"),
        pytest.param(["queue", "zebra"], "no method 'zebra'", id="nothing like it"),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--limt", "1"], "did you mean --limit?", id="query option"),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--limit"], "--limit", id="no value"),
        pytest.param(
            ["queue", "task", TASK_ID, "--data", "{}"], "queue.task takes no payload", id="payload where none is"
        ),
        pytest.param(
            ["queue", "task", TASK_ID, "--set", "a=1"], "queue.task takes no payload", id="edit where none is"
        ),
        pytest.param(["queue", "task", "--task-id", TASK_ID], "<taskId> is an argument", id="argument as an option"),
        pytest.param(["queue", "ping", "--retries", "x"], "'x' is not a whole number of at least 0", id="no retries"),
        pytest.param(["queue", "ping", "--randomization-factor", "x"], "not a number from 0 to 1", id="no factor"),
        pytest.param(["queue", "task", TASK_ID, "--paginate"], "queue.task has no pages", id="pages where none are"),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--Limt", "1"], "'--Limt'", id="unknown option as typed"),
        pytest.param(["queue", "task", TASK_ID, "--errorformt=x"], "'--errorformt'", id="with a value, as typed"),
        pytest.param(["queue", "task", TASK_ID, "-H"], "'-H'", id="another case than -h"),
        pytest.param(["queue", "task", TASK_ID, "-R"], "'-R'", id="another case than -r"),
        pytest.param(["queue", "task", TASK_ID, "-qO", "x"], "'-O'", id="another case than -o"),
        pytest.param(["queue", "task", TASK_ID, "--f-o-r-m-a-t", "json"], "'--f-o-r-m-a-t'", id="hyphens anywhere"),
        pytest.param(["queue", "task", TASK_ID, "--root-u-rl", "x"], "'--root-u-rl'", id="one hyphen too many"),
        pytest.param(["q-ueue", "task", "a"], "'q-ueue'", id="hyphen in a service"),
        pytest.param(["queue", "t_ask", "a"], "'t_ask'", id="underscore in a method"),
        pytest.param(
            ["secrets", "set", "a", "--data", "{}", "--data", "{}"], "--data is given twice", id="two payloads"
        ),
        pytest.param(
            ["queue", "listTaskGroup", TASK_ID, "--columns", "a", "--columns=b"], "by commas", id="two lists of columns"
        ),
        pytest.param(
            ["queue", "listTaskGroup", TASK_ID, "--limit", "1", "--LIMIT=2"], "--limit is given twice", id="two limits"
        ),
        pytest.param(["secrets", "set", "a", "--data", "@"], "without a name", id="payload from no file"),
        pytest.param(["queue", "ping", "-o", ""], "file is empty", id="output to no file"),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--limit", "0" * 5000], "--limit", id="limit of many zeros"),
        pytest.param(["task", "status", f"https://h/tasks/{TASK_ID}/runs/{'9' * 5000}", *AT_H], "…", id="long run"),
        pytest.param(["queue", "ping", "-o="], "file is empty", id="output to nothing after a sign"),
        pytest.param(["queue", "ping", "--fake", ""], "file is empty", id="fakes of no file"),
        pytest.param(["queue", "ping", "--reference="], "without a name", id="reference of no file"),
        pytest.param(["queue", "task", "abc"], "<taskId> must be a slugid (22 characters), not 'abc'", id="no slugid"),
        pytest.param(["queue", "task", f"{TASK_ID[:9]} {TASK_ID[9:]}"], "<taskId> must be", id="blank in a slugid"),
        pytest.param(["queue", "task", "z" * 22], "<taskId> must be a slugid", id="22 other characters"),
        pytest.param(["queue", "task", "z" * 999], "zz…'", id="a long id is cut off"),
        pytest.param(["queue", "listTaskGroup", "é"], "<taskGroupId> must be a slugid", id="not ASCII"),
        pytest.param(["queue", "artifact", TASK_ID, "x", "a"], "<runId> must be of the form 0", id="no run"),
        pytest.param(["queue", "claimWork", "a", "--data", "{}"], "form proj-example/linux", id="no task queue"),
        pytest.param(["worker-manager", "workerPool", "A/B"], "<workerPoolId> must be", id="no worker pool"),
        pytest.param(["auth", "client", "a b"], "<clientId> must be", id="no client id"),
        pytest.param(["auth", "awsS3Credentials", "all", "bucket", "p"], "read-only or read-write", id="no level"),
        pytest.param(["index", "findTask", "a..b"], "<indexPath> must be", id="no index path"),
        pytest.param(["github", "builds", "--pull-request", "x"], "--pull-request must be", id="no number"),
        pytest.param(
            ["queue", "listWorkers", "a", "b", "--quarantined", "1"], "must be true or false, not '1'", id="no boolean"
        ),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--limit", "0"], "--limit must be", id="0"),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--limit", "x"], "not 'x'", id="limit no number"),
        pytest.param(["queue", "listTaskGroup", TASK_ID, "--continuation-token", ""], "is empty", id="empty token"),
        pytest.param(["secrets", "get", ".."], "<name> cannot be '..'", id="two dots"),
        pytest.param(["secrets", "get", "."], "<name> cannot be '.'", id="one dot"),
        pytest.param(["secrets", "get", ""], "<name> is empty", id="empty argument"),
        pytest.param(["secrets", "get", "a\nb"], "control character ('\\n')", id="newline"),
        pytest.param(["secrets", "get", "a\0b"], "control character ('\\x00')", id="NUL"),
        pytest.param(["secrets", "get", "\udcff"], "UTF-8", id="not UTF-8"),
        pytest.param(
            ["secrets", "list", "--continuation-token", "a\nb"], "control character", id="newline in an option"
        ),
        pytest.param(["queue", "ping", "--retries", "-1"], "--retries", id="negative retries"),
        pytest.param(["queue", "ping", "--timeout", "0"], "--timeout", id="no timeout"),
        pytest.param(["queue", "ping", "--timeout", "1d"], "--timeout", id="not a duration"),
        pytest.param(["queue", "ping", "--delay-factor", "nan"], "--delay-factor", id="not a number"),
        pytest.param(["queue", "ping", "--randomization-factor", "2"], "--randomization-factor", id="out of range"),
        pytest.param(["queue", "ping", "--trace-id", "a\r\nX: y"], "header", id="header injection"),
        pytest.param(["queue", "ping", "--authorized-scopes", "a"], "JSON", id="scopes not JSON"),
        pytest.param(["queue", "ping", "--authorized-scopes", '["a", 1]'], "array of strings", id="scopes not text"),
        pytest.param(["queue", "ping", "--format", "xml"], "--format", id="no such format"),
        pytest.param(["queue", "ping", "--jq", "{"], "--jq", id="bad filter"),
        pytest.param(["queue", "ping", "--color", "red"], "--color", id="no such colour mode"),
        pytest.param(["queue", "ping", "--service-discovery", "x"], "--service-discovery", id="no such discovery"),
        pytest.param(["queue", "ping", "-o", "/nowhere/file"], "there is no directory /nowhere", id="no such folder"),
        pytest.param(["queue", "ping", "-o", "/"], "is a directory", id="a folder"),
        pytest.param(["--limit", "1", "queue", "ping"], "--limit", id="a method's option before it"),
    ],
)
def test_a_wrong_command_line_is_named(
    tc: CommandLine, http_server: ScriptedServer, argv: list[str], line: str
) -> None:
    """
    In one line; nothing is sent.
    """
    result = tc(*argv, env=http_server.env)

    assert (2, b"") == (result.exit_code, result.output), result.stderr
    assert 1 == result.stderr.count("\n"), result.stderr
    assert line in result.stderr
    assert "Traceback" not in result.stderr
    assert [] == http_server.requests


@OWN_PROCESS
@given(st.text(max_size=15))
def test_any_argument_is_sent_whole_or_refused(tc: CommandLine, value: str) -> None:
    """
    Decoded by the other side, it is what was given; and it is one segment.
    """
    from urllib.parse import unquote, urlsplit

    result = tc("url", "secrets", "get", "--", value, env=ROOT)
    if result.exit_code:
        assert 2 == result.exit_code
        assert 1 == result.stderr.count("\n")
        return

    path = urlsplit(result.stdout.removesuffix("\n")).path
    assert value == unquote(path.removeprefix("/api/secrets/v1/secret/"))
    assert 5 == path.count("/")


# Configuration.


@pytest.mark.parametrize(
    ("env", "line"),
    [
        pytest.param({}, "tc: no root URL; set TASKCLUSTER_ROOT_URL or give --root-url", id="no root URL"),
        pytest.param({"TASKCLUSTER_ROOT_URL": "tc.example.com"}, "has no scheme", id="no scheme"),
        pytest.param({"TASKCLUSTER_ROOT_URL": "https://a:b@h"}, "has credentials in it", id="credentials in it"),
        pytest.param({**ROOT, "TASKCLUSTER_CLIENT_ID": "a"}, "TASKCLUSTER_ACCESS_TOKEN is not", id="no token"),
        pytest.param({**ROOT, "TASKCLUSTER_ACCESS_TOKEN": "a"}, "TASKCLUSTER_CLIENT_ID is not", id="no client id"),
        pytest.param(
            {**ROOT, "TASKCLUSTER_CLIENT_ID": "a", "TASKCLUSTER_ACCESS_TOKEN": "b", "TASKCLUSTER_CERTIFICATE": "{"},
            "certificate: not JSON",
            id="malformed certificate",
        ),
        pytest.param(
            {**ROOT, "TASKCLUSTER_CLIENT_ID": 'a"b', "TASKCLUSTER_ACCESS_TOKEN": "b"}, "", id="quote in the id"
        ),
        pytest.param(
            {**ROOT, "TASKCLUSTER_CLIENT_ID": "aé", "TASKCLUSTER_ACCESS_TOKEN": "b"}, "", id="accent in the id"
        ),
    ],
)
def test_configuration_is_checked_where_it_is_used(tc: CommandLine, env: dict[str, str], line: str) -> None:
    """
    And only there: help and helpers do without.
    """
    result = tc("queue", "ping", env=env)

    assert (3, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")
    assert line in result.stderr
    assert 0 == tc("queue", "ping", "--help", env=env).exit_code
    assert 0 == tc("slugid", env=env).exit_code
    assert 0 == tc("from-now", "1", "hour", env=env).exit_code


def test_anonymous_needs_no_whole_credentials(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Half a set does not matter where none is used; nothing is signed.
    """
    result = tc("queue", "ping", "--anonymous", env={**http_server.env, "TASKCLUSTER_ACCESS_TOKEN": ""})

    assert 0 == result.exit_code
    assert "authorization" not in http_server.requests[0].headers


def test_a_task_uses_its_proxy(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Without being asked, unsigned; unless credentials are there or it is not wanted.
    """
    env = {**ROOT, "TASKCLUSTER_PROXY_URL": http_server.url}

    assert 0 == tc("queue", "task", TASK_ID, env=env).exit_code
    assert 0 == tc("--proxy", "queue", "task", TASK_ID, env={**http_server.env, **env}).exit_code
    assert [f"/api/queue/v1/task/{TASK_ID}"] * 2 == [received.target for received in http_server.requests]
    assert not any("authorization" in received.headers for received in http_server.requests)
    assert 0 == tc("queue", "task", TASK_ID, env={**env, **http_server.env}).exit_code
    assert "authorization" in http_server.requests[2].headers


def test_a_root_url_may_have_a_path(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    And slashes at its end.
    """
    tc("queue", "ping", "--root-url", f"{http_server.url}/below//", env=http_server.env)

    assert "/below/api/queue/v1/ping" == http_server.requests[0].target


def test_kubernetes_names_are_looked_up(tc: CommandLine) -> None:
    """
    ``k8s-dns`` sends to ``taskcluster-<service>``, and builds URLs for others on the root URL.
    """
    dry = tc("--service-discovery", "k8s-dns", "worker-manager", "ping", "--dry-run", env=ROOT)
    url = tc("--service-discovery", "k8s-dns", "url", "queue", "ping", env=ROOT)

    assert "http://taskcluster-worker-manager/api/worker-manager/v1/ping" == json.loads(dry.stdout)["url"]
    assert "https://tc.example.com/api/queue/v1/ping\n" == url.stdout


@pytest.mark.parametrize("place", ["before", "between", "after"])
def test_global_options_stand_anywhere(tc: CommandLine, http_server: ScriptedServer, place: str) -> None:
    """
    Before the service, before the method, after it; lists add up.
    """
    options = ["--trace-id", "t", "--authorized-scope", "a"]
    spots = {
        "before": [*options, "queue", "ping"],
        "between": ["queue", *options, "ping"],
        "after": ["queue", "ping", *options],
    }
    assert 0 == tc("--authorized-scopes", '["b"]', *spots[place], env=http_server.env).exit_code
    headers = http_server.requests[0].headers
    assert "t" == headers["x-taskcluster-trace-id"]
    assert {"authorizedScopes": ["b", "a"]} == ext(headers["authorization"])


def ext(header: str) -> Any:
    """
    Return what the ext of an Authorization header says.
    """
    from base64 import b64decode

    found = re.search('ext="([^"]*)"', header)
    return json.loads(b64decode(found[1])) if found else None


def test_no_scopes_are_sent_as_no_scopes(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Which is not the same as no limit.
    """
    tc("queue", "ping", "--authorized-scopes", "[]", env=http_server.env)
    tc("queue", "ping", env=http_server.env)

    assert {"authorizedScopes": []} == ext(http_server.requests[0].headers["authorization"])
    assert ext(http_server.requests[1].headers["authorization"]) is None


# Payloads.


@pytest.mark.parametrize(
    ("options", "stdin"),
    [
        pytest.param([], SECRET, id="stdin"),
        pytest.param(["--data", SECRET], "", id="text"),
        pytest.param(["--data", "@-"], SECRET, id="stdin, said"),
        pytest.param(["--data", "@{}/a.json"], "", id="file"),
        pytest.param(["--data", "@{}/a.yml"], "", id="YAML file"),
        pytest.param(["--data", "@{}/b.YAML"], "", id="YAML file, in capitals"),
        pytest.param(["--data", "@{}/c", "--data-format", "YAML"], "", id="YAML file of another name"),
        pytest.param(["--data-format", "yaml"], YAML_SECRET, id="YAML on stdin"),
        pytest.param(["--data-format", "yaml", "--data", YAML_SECRET], "", id="YAML as text"),
        pytest.param(["--data-format", "json", "--data", "@{}/d.yml"], "", id="JSON in a YAML file"),
        pytest.param(["--data", '{"secret": {"a": "ü"}}', "--set", "expires=2030-01-01T00:00:00Z"], "", id="set"),
        pytest.param(["--set", "secret.a=ü", "--set", 'expires:="2030-01-01T00:00:00Z"'], "", id="set on nothing"),
    ],
)
def test_a_payload_comes_from_many_places(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, options: list[str], stdin: str
) -> None:
    """
    And says the same.
    """
    (tmp_path / "a.json").write_text(SECRET, "utf-8")
    (tmp_path / "d.yml").write_text(SECRET, "utf-8")
    for name in ("a.yml", "b.YAML", "c"):
        (tmp_path / name).write_text(YAML_SECRET, "utf-8")
    result = tc(
        "secrets",
        "set",
        "s",
        *(each.replace("@{}", f"@{tmp_path}") for each in options),
        stdin=stdin,
        env=http_server.env,
    )

    assert 0 == result.exit_code, result.stderr
    assert json.loads(SECRET) == json.loads(http_server.requests[0].body)


def test_a_payload_goes_out_as_it_was_written(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Large numbers, the order of keys and blanks stay.
    """
    written = '{"expires": "2030-01-01T00:00:00Z",\n "secret": {"z": 1.10, "a": 12345678901234567890123}}'
    tc("secrets", "set", "s", stdin=f"\n{written}\n", env=http_server.env)

    assert written.encode() == http_server.requests[0].body


@pytest.mark.parametrize(
    ("options", "stdin", "line"),
    [
        pytest.param([], "", "no payload; give JSON on stdin, or --data JSON", id="missing"),
        pytest.param([], " \n", "no payload", id="blank"),
        pytest.param(["--data", ""], "", "is empty", id="empty"),
        pytest.param(["--data", "@-"], "", "no payload", id="stdin empty, said"),
        pytest.param(["--data", "@/nowhere.json"], "", "cannot read /nowhere.json: No such file", id="no such file"),
        pytest.param(["--data", "@/"], "", "cannot read /: Is a directory", id="a folder"),
        pytest.param(["--data", "@"], "", "cannot read", id="no name"),
        pytest.param([], '{"a": 1,\n  b}', "line 2, column 3", id="not JSON"),
        pytest.param([], b"\xff", "not UTF-8: byte 0xff", id="not UTF-8"),
        pytest.param(["--data", "\udcff"], "", "not UTF-8", id="not UTF-8 in an argument"),
        pytest.param([], '{"a": 1, "a": 2}', 'duplicate key "a"', id="key twice"),
        pytest.param([], "NaN", "NaN is not a JSON value", id="NaN"),
        pytest.param([], "[]", "expected object, found an array", id="an array"),
        pytest.param([], '{"secret": 1}', "secret: expected object, found number …", id="not matching"),
        pytest.param([], '{"secret": {}}', "missing field expires", id="missing property"),
        pytest.param(["--data", "secret.yml"], "", "a file is --data @secret.yml", id="file without a sign"),
        pytest.param(["--data", "-"], "", "stdin is --data @-", id="stdin without a sign"),
        pytest.param(["--data", "/etc/hostname"], "", "a file is --data @/etc/hostname", id="file of any name"),
        pytest.param(["--set", "secret=3"], SECRET, "expected object, found string …", id="value of a secret"),
        pytest.param(["--data", "[]"], "", "not valid: expected object, found an array", id="another type"),
        pytest.param([], SECRET.replace("2030", "soon"), "expires: expected", id="bad date"),
        pytest.param(["--set", "a"], SECRET, "--set 'a' is not PATH=TEXT", id="no setting"),
        pytest.param(["--set", "secret.a.b=c"], SECRET, "secret.a.b", id="a setting into text"),
        pytest.param(["--no-validate"], "x" * (10 * 1024 * 1024 + 1), "not JSON", id="not JSON, unvalidated"),
        pytest.param(["--no-validate"], '"' + "x" * 10 * 1024 * 1024 + '"', "10 MiB", id="too large"),
    ],
)
def test_a_wrong_payload_is_named(
    tc: CommandLine, http_server: ScriptedServer, options: list[str], stdin: str | bytes, line: str
) -> None:
    """
    Where, what was expected, what was found; nothing is sent.
    """
    result = tc("secrets", "set", "s", *options, stdin=stdin, env=http_server.env)

    assert (2, b"") == (result.exit_code, result.output), result.stderr
    assert 1 == result.stderr.count("\n"), result.stderr
    assert line in result.stderr
    assert [] == http_server.requests


@pytest.mark.parametrize(
    ("argv", "target"),
    [
        pytest.param(["queue", "task", "ROOT/tasks/ID"], "queue/v1/task/ID", id="task"),
        pytest.param(["queue", "task", "ROOT/tasks/ID/runs/1/logs/live/public/a.log#L5"], "queue/v1/task/ID", id="log"),
        pytest.param(["queue", "status", "ROOT/api/queue/v1/task/ID"], "queue/v1/task/ID/status", id="API"),
        pytest.param(["queue", "getTaskGroup", "ROOT/tasks/groups/ID?x=1"], "queue/v1/task-group/ID", id="group"),
        pytest.param(
            ["queue", "getArtifact", "ROOT/tasks/ID/runs/1/logs/live/public/a.log"],
            "queue/v1/task/ID/runs/1/artifacts/public%2Fa.log",
            id="an artifact gives all arguments",
        ),
        pytest.param(
            ["queue", "getArtifact", "ROOT/tasks/ID/runs/1/logs/live/public/a.log", "public/b"],
            "queue/v1/task/ID/runs/1/artifacts/public%2Fb",
            id="but not one that is given",
        ),
        pytest.param(
            ["queue", "getArtifact", "ROOT/tasks/ID", "2", "public/b"],
            "queue/v1/task/ID/runs/2/artifacts/public%2Fb",
            id="task and other arguments",
        ),
        pytest.param(
            ["queue", "artifact", "ROOT/api/queue/v1/task/ID/runs/0/artifacts/public/a b"],
            "queue/v1/task/ID/runs/0/artifact-content/public%2Fa%20b",
            id="API address of an artifact",
        ),
        pytest.param(["index", "findTask", "ROOT/tasks/index/a.b/c"], "index/v1/task/a.b.c", id="index path"),
        pytest.param(["hooks", "hook", "ROOT/hooks/a/b%2Fc"], "hooks/v1/hooks/a/b%2Fc", id="hook"),
        pytest.param(["auth", "client", "ROOT/auth/clients/a%2Fb"], "auth/v1/clients/a%2Fb", id="client"),
        pytest.param(["secrets", "get", "ROOT/secrets/a%2Fb"], "secrets/v1/secret/a%2Fb", id="secret"),
        pytest.param(["secrets", "get", "https://a/b"], "secrets/v1/secret/https%3A%2F%2Fa%2Fb", id="a name"),
        pytest.param(
            ["worker-manager", "workerPool", "ROOT/provisioners/a/worker-types/b"],
            "worker-manager/v1/worker-pool/a%2Fb",
            id="worker pool",
        ),
    ],
)
def test_an_address_stands_for_what_it_names(
    tc: CommandLine, http_server: ScriptedServer, argv: list[str], target: str
) -> None:
    """
    The address of a page or a method, copied from a browser.
    """
    words_ = [word.replace("ROOT", http_server.url).replace("ID", TASK_ID) for word in argv]
    shown = tc(*words_, "--dry-run", env=http_server.env)

    assert 0 == shown.exit_code, shown.stderr
    assert f"{http_server.url}/api/{target.replace('ID', TASK_ID)}" == json.loads(shown.stdout)["url"]


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["queue", "task", f"https://h/tasks/{TASK_ID}"], "give --root-url https://h", id="elsewhere"),
        pytest.param(["queue", "task", f"ROOT/tasks/groups/{TASK_ID}"], "(taskGroupId)", id="a group for a task"),
        pytest.param(["queue", "task", "ROOT/docs"], "must be a slugid", id="another page"),
        pytest.param(["queue", "task", "ROOT/tasks/abc"], "must be a slugid", id="no task"),
        pytest.param(["queue", "getArtifact", f"ROOT/tasks/{TASK_ID}"], "missing argument <runId>", id="too little"),
        pytest.param(["queue", "listTaskGroup", f"ROOT/tasks/{TASK_ID}"], "tc task group", id="a task for a group"),
        pytest.param(["secrets", "get", f"ROOT/tasks/{TASK_ID}"], "(taskId)", id="a task for a name"),
        pytest.param(["secrets", "get", "ROOT/auth/clients/a"], "(clientId)", id="a client for a name"),
        pytest.param(["secrets", "get", "ROOT/docs"], "give the name", id="another page for a name"),
        pytest.param(["secrets", "get", "https://h/secrets/a"], "give --root-url https://h", id="a secret elsewhere"),
        pytest.param(["queue", "artifact", TASK_ID, "0", "ROOT/secrets/a"], "something else", id="second argument"),
        pytest.param(["download-object", f"ROOT/tasks/{TASK_ID}", "x"], "(taskId)", id="a task for an object"),
        pytest.param(
            ["events", "bind", "queue", "taskFailed", "--taskGroupId", f"ROOT/tasks/{TASK_ID}"],
            "not the address of a taskGroupId",
            id="a task for the key of a group",
        ),
        pytest.param(["group", "list", f"ROOT/tasks/{TASK_ID}"], "tc task group", id="a task for GROUP"),
    ],
)
def test_an_address_must_name_what_is_asked_for(
    tc: CommandLine, http_server: ScriptedServer, argv: list[str], line: str
) -> None:
    """
    In this deployment; otherwise nothing is sent.
    """
    result = tc(*(word.replace("ROOT", http_server.url) for word in argv), env=http_server.env)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert line in result.stderr
    assert [] == http_server.requests


def test_another_address_is_sent_as_a_name_and_reported(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Names may have any characters.
    """
    result = tc("secrets", "get", "https://example.com/x", "--dry-run", env=http_server.env)

    assert (0, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "https%3A%2F%2Fexample.com%2Fx" in result.stdout
    assert "sent as a name" in result.stderr


def test_names_and_keys_are_taken_from_addresses(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Also by commands that are not methods.
    """
    shown = tc("download-object", f"{http_server.url}/api/object/v1/download/a/b", "--dry-run", env=http_server.env)
    assert f"{http_server.url}/api/object/v1/start-download/a%2Fb" == json.loads(shown.stdout)["url"]
    address = f"{http_server.url}/tasks/groups/{TASK_ID}"
    bound = tc("events", "bind", "queue", "taskFailed", "--task-group-id", address, env=http_server.env)
    assert TASK_ID in json.loads(bound.stdout)["routingKeyPattern"].split(".")


@pytest.mark.parametrize(
    ("argv", "pointer"),
    [
        (["signed-url", TASK_ID, "public/x"], "tc signed-url artifact TASK NAME"),
        (["signed-url", f"https://h/tasks/{TASK_ID}", "x"], "tc signed-url artifact TASK NAME"),
        (["url", TASK_ID, "public/x"], "tc url artifact TASK NAME"),
        (["signed-url", "download-artifact", "x"], "tc signed-url artifact TASK NAME"),
        (["signed-url", "log"], "tc signed-url artifact TASK NAME"),
        (["signed-url", "queue", f"https://h/tasks/{TASK_ID}"], "tc signed-url queue getLatestArtifact TASK NAME"),
        (["task", "help", "rerun"], "tc task rerun --help"),
        (["queue", "help", "task"], "tc queue task --help"),
        (["group", "help"], "tc group --help"),
    ],
)
def test_near_misses_get_a_pointer(tc: CommandLine, argv: list[str], pointer: str) -> None:
    """
    To the command that does it.
    """
    result = tc(*argv)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert pointer in result.stderr


def test_arguments_are_checked_before_the_payload_is_read(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Reading may wait for a person.
    """
    assert "cannot be '..'" in tc("secrets", "set", "..", stdin="{", env=http_server.env).stderr


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        pytest.param(["--set", "retries=3"], "write --set retries:=3", id="set"),
        pytest.param(["--set", 'retries:="3"'], "write 3 without quotes at retries", id="quoted"),
    ],
)
def test_a_value_of_the_wrong_type_gets_the_way_to_write_it(
    tc: CommandLine, http_server: ScriptedServer, argv: list[str], hint: str
) -> None:
    """
    Text of ``--set`` is a string.
    """
    task = tc("skeleton", "queue", "createTask").stdout
    result = tc("queue", "createTask", TASK_ID, *argv, stdin=task, env=http_server.env)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert result.stderr.endswith(f"; {hint}\n")
    assert [] == http_server.requests


def test_validation_can_be_left_out(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    For a service that is newer than the references.
    """
    assert 0 == tc("secrets", "set", "s", "--no-validate", stdin='{"new": 1}', env=http_server.env).exit_code


@pytest.mark.parametrize("typed", [SECRET + "\n", ""], ids=["typed", "nothing"])
def test_reading_from_a_terminal_is_announced(
    process_environment: dict[str, str], http_server: ScriptedServer, typed: str
) -> None:
    """
    At once, so that the terminal is not silent; Ctrl-D ends the input.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tccli", "secrets", "set", "s"],
        env={**process_environment, **http_server.env},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        os.write(ours, typed.encode() + b"\x04")
        _, errors = process.communicate(timeout=60)
    os.close(ours)

    assert "tc: secrets.set: reading the payload from the terminal; Ctrl-D ends it\n" == line
    assert (0 if typed else 2) == process.returncode
    assert bool(typed) == bool(http_server.requests)
    assert typed or b"no payload" in errors


# Dry runs and traces.


def test_a_dry_run_shows_the_request_and_sends_nothing(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With its secrets masked.
    """
    result = tc("secrets", "set", "a/b", "--dry-run", stdin=SECRET, env=http_server.env)
    shown = json.loads(result.stdout)

    assert 0 == result.exit_code
    assert ("PUT", f"{http_server.url}/api/secrets/v1/secret/a%2Fb") == (shown["verb"], shown["url"])
    assert {**json.loads(SECRET), "secret": {"a": "…"}} == shown["payload"]
    assert "Hawk …" == shown["headers"]["Authorization"]
    assert "very-secret-token" not in result.stdout
    assert "mac=" not in result.stdout
    assert [] == http_server.requests


def test_a_trace_masks_secrets(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    ``-vv`` shows both ways on stderr; headers that identify, bewits and signatures are masked.
    """
    location = "https://storage/x?bewit=SECRETBEWIT&X-Amz-Signature=SECRETSIGNATURE&a=b"
    http_server.respond_with(response(303, b"", Location=location, Set_Cookie="session=SECRETCOOKIE"))
    result = tc("-vv", "object", "download", "x", env=http_server.env)

    assert location + "\n" == result.stdout
    assert "> GET " in result.stderr
    assert "< 303 " in result.stderr
    assert "> Authorization: Hawk …" in result.stderr
    assert "a=b" in result.stderr
    assert "SECRET" not in result.stderr
    assert "mac=" not in result.stderr


@pytest.mark.parametrize(
    ("option", "retries"), [pytest.param("-q", 0, id="quiet"), pytest.param("-v", 2, id="verbose")]
)
def test_quiet_and_verbose(tc: CommandLine, http_server: ScriptedServer, option: str, retries: int) -> None:
    """
    The error is always printed; retries and the rest of the response only with ``-v``.
    """
    http_server.respond_with(error_response(500, "InternalServerError", "no"))
    result = tc(option, "--retries", "2", "--delay-factor", "0", "queue", "task", TASK_ID, env=http_server.env)
    lines = result.stderr.splitlines()

    assert 7 == result.exit_code
    assert retries == sum("; retry " in line for line in lines)
    assert 1 == sum("500 InternalServerError" in line for line in lines)
    assert (len(lines) == 1) == (option == "-q")


# Answers.


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param(json_response({"a": "ü", "b": [1, {}]}), '{"a": "ü", "b": [1, {}]}\n', id="JSON"),
        pytest.param(response(200, b'{"n":12345678901234567890.10,\n"a":1}\n'), None, id="unchanged"),
        pytest.param(response(201, b'{"a":1}'), '{"a":1}\n', id="201"),
    ],
)
def test_off_a_terminal_the_answer_is_the_services(
    tc: CommandLine, http_server: ScriptedServer, given_: Response, expected: str | None
) -> None:
    """
    Whole and unreformatted, with a newline at the end.
    """
    http_server.respond_with(given_)
    result = tc("queue", "task", TASK_ID, env=http_server.env)

    assert (0, "") == (result.exit_code, result.stderr)
    assert (given_.data.partition(b"\r\n\r\n")[2].decode() if expected is None else expected) == result.stdout


@pytest.mark.parametrize(
    ("call", "given_", "expected"),
    [
        pytest.param(["auth", "deleteRole", "a"], response(204), b"", id="nothing"),
        pytest.param(["secrets", "remove", "a"], json_response({}), b"{}\n", id="an empty object"),
        pytest.param(["notify", "ping"], response(200, b"OK", Content_Type="text/plain"), b"OK\n", id="text"),
        pytest.param(
            ["github", "badge", "a", "b", "c"],
            response(200, b"<svg>\xc3\xbc\r\n</svg>\n", Content_Type="image/svg+xml"),
            b"<svg>\xc3\xbc\r\n</svg>\n",
            id="a picture",
        ),
        pytest.param(
            ["object", "download", "a"],
            response(303, Location="https://s/a?sig=b"),
            b"https://s/a?sig=b\n",
            id="a place",
        ),
        pytest.param(
            ["index", "findArtifactFromTask", "a", "b"],
            response(303, b"Moved to https://s/a", Content_Type="text/plain", Location="https://s/a"),
            b"https://s/a\n",
            id="a place, with text",
        ),
        pytest.param(
            ["queue", "getArtifact", TASK_ID, "0", "b"],
            json_response({"storageType": "s3", "url": "https://s/a"}, 303, Location="https://s/a"),
            b'{"storageType": "s3", "url": "https://s/a"}\n',
            id="a place, with JSON",
        ),
    ],
)
def test_answers_of_every_kind(
    tc: CommandLine, http_server: ScriptedServer, call: list[str], given_: Response, expected: bytes
) -> None:
    """
    Nothing, text, pictures unchanged, places; raw is never more than the service said.
    """
    http_server.respond_with(given_)
    result = tc(*call, env=http_server.env)

    assert (0, "") == (result.exit_code, result.stderr)
    assert expected == result.output


SECRET_CALL = ("secrets", "set", "x", "--data", SECRET)
NO_DOCUMENT = ("secrets", "remove", "x")
HTML = b"<html><title>Sign in</title></html>"
JSON_TYPE = {"Content_Type": "application/json"}


@pytest.mark.parametrize(
    ("call", "given_"),
    [
        *(
            pytest.param(call, given_, id=f"{call[1]}: {name}")
            for call in (
                SECRET_CALL,
                NO_DOCUMENT,
                ("queue", "ping"),
                ("queue", "task", TASK_ID),
                ("queue", "status", TASK_ID),
            )
            for name, given_ in {
                "a page": response(200, HTML, Content_Type="text/html; charset=utf-8"),
                "a page of XHTML": response(200, HTML, Content_Type="Application/XHTML+XML"),
                "a page without a type": response(200, HTML),
                "a page said to be JSON": response(200, HTML, **JSON_TYPE),
                "301": response(301, b"", Location="https://other.example.com/"),
                "302": response(302, HTML, Location="https://login.example.com/", Content_Type="text/html"),
                "303": response(303, b"{}", Location="https://login.example.com/", **JSON_TYPE),
                "304": response(304),
                "307": response(307, b"", Location="/login"),
                "308 without a place": response(308),
                "empty": response(200),
                "empty JSON": response(200, b"", **JSON_TYPE),
                "201, empty": response(201),
                "other text": response(200, b"It works!", Content_Type="text/plain"),
                "bytes": response(200, b"\x00\x01", Content_Type="application/octet-stream"),
                "XML": response(200, b"<a/>", Content_Type="application/xml"),
                "a picture": response(200, b"\x89PNG", Content_Type="image/png"),
                "NaN": response(200, b'{"a": NaN}', **JSON_TYPE),
                "Infinity": response(200, b'{"a": -Infinity}', **JSON_TYPE),
                "half": response(200, b'{"a": ', **JSON_TYPE),
                "not UTF-8": response(200, b'{"a": "\xff"}', **JSON_TYPE),
                "two documents": response(200, b"{}{}", **JSON_TYPE),
                "too deep": response(200, b"[" * 100_000 + b"]" * 100_000, **JSON_TYPE),
            }.items()
        ),
        *(
            pytest.param(("queue", "task", TASK_ID), given_, id=f"task: {name}")
            for name, given_ in {
                "204": response(204),
                "null": json_response(None),
                "a list": json_response([{}]),
                "a string": json_response("a"),
                "a number": response(200, b"1.0", **JSON_TYPE),
                "true": json_response(document=True),
            }.items()
        ),
        pytest.param(("auth", "listRoles"), json_response({}), id="an object instead of an array"),
        pytest.param(("queue", "getArtifact", TASK_ID, "0", "b"), response(302, b"{}", Location="https://a"), id="302"),
        pytest.param(
            ("queue", "getArtifact", TASK_ID, "0", "b"), response(303, HTML, Location="https://a"), id="no JSON"
        ),
        pytest.param(("object", "download", "a"), response(303), id="no place"),
        pytest.param(("object", "download", "a"), response(303, Location="/login"), id="a relative place"),
        pytest.param(("object", "download", "a"), response(303, Location="javascript:a"), id="a script"),
        pytest.param(("github", "badge", "a", "b", "c"), response(200, HTML, Content_Type="text/html"), id="badge"),
        pytest.param((*GROUP_CALL, "--paginate"), response(302, b"", Location="https://a/"), id="pages"),
    ],
)
@pytest.mark.parametrize("jq", [(), ("--jq", ".")], ids=["", "jq"])
def test_only_a_service_makes_a_success(
    tc: CommandLine, http_server: ScriptedServer, call: tuple[str, ...], given_: Response, jq: tuple[str, ...]
) -> None:
    """
    A response that the method does not give is exit 9: URL, status, and what to check; nothing is printed or repeated.
    """
    http_server.respond_with(given_)
    result = tc(*call, *jq, env=http_server.env)

    assert (9, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert f"{http_server.url}/api/" in result.stderr
    assert f"status {given_.data.split()[1].decode()}" in result.stderr
    assert "root URL of a Taskcluster?" in result.stderr
    assert 1 == len(http_server.requests)


@pytest.mark.parametrize("paginate", [(), ("--paginate",)], ids=["", "paginate"])
@pytest.mark.parametrize("output_format", ["json", "jsonl", "table", "yaml", "raw"])
def test_numbers_and_surrogates_keep_their_spelling(
    tc: CommandLine, http_server: ScriptedServer, output_format: str, paginate: tuple[str, ...]
) -> None:
    """
    In every format, with and without pages; what has no UTF-8 is written as JSON escapes it.
    """
    numbers = ["1.10", "-0", "-0.0", "1E2", "1e400", "0.1234567890123456789", "12345678901234567890", "9" * 5000]
    body = '{"tasks": [{"a": [' + ", ".join(numbers) + r'], "b": "x\ud800y"}]}'
    http_server.respond_with(response(200, body.encode(), **JSON_TYPE))
    # A table shortens its cells, but not those of columns that were asked for.
    columns = ["--columns", "a,b"] if output_format == "table" else []
    result = tc(*GROUP_CALL, *paginate, *columns, "--format", output_format, env=http_server.env)

    assert (0, "") == (result.exit_code, result.stderr)
    assert "x\\ud800y" in result.stdout
    if output_format != "yaml":
        assert ",".join(numbers) in result.stdout.replace(", ", ",")
    else:
        assert all(f"- {number}\n" in result.stdout for number in numbers if "E" not in number)


def test_a_terminal_shows_numbers_unchanged(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Indented, too.
    """
    http_server.respond_with(response(200, b'{"a": [1.10, {"b": 1e400}], "c": {}, "d": []}', **JSON_TYPE))
    shown = tc("queue", "task", TASK_ID, "--color", "always", env=http_server.env).stdout

    assert '{"a":[1.10,{"b":1e400}],"c":{},"d":[]}\n' == re.sub(r"\x1b\[[0-9;]*m", "", shown)


@pytest.mark.parametrize("expression", [".a.b", "error(1)", ".[0]", "tonumber"])
def test_a_filter_that_does_not_fit_is_not_a_usage_error(
    tc: CommandLine, http_server: ScriptedServer, expression: str
) -> None:
    """
    Exit code 2 means that nothing was sent; here the call has succeeded, and the message says so.
    """
    http_server.respond_with(json_response({"a": "x"}))
    result = tc(*SECRET_CALL, "--jq", expression, env=http_server.env)

    assert (9, 1, 1) == (result.exit_code, result.stderr.count("\n"), len(http_server.requests))
    assert "the call itself succeeded" in result.stderr


def test_a_filter_reads_lone_surrogates(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    As replacement characters.
    """
    http_server.respond_with(response(200, b'{"a": "x\\ud800"}', **JSON_TYPE))

    assert "x\ufffd\n" == tc("queue", "task", TASK_ID, "--jq", ".a", "-r", env=http_server.env).stdout


@pytest.mark.parametrize("options", [("--format", "jsonl"), ("--format", "table"), ("--jq", ".tasks"), ()], ids=str)
def test_more_pages_are_reported(tc: CommandLine, http_server: ScriptedServer, options: tuple[str, ...]) -> None:
    """
    In one line on stderr that names ``--paginate``; not at the last page.
    """
    http_server.respond_with(*pages([{"a": 1}], [{"a": 2}]))
    lines = [tc(*GROUP_CALL, *options, env=http_server.env).stderr for _ in range(2)]

    assert ("--paginate" in lines[0], lines[0].count("\n"), lines[1]) == (True, 1, "")


@pytest.mark.parametrize("entries", [[], [{"a": 1}]], ids=["empty", "one"])
@pytest.mark.parametrize("token", [{}, {"continuationToken": "t"}], ids=["last", "first"])
def test_lines_do_not_depend_on_the_page(
    tc: CommandLine, http_server: ScriptedServer, entries: list[Any], token: dict[str, str]
) -> None:
    """
    A line for each entry; what has no entries is an error.
    """
    http_server.respond_with(json_response({"tasks": entries, **token}))
    lines = tc(*GROUP_CALL, "--format", "jsonl", env=http_server.env).stdout
    http_server.respond_with(json_response({"message": "x", **token}))
    broken = tc(*GROUP_CALL, "--format", "jsonl", env=http_server.env)

    assert len(entries) == lines.count("\n")
    assert (9, b"") == (broken.exit_code, broken.output)


@pytest.mark.parametrize("method", ["email", "matrix", "pulse", "slack"])
def test_a_notification_that_was_not_sent_is_reported(
    tc: CommandLine, http_server: ScriptedServer, method: str
) -> None:
    """
    204 means that the service dropped it.
    """
    shown = []
    for each in (response(204), response(200, b"OK", Content_Type="text/plain; charset=utf-8")):
        http_server.respond_with(each)
        shown.append(tc("notify", method, "--no-validate", "--data", "{}", env=http_server.env))

    assert [0, 0] == [result.exit_code for result in shown]
    assert ("nothing was sent" in shown[0].stderr, shown[1].stderr) == (True, "")


@pytest.mark.parametrize(
    ("call", "status", "options", "count"),
    [
        pytest.param(("queue", "ping"), 501, (), 1, id="501"),
        pytest.param(("queue", "ping"), 500, (), 3, id="500"),
        pytest.param(("hooks", "resetTriggerToken", "a", "b"), 500, (), 1, id="500, not idempotent"),
        pytest.param(("hooks", "resetTriggerToken", "a", "b"), 429, (), 3, id="429, not idempotent"),
        pytest.param(("hooks", "resetTriggerToken", "a", "b"), 500, ("--retry-unsafe",), 3, id="unsafe"),
    ],
)
def test_what_is_retried_is_reported(
    tc: CommandLine,
    http_server: ScriptedServer,
    call: tuple[str, ...],
    status: int,
    options: tuple[str, ...],
    count: int,
) -> None:
    """
    The error tells the number of attempts, or that there was one only.
    """
    http_server.respond_with(error_response(status, "Code", "no"))
    result = tc(*call, *options, "--retries", "2", "--delay-factor", "0", env=http_server.env)

    assert (7, count) == (result.exit_code, len(http_server.requests)), result.stderr
    assert (count > 1) == (f"tried {count} times" in result.stderr)
    assert (count == 1 and status == 500) == ("not retried" in result.stderr)


def test_a_picture_goes_to_a_file_unchanged(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Bytes that are no text included, with or without ``--format raw``.
    """
    body = b"\x89PNG\r\n\x00\xff"
    http_server.respond_with(response(200, body, Content_Type="image/png"))
    for options in ([], ["--format", "raw"]):
        path = tmp_path / "badge"
        tc("github", "badge", "a", "b", "c", "-o", str(path), *options, env=http_server.env)
        assert body == path.read_bytes().removesuffix(b"\n" if not options else b"")


def test_the_apis_format_wins_on_its_command(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    ``--format`` after ``auth awsS3Credentials`` is the API's; before it, it is ours.
    """
    http_server.respond_with(json_response({"a": 1}))
    result = tc(
        "--format",
        "yaml",
        "auth",
        "awsS3Credentials",
        "read-only",
        "bucket",
        "p",
        "--format",
        "iam-role-compat",
        env=http_server.env,
    )

    assert "a: 1\n" == result.stdout
    assert http_server.requests[0].target.endswith("?format=iam-role-compat")


def test_a_delete_may_have_a_payload(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    ``notify.deleteDenylistAddress`` has.
    """
    payload = '{"notificationType": "email", "notificationAddress": "a@example.com"}'
    result = tc("notify", "deleteDenylistAddress", stdin=payload, env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    assert ("DELETE", payload.encode()) == (http_server.requests[0].verb, http_server.requests[0].body)


# Pages.


def pages(*entries: list[Any], key: str = "tasks", **around: Any) -> list[Response]:
    """
    Return the answers that give these entries, page by page.
    """
    tokens = [{"continuationToken": f"t{place}"} for place in range(1, len(entries))] + [{}]
    return [json_response({**around, key: page, **token}) for page, token in zip(entries, tokens, strict=True)]


GROUP = ("queue", "listTaskGroup", TASK_ID, "--paginate", "--delay-factor", "0")


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([[]], id="one empty page"),
        pytest.param([[1, 2]], id="one page"),
        pytest.param([[{"a": "ü"}], [], [{"b": [1]}]], id="an empty page in between"),
        pytest.param([[], [], [1]], id="empty pages first"),
        pytest.param([[1], [2], []], id="an empty page last"),
    ],
)
def test_pages_are_one_document_or_lines(
    tc: CommandLine, http_server: ScriptedServer, entries: list[list[Any]]
) -> None:
    """
    The arrays joined, what stands around them kept, no token left; or a line for each entry.
    """
    joined = [entry for page in entries for entry in page]
    http_server.respond_with(*pages(*entries, taskGroupId="g"))
    document = tc(*GROUP, env=http_server.env)
    http_server.respond_with(*pages(*entries, taskGroupId="g"))
    lines = tc(*GROUP, "--format", "jsonl", env=http_server.env)

    assert (0, "") == (document.exit_code, document.stderr)
    assert {"taskGroupId": "g", "tasks": joined} == json.loads(document.stdout)
    assert joined == [json.loads(line) for line in lines.stdout.splitlines()]
    assert [f"/api/queue/v1/task-group/{TASK_ID}/list"] + [
        f"/api/queue/v1/task-group/{TASK_ID}/list?continuationToken=t{place}" for place in range(1, len(entries))
    ] == [received.target for received in http_server.requests[: len(entries)]]


def test_every_paged_method_pages(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Further pages get the same payload and the same options, but for the token.
    """
    wrong = []
    for method in PAGED:
        payload = ["--data", "{}", "--no-validate"] if method.takes_payload else []
        limit = ["--limit", "7"] if "limit" in method.query else []
        http_server.respond_with(*pages([1], [2], key="entries"))
        before = len(http_server.requests)
        argv = [method.service, method.name, *example_arguments(method), *payload, *limit, "--paginate"]
        result = tc(*argv, env=http_server.env)
        sent = http_server.requests[before:]
        if (
            result.output != b'{"entries":[1,2]}\n'
            or len({request.body for request in sent}) != 1
            or any(("limit=7" in request.target) != bool(limit) for request in sent)
            or ["continuationToken=t1" in request.target for request in sent] != [False, True]
        ):
            wrong.append(f"{method.id}: {result.stderr} {[request.target for request in sent]}")

    assert not wrong


@pytest.mark.parametrize("output_format", ["json", "jsonl", "yaml", "table", "raw"])
def test_pages_come_in_every_format(tc: CommandLine, http_server: ScriptedServer, output_format: str) -> None:
    """
    With all entries in it.
    """
    http_server.respond_with(*pages([{"name": "one"}], [{"name": "two"}]))
    result = tc(*GROUP, "--format", output_format, env=http_server.env)

    assert 0 == result.exit_code
    assert "one" in result.stdout
    assert "two" in result.stdout


@pytest.mark.parametrize(
    ("last", "exit_code", "line"),
    [
        pytest.param(error_response(403, "InsufficientScopes", "no"), 4, "403 InsufficientScopes", id="refused"),
        pytest.param(error_response(500, "InternalServerError", "no"), 7, "500", id="failed"),
        pytest.param(DROPPED, 8, "dropped", id="dropped"),
        pytest.param(response(200, b"{"), 9, "not JSON", id="broken"),
        pytest.param(json_response([]), 9, "not a JSON object", id="not an object"),
        pytest.param(json_response({"other": []}), 9, "no array 'tasks'", id="another array"),
        pytest.param(
            json_response({"tasks": [3], "continuationToken": "t1"}), 9, "came twice", id="a token that comes twice"
        ),
    ],
)
def test_trouble_on_a_later_page(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, last: Response, exit_code: int, line: str
) -> None:
    """
    Is an error, and ``-o`` leaves no half a file, nor touches a whole one.
    """
    target = tmp_path / "tasks.json"
    for before in (None, "old"):
        if before is not None:
            target.write_text(before)
        http_server.respond_with(*pages([1], [2])[:1], last)
        result = tc(*GROUP, "-o", str(target), env=http_server.env)

        assert (exit_code, b"") == (result.exit_code, result.output), result.stderr
        assert line in result.stderr
        assert 1 == result.stderr.count("\n")
        assert before == (target.read_text() if target.exists() else None)
        assert [] == [name for name in os.listdir(tmp_path) if name.startswith(".tasks")]


@pytest.mark.parametrize("page", [{}, {"a": [], "b": []}, [], "x"], ids=repr)
def test_a_page_has_one_array(tc: CommandLine, http_server: ScriptedServer, page: Any) -> None:
    """
    Anything else is not what was promised.
    """
    http_server.respond_with(json_response(page))
    result = tc(*GROUP, env=http_server.env)

    assert (9, b"") == (result.exit_code, result.output)
    assert 1 == result.stderr.count("\n")


def test_without_paginate_there_is_one_page(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With its token, as the service gave it; jsonl gives its entries.
    """
    http_server.respond_with(pages([1], [2])[0])

    assert {"tasks": [1], "continuationToken": "t1"} == json.loads(
        tc("queue", "listTaskGroup", TASK_ID, env=http_server.env).stdout
    )
    assert "1\n" == tc("queue", "listTaskGroup", TASK_ID, "--format", "jsonl", env=http_server.env).stdout


def test_memory_does_not_grow_with_the_pages(
    process_environment: dict[str, str], http_server: ScriptedServer, tmp_path: Path
) -> None:
    """
    Of 60 pages of 200 kB no more is kept than of 6.
    """
    peaks = []
    for count in (6, 60):
        calls: list[Received] = []

        def page(received: Received, calls: list[Received] = calls, count: int = count) -> Response:
            calls.append(received)
            token = {"continuationToken": f"t{len(calls)}"} if len(calls) < count else {}
            return json_response({"tasks": ["x" * 200] * 1000, **token})

        http_server.respond_with(page)
        env, output = {**process_environment, **http_server.env}, tmp_path / "lines"
        peaks.append(peak_memory([*GROUP, "--format", "jsonl"], env, output=str(output)))
        assert count * 1000 == output.read_bytes().count(b"\n")

    assert peaks[1] < peaks[0] * 1.3


@pytest.mark.parametrize("columns", ["9" * 5000, "\u00b2", "-1", "0", "x"])
def test_a_width_that_is_not_usable_is_ignored(tc_process: CommandLine, columns: str) -> None:
    """
    Also one of digits that Python does not convert.
    """
    assert 0 == tc_process("slugid", "--help", env={"COLUMNS": columns}).exit_code


def test_a_limit_of_many_digits_is_for_the_service_to_judge(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Python does not convert it.
    """
    argv = ["queue", "listTaskGroup", TASK_ID, "--limit", "9" * 5000, "--dry-run"]

    assert 0 == tc(*argv, env=http_server.env).exit_code
