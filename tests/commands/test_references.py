"""
``tc references update`` and ``diff``, and references that are given for a call.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tccli import references
from tccli.cli import app
from tests.http_server import CREDENTIALS, Received, json_response, response
from tests.http_server import Response as ScriptedResponse
from tests.references.documents import ANSWER, API, CONTENTS, EXCHANGES, HELLO, rollup, with_method
from tests.references.importing.test_validate import mutated
from tests.terminals import read_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine, RunningSandbox
    from tests.http_server import ScriptedServer

TASK = "fN1SbArXTPSVFNUvaOlinQ"
WORDS = '{"words": ["hello"]}'


@pytest.fixture
def api(tmp_path: Path) -> str:
    """
    The path of an ``api.json`` without schemas.
    """
    (tmp_path / "alone").mkdir()
    path = tmp_path / "alone" / "api.json"
    path.write_text(json.dumps(API))
    return str(path)


@pytest.fixture
def whole(tmp_path: Path) -> str:
    """
    The path of a roll-up.
    """
    path = tmp_path / "references.json"
    path.write_text(json.dumps(rollup()))
    return str(path)


def publishing(contents: dict[str, Any], answers: Any = None) -> Any:
    """
    Return a handler that serves a roll-up of the built-in references and *contents*, and responses to calls.
    """
    from tccli.sandbox.references import published

    def respond(received: Received) -> ScriptedResponse:
        if received.target == "/references/references.json":
            return json_response(rollup({**published(), **contents}))
        return json_response(answers if answers is not None else {})

    return respond


def test_update_prints_what_it_fetched(tc: CommandLine, sandbox: RunningSandbox, bare_environment: Any) -> None:
    """
    Counts and the path of the cache. Credentials are not read.
    """
    env = {"TASKCLUSTER_ROOT_URL": sandbox.root_url, "TASKCLUSTER_CLIENT_ID": "half a set"}
    result = tc("references", "update", env=env)
    summary = json.loads(result.output)

    assert (0, "tc: to compare them with the built-in references: tc references diff\n") == (
        result.exit_code,
        result.stderr,
    )
    assert summary["path"].startswith(f"{bare_environment['HOME']}/.cache/tc/references/")
    assert os.path.isfile(summary.pop("path"))
    assert {"rootUrl": sandbox.root_url, "services": 11, "methods": 188, "exchanges": 37} == summary
    assert [("GET", "/references/references.json")] == sandbox.requests


def test_the_sandbox_publishes_the_built_in_references(tc: CommandLine, sandbox: RunningSandbox) -> None:
    """
    There are no differences: exit code 0.
    """
    env = {"TASKCLUSTER_ROOT_URL": sandbox.root_url}
    fetched = tc("references", "diff", env=env)
    tc("references", "update", env=env)
    kept = tc("references", "diff", env=env)

    assert (0, b"[]\n", 0, b"[]\n") == (fetched.exit_code, fetched.output, kept.exit_code, kept.output)
    assert "no stored references" in fetched.stderr
    assert "fetched at 20" in kept.stderr


def test_updated_references_are_used(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    For their root URL, until the next update: a new service is a group, and its payload is checked.
    """
    http_server.respond_with(publishing(CONTENTS, {"said": "hello"}))
    before = tc("greet", "hello", "x", stdin=WORDS, env=http_server.env)
    updated = tc("references", "update", env={"TASKCLUSTER_ROOT_URL": http_server.url})
    call = tc("greet", "hello", "x/y", stdin=WORDS, env=http_server.env)
    wrong = tc("greet", "hello", "x", stdin='{"words": [1]}', env=http_server.env)
    elsewhere = tc("greet", "hello", "x", "--root-url", "http://127.0.0.1:1", stdin=WORDS, env=http_server.env)

    assert (2, 0, 0, 2, 2) == tuple(each.exit_code for each in (before, updated, call, wrong, elsewhere)), call.stderr
    assert {"said": "hello"} == json.loads(call.output)
    assert ("POST", "/api/greet/v1/hello/x%2Fy") == (http_server.requests[-1].verb, http_server.requests[-1].target)
    assert "words[0]: expected string" in wrong.stderr
    assert "no command or service 'greet'" in elsewhere.stderr


