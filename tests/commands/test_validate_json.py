"""
``tc validate-json``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.http_server import CREDENTIALS, Received, json_response, response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine
    from tests.http_server import Response, ScriptedServer

STRING = {"type": "string"}
PROBLEM = "document: expected string, found number 5\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    The working folder.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, document: Any) -> Path:
    """
    Write a document to a file.
    """
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param("schema.json", id="a file"),
        pytest.param("FOLDER/schema.json", id="an absolute path"),
        pytest.param("file://FOLDER/schema.json", id="a file's URL"),
        pytest.param("file://localhostFOLDER/schema.json", id="a file's URL with a host"),
        pytest.param("schema.yml", id="YAML"),
        pytest.param("other.json", id="a reference"),
        pytest.param("parts.json#/definitions/text", id="a part"),
        pytest.param("odd # name.json", id="a name with a hash"),
    ],
)
@pytest.mark.parametrize("file", ["five.json", "five.yml", "-", "file://FOLDER/five.json"])
def test_files(tc: CommandLine, folder: Path, schema: str, file: str) -> None:
    """
    By path or by URL, JSON or YAML.
    """
    write(folder / "schema.json", STRING)
    write(folder / "odd # name.json", STRING)
    write(folder / "other.json", {"$ref": "schema.json"})
    write(folder / "parts.json", {"definitions": {"text": STRING}})
    (folder / "schema.yml").write_text("type: string\n")
    write(folder / "five.json", 5)
    (folder / "five.yml").write_text("5\n")
    words = [word.replace("FOLDER", str(folder)) for word in (schema, file)]
    result = tc("validate-json", *words, stdin="5")

    assert (1, PROBLEM) == (result.exit_code, result.stdout), result.stderr
    assert 0 == tc("validate-json", words[0], "-", stdin='"text"').exit_code


@pytest.mark.parametrize(
    "schema",
    [
        "secrets/v1/secret.json#",
        "secrets/v1/secret.json",
        "secrets/secret.json",
        "/schemas/secrets/v1/secret.json#",
        "secrets.set",
        "SECRETS.set",
    ],
)
def test_names_in_the_references(tc: CommandLine, schema: str) -> None:
    """
    As they are published, shorter, or by the method.
    """
    assert 0 == tc("validate-json", schema, "-", stdin='{"secret": {}, "expires": "2030-01-01T00:00:00Z"}').exit_code
    result = tc("validate-json", schema, "-", stdin='{"secret": {}}')

    assert (1, "missing field expires\n") == (result.exit_code, result.stdout)
    assert f"tc: stdin does not match {schema}: 1 problem\n" == result.stderr


def test_a_file_goes_before_a_name(tc: CommandLine, folder: Path) -> None:
    """
    What a person sees in the folder is what is meant.
    """
    write(folder / "secrets.set", STRING)

    assert 0 == tc("validate-json", "secrets.set", "-", stdin='"text"').exit_code


def served(request: Received) -> Response:
    """
    Response as a web site with schemas would.
    """
    documents: dict[str, Any] = {
        "/a/schema.json": {"$ref": "part.json"},
        "/a/part.json": STRING,
        "/a/five.json": 5,
        "/a/file.json": {"$ref": "file:///etc/hostname"},
        "/a/none.json": {"$ref": "nowhere.json"},
        "/a/wrong.json": {"type": 5},
    }
    if request.target == "/old.json":
        return response(301, Location="/a/schema.json")
    if request.target == "/round.json":
        return response(302, Location="/round.json")
    if request.target == "/text.json":
        return response(200, b"<html>")
    return json_response(documents[request.target]) if request.target in documents else response(404, b"none")


@pytest.mark.parametrize("path", ["/a/schema.json", "/old.json", "/a/part.json#"])
def test_urls(tc: CommandLine, http_server: ScriptedServer, path: str) -> None:
    """
    Fetched with all that they refer to, and nobody is told who asks.
    """
    http_server.respond_with(served)
    result = tc("validate-json", http_server.url + path, http_server.url + "/a/five.json", env=http_server.env)

    assert (1, PROBLEM) == (result.exit_code, result.stdout), result.stderr
    assert "/a/part.json" in [request.target for request in http_server.requests]
    for request in http_server.requests:
        assert not {"authorization", "cookie", "x-taskcluster-trace-id"} & request.headers.keys()
        assert not any(secret in str(request) for secret in CREDENTIALS.values())


@pytest.mark.parametrize(
    ("path", "exit_code", "line"),
    [
        pytest.param("/nowhere.json", 5, ": 404: ", id="not there"),
        pytest.param("/a/none.json", 5, ": 404: ", id="a part that is not there"),
        pytest.param("/round.json", 9, "more than 5 redirects", id="round and round"),
        pytest.param("/text.json", 9, "is not JSON", id="no JSON"),
        pytest.param("/a/wrong.json", 9, "is not a JSON schema: type", id="no schema"),
        pytest.param(
            "/a/file.json", 9, "comes from the network, and refers to file:///etc/hostname", id="a file of ours"
        ),
    ],
)
def test_what_is_served_may_be_wrong(
    tc: CommandLine, http_server: ScriptedServer, path: str, exit_code: int, line: str
) -> None:
    """
    And then the exit code says whose fault it is.
    """
    http_server.respond_with(served)
    result = tc("validate-json", http_server.url + path, "-", stdin="5")

    assert (exit_code, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n"))
    assert line in result.stderr


@pytest.mark.parametrize(
    ("schema", "document", "line"),
    [
        pytest.param("nowhere.json", "5", "schema nowhere.json", id="no file"),
        pytest.param("queue/v1/create-tsk-request.json", "{}", "did you mean create-task-request.json", id="no schema"),
        pytest.param("quue.createTask", "{}", "did you mean queue?", id="no service"),
        pytest.param("queue.createTsk", "{}", "did you mean createTask?", id="no method"),
        pytest.param("queue.ping", "{}", "the payload of queue.ping has no published schema", id="no payload"),
        pytest.param("-", "{}", "schema -", id="stdin"),
        pytest.param(".", "{}", "cannot read .: Is a directory", id="a folder"),
        pytest.param("file://elsewhere/x.json", "{}", "not the URL of a local file", id="another host"),
        pytest.param("http://", "{}", "not a valid http", id="no host"),
        pytest.param("http://a b/", "{}", "not a valid http", id="a blank"),
        pytest.param({"type": 5}, "5", "is not a JSON schema: type", id="no schema at all"),
        pytest.param([], "5", "an object is expected", id="a list"),
        pytest.param({"$ref": "nowhere.json"}, "5", "nowhere.json: No such file", id="a part that is not there"),
        pytest.param({"$ref": "."}, "5", "not a regular file", id="a part that is a folder"),
        pytest.param({"$ref": "/dev/zero"}, "5", "cannot read /dev/zero: not a regular file", id="a part without end"),
        pytest.param({"$ref": "http://127.0.0.1:1/x.json"}, "5", "comes from a file, and refers to http", id="away"),
        pytest.param({"pattern": "["}, '"x"', "is not a 'regex'", id="a pattern that cannot be read"),
        pytest.param({"$ref": "#"}, "5", "itself in a circle", id="a circle"),
        pytest.param({}, "{", "the document from stdin is not JSON", id="no JSON"),
        pytest.param({}, "", "no document on stdin", id="nothing"),
        pytest.param({}, "[" * 100_000, "nested more than", id="too deep"),
    ],
)
def test_refuses(tc: CommandLine, folder: Path, schema: Any, document: str, line: str) -> None:
    """
    In one line, with exit code 2.
    """
    word = schema if isinstance(schema, str) else str(write(folder / "schema.json", schema))
    result = tc("validate-json", word, "-", stdin=document)

    assert (2, b"", 1) == (result.exit_code, result.output, result.stderr.count("\n")), result.stderr
    assert line in result.stderr


def test_a_schema_without_a_server_is_an_error(tc: CommandLine) -> None:
    """
    As for every request.
    """
    result = tc("validate-json", "http://127.0.0.1:1/x.json", "-", "--retries", "0", stdin="5")

    assert (8, 1) == (result.exit_code, result.stderr.count("\n"))