def test_help_shows_the_descriptions_of_the_deployment(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Below the built-in documentation, or instead of it if the method is another one.
    """
    from tccli.sandbox.references import published

    api = json.loads(json.dumps(published()["references/secrets/v1/api.json"]))
    api["description"] = "Keeps *small* things."
    for entry in api["entries"]:
        entry["description"] = f"Does {entry['name']}:\n\n * one\n * two\n\n```\nx = 1\n```\n\x1b[2Jgone"
        entry["route"] = (
            entry["route"].replace("/secret/", "/elsewhere/") if entry["name"] == "remove" else entry["route"]
        )
    http_server.respond_with(publishing({"references/secrets/v1/api.json": api}))
    before = tc("secrets", "get", "--help", env=http_server.env).stdout
    tc("references", "update", env=http_server.env)
    get, remove, service = (
        tc("secrets", *words, "--help", env=http_server.env).stdout for words in (["get"], ["remove"], [])
    )
    said_there = "\n\nIn the words of the deployment:\n  Does {}:\n\n  - one\n  - two\n\n      x = 1\n\n  gone\n"

    assert get == before.replace("\n\nRequest:", said_there.format("get") + "\nRequest:", 1)
    assert said_there.format("remove") in remove
    assert "Deletes a secret at once" not in remove
    assert "Example:" not in remove
    assert "Example:" in get
    assert "In the words of the deployment:\n  Keeps *small* things.\n" in service


@pytest.mark.parametrize("where", ["option", "environment", "profile"])
def test_updated_references_are_found_by_the_root_url(
    tc: CommandLine, http_server: ScriptedServer, bare_environment: dict[str, str], where: str
) -> None:
    """
    From an option, the environment or a profile.
    """
    http_server.respond_with(publishing(CONTENTS))
    tc("references", "update", "--root-url", http_server.url)
    folder = os.path.join(bare_environment["XDG_CONFIG_HOME"], "tc")
    os.makedirs(folder)
    with open(os.path.join(folder, "profiles.toml"), "w", encoding="utf-8") as file:
        file.write(f'[greeter]\nrootUrl = "{http_server.url}"\n')
    words = {"option": ["--rootUrl=" + http_server.url], "environment": [], "profile": ["--profile", "greeter"]}[where]
    env = {"TASKCLUSTER_ROOT_URL": http_server.url} if where == "environment" else {}
    result = tc("url", "greet", "hello", "x", *words, env=env)

    assert (0, f"{http_server.url}/api/greet/v1/hello/x\n") == (result.exit_code, result.stdout), result.stderr


def test_an_update_that_fails_changes_nothing(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    All references are replaced or none.
    """
    http_server.respond_with(publishing(CONTENTS))
    tc("references", "update", env=http_server.env)
    broken = with_method(route="//evil.example/<name>")
    for refusal, code in ((json_response(rollup({"references/greet/v1/api.json": broken})), 9), (response(403), 4)):
        http_server.respond_with(refusal)
        failed = tc("references", "update", env=http_server.env)

        assert (code, b"", 1) == (failed.exit_code, failed.output, failed.stderr.count("\n"))
        assert 0 == tc("url", "greet", "hello", "x", env=http_server.env).exit_code


def test_an_odd_route_does_not_fail_an_update(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Its method is left out, with a line on stderr.
    """
    http_server.respond_with(publishing(CONTENTS))
    complete = json.loads(tc("references", "update", env=http_server.env).stdout)["methods"]
    odd = with_method(route="/x/(<name>)")
    http_server.respond_with(publishing({**CONTENTS, "references/greet/v1/api.json": odd}))
    result = tc("references", "update", env=http_server.env)

    assert (0, complete - 1) == (result.exit_code, json.loads(result.stdout)["methods"])
    assert [True, False] == ["left out" in line and "/x/(<name>)" in line for line in result.stderr.splitlines()]
    assert 0 == tc("url", "greet", "listGreeted", "a", "b", env=http_server.env).exit_code


@pytest.mark.parametrize("content", [b"", b"\xff{", b'{"format": 9}\n'], ids=["empty", "no JSON", "another format"])
def test_damaged_cached_references(tc: CommandLine, http_server: ScriptedServer, content: bytes) -> None:
    """
    They are ignored with a note; an update replaces them; commands without references do not read them.
    """
    http_server.respond_with(publishing(CONTENTS))
    path = json.loads(tc("references", "update", env=http_server.env).output)["path"]
    with open(path, "wb") as file:
        file.write(content)
    call = tc("url", "queue", "ping", env=http_server.env)

    assert (0, f"{http_server.url}/api/queue/v1/ping\n") == (call.exit_code, call.stdout)
    assert f"{path} is damaged" in call.stderr
    assert "" == tc("url", "queue", "ping", "--quiet", env=http_server.env).stderr
    assert "" == tc("slugid", env=http_server.env).stderr
    assert "is damaged" in tc("references", "diff", env=http_server.env).stderr
    assert 0 == tc("references", "update", env=http_server.env).exit_code
    assert 0 == tc("url", "greet", "hello", "x", env=http_server.env).exit_code


def test_an_update_needs_a_root_url(tc: CommandLine) -> None:
    """
    It cannot be faked.
    """
    bare = tc("references", "update")
    faked = tc("references", "update", "--fake", "x.json", "--root-url", "http://127.0.0.1:1")

    assert (3, 3) == (bare.exit_code, faked.exit_code)
    assert "no root URL" in bare.stderr
    assert "can be faked" in faked.stderr


def test_update_checks_the_output_first(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    Before it fetches anything.
    """
    assert 2 == tc("references", "update", "-o", "/nowhere/x.json", env=http_server.env).exit_code
    assert [] == http_server.requests


def test_diff_lists_differences(tc: CommandLine, api: str) -> None:
    """
    As records, with exit code 1; with --reference, only of its service.
    """
    result = tc("references", "diff", "--reference", api)

    assert (1, "tc: 3 differences from the built-in references\n") == (result.exit_code, result.stderr)
    assert [
        {
            "service": "greet",
            "kind": "method",
            "name": "hello",
            "change": "added",
            "what": "",
            "before": None,
            "after": "POST /hello/<name>",
        }
    ] == json.loads(result.output)[1:2]


def test_diff_finds_removed_services(tc: CommandLine, http_server: ScriptedServer, whole: str) -> None:
    """
    When all services of a deployment are compared.
    """
    with open(whole, "rb") as file:
        http_server.respond_with(response(200, file.read()))
    result = tc("references", "diff", env=http_server.env)
    gone = {each["service"] for each in json.loads(result.output) if each["change"] == "removed"}

    assert (1, set(references.service_names())) == (result.exit_code, gone)
    assert [None] == [each.headers.get("authorization") for each in http_server.requests]


def test_diff_on_a_terminal(api: str, process_environment: dict[str, str]) -> None:
    """
    One line per difference, or a table.
    """
    for words, expected in (([], "+ greet method hello: POST /hello/<name>"), (["--format", "table"], "after")):
        output = on_a_terminal(["references", "diff", "--reference", api, *words], process_environment)

        assert expected in output
        assert "Traceback" not in output


def on_a_terminal(words: list[str], environment: dict[str, str]) -> str:
    """
    Run ``tc`` with a terminal as its stdout, and return the output.
    """
    leader, follower = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tccli", *words],
        env={**environment, "NO_COLOR": "1", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.PIPE,
    ):
        os.close(follower)
        return read_terminal(leader).decode()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--reference", "{}", "greet", "hello", "x"], id="before the command"),
        pytest.param(["greet", "hello", "x", "--reference={}"], id="after it"),
        pytest.param(["api", "greet", "hello", "x", "--Reference", "{}"], id="below api, in another spelling"),
        pytest.param(["greet", "--reference", "{}", "HELLO", "x", "--set", "words:=[]"], id="in between"),
    ],
)
def test_a_reference_for_a_call(tc: CommandLine, http_server: ScriptedServer, api: str, words: list[str]) -> None:
    """
    It adds a service, in any place of the command line; a payload without a schema is sent unchecked.
    """
    result = tc(*(word.format(api) for word in words), stdin='{"any": 1}', env=http_server.env)

    assert (0, "") == (result.exit_code, result.stderr)
    assert [("POST", "/api/greet/v1/hello/x")] == [(each.verb, each.target) for each in http_server.requests]
    assert http_server.requests[0].headers["authorization"].startswith("Hawk ")


def test_a_reference_replaces_a_service(tc: CommandLine, tmp_path: Path) -> None:
    """
    For this call only.
    """
    path = tmp_path / "api.json"
    path.write_text(json.dumps({**API, "serviceName": "queue"}))
    root = ("--root-url", "https://tc.example.com")
    given = tc("url", "queue", "hello", "x", *root, "--reference", str(path))
    gone = tc("url", "queue", "task", TASK, *root, "--reference", str(path))

    assert "https://tc.example.com/api/queue/v1/hello/x\n" == given.stdout
    assert (2, "tc: url queue: no method 'task'; tc url queue --help lists them\n") == (gone.exit_code, gone.stderr)
    assert 0 == tc("url", "queue", "task", TASK, *root).exit_code


def test_a_reference_of_exchanges(tc: CommandLine, tmp_path: Path) -> None:
    """
    It is used by ``tc events``.
    """
    path = tmp_path / "exchanges.json"
    path.write_text(json.dumps(EXCHANGES))
    result = tc("events", "bind", "greet", "greeted", "--reference", str(path))

    assert "primary.*.#" == json.loads(result.output)["routingKeyPattern"], result.stderr


@pytest.mark.parametrize("folder", ["schemas", "schemas/v1", "schemas/greet/v1", "../../../schemas/greet/v1"])
def test_schemas_next_to_a_reference(tc: CommandLine, tmp_path: Path, folder: str) -> None:
    """
    In a copy of what a deployment publishes, or in a directory next to the file.
    """
    path = tmp_path / "references" / "greet" / "v1" / "api.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(API))
    schemas = path.parent / folder
    schemas.mkdir(parents=True)
    (schemas / "hello.json").write_text(json.dumps(HELLO))
    (schemas / "answer.json").write_text(json.dumps(ANSWER))
    result = tc(
        "greet", "hello", "x", "--reference", str(path), "--root-url", "http://127.0.0.1:1", stdin='{"words": [1]}'
    )

    assert 2 == result.exit_code
    assert "words[0]: expected string" in result.stderr


def test_a_reference_from_a_url(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    It is fetched without credentials.
    """
    http_server.respond_with(json_response(API), json_response({}))
    result = tc("greet", "hello", "x", "--reference", f"{http_server.url}/api.json", stdin="{}", env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    assert {"host"} == set(http_server.requests[0].headers)
    assert "authorization" in http_server.requests[1].headers


@pytest.mark.parametrize(
    ("given_", "code", "line"),
    [
        pytest.param("nowhere.json", 2, "cannot read", id="no file"),
        pytest.param(".", 2, "cannot read", id="a folder"),
        pytest.param("", 2, "cannot read", id="an empty path"),
        pytest.param("no\0file", 2, "cannot read", id="no path"),
        pytest.param("text.json", 2, "is not JSON", id="a file of something else"),
        pytest.param("evil.json", 2, "entries[0]: route", id="a hostile file"),
        pytest.param("purge.json", 2, "from purge-cache", id="a service in another spelling"),
        pytest.param("https://", 2, "https://", id="no URL"),
        pytest.param("http://127.0.0.1:1/api.json", 8, "connection refused", id="a URL where nobody is"),
        pytest.param("{http_server}/api.json", 9, "neither an api.json", id="a URL of something else"),
    ],
)
def test_an_invalid_reference(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, given_: str, code: int, line: str
) -> None:
    """
    It is an error in one line, and no call is sent.
    """
    (tmp_path / "text.json").write_text("text")
    (tmp_path / "evil.json").write_text(json.dumps(with_method(route="/../<name>")))
    (tmp_path / "purge.json").write_text(json.dumps({**API, "serviceName": "purgecache"}))
    path = (
        given_.format(http_server=http_server.url) if "/" in given_ or given_ in {"", "."} else str(tmp_path / given_)
    )
    result = tc("queue", "ping", "--retries", "0", "--reference", path, env=http_server.env)

    assert (code, b"") == (result.exit_code, result.output)
    assert line in result.stderr
    assert 1 == result.stderr.count("\n")
    assert not any("/api/" in each.target for each in http_server.requests)


@pytest.mark.parametrize(
    ("options", "code", "count"),
    [
        (["--retries", "1", "--delay-factor", "0"], 7, 2),
        (["--max-delay=0s", "--retries=3"], 7, 4),
        (["--retries", "many"], 2, 0),
        (["--delay-factor", "soon"], 2, 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("place", [0, 2], ids=["before", "after"])
def test_the_retries_of_a_reference(
    tc: CommandLine, http_server: ScriptedServer, place: int, options: list[str], code: int, count: int
) -> None:
    """
    They are those of the command, wherever its options stand.
    """
    http_server.respond_with(response(503))
    words = ["queue", "ping"]
    words[place:place] = options
    result = tc(*words, "--reference", f"{http_server.url}/api.json", env=http_server.env)

    assert (code, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n")), result.stderr
    assert count == len(http_server.requests)


@pytest.mark.parametrize("name", ["version", "signed_url", "signedurl", "help", "api"])
def test_a_service_does_not_replace_a_command(
    tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, name: str
) -> None:
    """
    A service with the name of a command is available below ``tc api``.
    """
    path = tmp_path / "api.json"
    path.write_text(json.dumps({**API, "serviceName": name}))
    option = ("--reference", str(path))
    command = tc(name, "--help")
    same = tc(name, "--help", *option)
    call = tc("api", name, "listGreeted", "x", "y", *option, env=http_server.env)

    assert (0, command.stdout.count("Usage: tc")) == (same.exit_code, same.stdout.count("Usage: tc"))
    assert "listGreeted" not in same.stdout
    assert (0, f"/api/{name}/v1/greeted/x/y") == (call.exit_code, http_server.requests[-1].target)
    assert f"  api {name} " in tc("--help", *option).stdout


def test_a_query_option_may_hide_a_shared_option(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    Only that one.
    """
    path = tmp_path / "api.json"
    path.write_text(json.dumps(with_method(query=["data", "set", "dryRun", "noValidate", "format", "help", "v"])))
    option = ("--reference", str(path))
    result = tc("greet", "hello", "x", "--data", "1", "--format", "2", *option, stdin="{}", env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    assert ("/api/greet/v1/hello/x?data=1&format=2", b"{}") == (
        http_server.requests[-1].target,
        http_server.requests[-1].body,
    )
    assert 0 == tc("greet", "hello", "-h", *option).exit_code


def test_with_service_discovery_a_service_cannot_name_another_host(tc: CommandLine, tmp_path: Path) -> None:
    """
    Its name becomes a part of the host.
    """
    path = tmp_path / "api.json"
    path.write_text(json.dumps({**API, "serviceName": "x.evil.example/"}))
    result = tc("api", "x.evil.example/", "hello", "x", "--service-discovery", "k8s-dns", "--reference", str(path))

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "serviceName" in result.stderr


@pytest.mark.parametrize("reference", ["{}/x.json#", "//{}/x.json", "file:///{}"])
def test_a_schema_fetches_nothing(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path, reference: str) -> None:
    """
    Whatever its ``$ref`` is: a listener receives only the call.
    """
    hello = {"properties": {"words": {"$ref": reference.format(http_server.url)}}}
    path = tmp_path / "rollup.json"
    path.write_text(json.dumps(rollup({**CONTENTS, "schemas/greet/v1/hello.json": hello})))
    result = tc("greet", "hello", "x", "--reference", str(path), stdin=WORDS, env=http_server.env)

    assert 0 == result.exit_code, result.stderr
    assert ["/api/greet/v1/hello/x"] == [each.target for each in http_server.requests]


def test_head_and_patch(tc: CommandLine, http_server: ScriptedServer, tmp_path: Path) -> None:
    """
    They are verbs like the others.
    """
    path = tmp_path / "api.json"
    for verb, status in (("head", 200), ("patch", 204)):
        path.write_text(json.dumps(with_method(method=verb, input=None, output=None)))
        http_server.respond_with(response(status))
        result = tc("greet", "hello", "x", "--reference", str(path), env=http_server.env)

        assert (0, b"", verb.upper()) == (result.exit_code, result.output, http_server.requests[-1].verb), result.stderr


def run(words: list[str]) -> tuple[int, str]:
    """
    Run the command line; return its exit code and stderr.
    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as stdout,
        tempfile.TemporaryFile("w+", encoding="utf-8") as said_,
    ):
        given_ = io.TextIOWrapper(io.BytesIO(b"{}"))
        environment = {"HOME": "/nowhere", "TASKCLUSTER_ROOT_URL": "http://127.0.0.1:1", **CREDENTIALS}
        with (
            mock.patch.multiple(sys, stdin=given_, stdout=stdout, stderr=said_),
            mock.patch.dict(os.environ, environment, clear=True),
        ):
            code = app.run(words)
        said_.seek(0)
        return code, said_.read()


@given(document=mutated(), words=st.sampled_from([["--help"], ["greet", "--help"], ["greet", "hello", "--help"]]))
@settings(max_examples=60)
def test_any_reference_is_accepted_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, document: list[dict[str, Any]], words: list[str]
) -> None:
    """
    Without a traceback: help of all services, of one, of a method; and a call.
    """
    path = tmp_path_factory.mktemp("mutated") / "rollup.json"
    path.write_text(json.dumps(document))
    for line in (words, ["greet", "hello", "x", "--dry-run"], ["references", "diff"]):
        code, errors = run([*line, "--reference", str(path)])

        assert code in {0, 1, 2}, errors
        assert code == 0 or 1 == len([each for each in errors.splitlines() if "left out of" not in each])
