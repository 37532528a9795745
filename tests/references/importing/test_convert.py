"""
From published references to the compact files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tccli import references
from tccli.errors import UsageError
from tccli.references.importing.convert import convert_rollup, strip_prose
from tccli.references.model import DATA_DIRECTORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandLine

SUMMARIES = {"greet": "Greets", "greet.hello": "Say hello", "greet.greeted": "Somebody was greeted"}
SCHEMA = {
    "$id": "/schemas/greet/v1/hello.json#",
    "$schema": "/schemas/common/metaschema.json#",
    "title": "Hello",
    "description": "Prose.",
    "type": "object",
    "properties": {
        "description": {"type": "string", "description": "Prose.", "title": "Prose"},
        "title": {"$ref": "other.json#/definitions/x"},
        "kind": {"enum": ["title", {"description": "kept"}], "default": {"title": "kept"}},
    },
    "required": ["description"],
}
API: dict[str, Any] = {
    "serviceName": "greet",
    "apiVersion": "v1",
    "title": "Prose",
    "description": "Prose.",
    "entries": [
        {
            "type": "function",
            "method": "post",
            "route": "/hello/<name>",
            "query": ["loud"],
            "args": ["name"],
            "name": "hello",
            "stability": "experimental",
            "category": "Greetings",
            "scopes": "greet:<name>",
            "input": "v1/hello.json#",
            "output": "v1/unknown.json#",
            "title": "Prose",
            "description": "Prose.",
        },
        {
            "type": "function",
            "method": "delete",
            "route": "/hello",
            "args": [],
            "name": "forget",
            "stability": "stable",
            "input": "v1/unknown.json#",
        },
    ],
}
EVENTS = {
    "serviceName": "greet",
    "apiVersion": "v1",
    "exchangePrefix": "exchange/taskcluster-greet/v1/",
    "entries": [
        {
            "name": "greeted",
            "exchange": "greeted",
            "routingKey": [
                {"name": "routingKeyKind", "constant": "primary", "multipleWords": False, "required": True},
                {"name": "who", "multipleWords": False, "required": True},
                {"name": "reserved", "multipleWords": True, "required": False},
            ],
            "schema": "v1/hello.json#",
        }
    ],
}
ROLLUP: list[dict[str, Any]] = [
    {"filename": "references/greet/v1/api.json", "content": API},
    {"filename": "references/greet/v1/exchanges.json", "content": EVENTS},
    {"filename": "schemas/greet/v1/hello.json", "content": SCHEMA},
    {"filename": "references/manifest.json", "content": {"references": []}},
]


def records(text: str) -> list[dict[str, Any]]:
    """
    Return the parsed records of a service.
    """
    return [json.loads(line) for line in text.splitlines()]


def test_conversion() -> None:
    """
    Services, methods, exchanges and schemas, without prose; a missing summary is empty.
    """
    assert [
        {
            "service": "greet",
            "version": "v1",
            "release": "",
            "exchanges": "exchange/taskcluster-greet/v1/",
            "summary": "Greets",
        },
        {
            "method": "hello",
            "verb": "POST",
            "route": "/hello/<name>",
            "query": ["loud"],
            "input": "hello.json",
            "scopes": "greet:<name>",
            "category": "Greetings",
            "stability": "experimental",
            "summary": "Say hello",
        },
        {"method": "forget", "verb": "DELETE", "route": "/hello", "input": "", "summary": ""},
        {
            "exchange": "greeted",
            "topic": "greeted",
            "keys": ["=primary", "who", "reserved#"],
            "schema": "hello.json",
            "summary": "Somebody was greeted",
        },
        {
            "schema": "hello.json",
            "body": {
                "type": "object",
                "properties": {
                    "description": {"type": "string"},
                    "title": {"$ref": "other.json#/definitions/x"},
                    "kind": {"enum": ["title", {"description": "kept"}], "default": {"title": "kept"}},
                },
                "required": ["description"],
            },
        },
    ] == records(convert_rollup(ROLLUP, None, SUMMARIES)["greet"])


def test_conversion_is_reproducible() -> None:
    """
    It does not depend on the order of the documents.
    """
    assert convert_rollup(ROLLUP, None, SUMMARIES) == convert_rollup(ROLLUP[::-1], None, SUMMARIES)


def test_a_list_of_methods() -> None:
    """
    Only these are converted, with what the roll-up knows about them.
    """
    new = {"name": "wave", "method": "get", "route": "/wave", "args": [], "stability": "stable"}
    surface = {
        "taskclusterVersion": "2.0",
        "services": {"greet": {"apiVersion": "v1", "methods": [API["entries"][0], new]}},
    }
    found = records(convert_rollup(ROLLUP, surface, SUMMARIES)["greet"])

    assert "2.0" == found[0]["release"]
    assert ["hello", "wave"] == [record["method"] for record in found if "method" in record]
    assert "greet:<name>" == found[1]["scopes"]


@pytest.mark.parametrize(
    "rollup",
    [
        pytest.param({}, id="an object"),
        pytest.param([], id="nothing"),
        pytest.param([1], id="a list of something else"),
        pytest.param([{"filename": "references/a/v1/api.json", "content": {}}], id="an empty reference"),
        pytest.param([{"filename": "references/a/v1/api.json", "content": []}], id="a reference that is a list"),
        pytest.param([{"content": {}}], id="no file name"),
        pytest.param(
            [{"filename": "references/greet/v1/api.json", "content": {**API, "entries": [{"name": "x"}]}}],
            id="half a method",
        ),
        pytest.param(
            [
                {
                    "filename": "references/greet/v1/api.json",
                    "content": {**API, "entries": [{**API["entries"][0], "args": ["other"]}]},
                }
            ],
            id="arguments of another route",
        ),
        pytest.param("text", id="text"),
        pytest.param(None, id="null"),
    ],
)
def test_another_shape_is_a_usage_error(rollup: Any) -> None:
    """
    For the list of methods and for the roll-up.
    """
    with pytest.raises(UsageError):
        convert_rollup(rollup, None, {})


@pytest.mark.parametrize("service", references.service_names())
def test_converted_schemas_stay_the_same(service: str) -> None:
    """
    They have no prose.
    """
    assert all(body == strip_prose(body) for body in references.service(service).schemas.values())


def test_distill_writes_a_file_for_each_service(tc: CommandLine, tmp_path: Path) -> None:
    """
    It keeps summaries, and lists the missing ones.
    """
    (tmp_path / "rollup.json").write_text(json.dumps(ROLLUP))
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "greet.jsonl"
    argv = ("references", "distill", str(tmp_path / "rollup.json"), "-o", str(tmp_path / "out"))
    first = tc(*argv)

    assert (0, b"") == (first.exit_code, first.output)
    assert "missing summaries: greet, greet.hello, greet.forget, greet.greeted" in first.stderr
    assert convert_rollup(ROLLUP, None, {})["greet"] == target.read_text()
    target.write_text(convert_rollup(ROLLUP, None, SUMMARIES)["greet"])

    assert "missing summaries: greet.forget\n" in tc(*argv).stderr
    assert convert_rollup(ROLLUP, None, SUMMARIES)["greet"] == target.read_text()


@pytest.mark.parametrize(
    ("rollup", "folder", "line"),
    [
        pytest.param("nowhere.json", "out", "cannot read", id="no roll-up"),
        pytest.param("broken.json", "out", "is not JSON", id="not JSON"),
        pytest.param("other.json", "out", "do not have the published shape", id="another shape"),
        pytest.param("rollup.json", "nowhere", "not a directory", id="no folder"),
    ],
)
def test_distill_rejects_invalid_input(tc: CommandLine, tmp_path: Path, rollup: str, folder: str, line: str) -> None:
    """
    It writes nothing.
    """
    (tmp_path / "rollup.json").write_text(json.dumps(ROLLUP))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text("[1]")
    (tmp_path / "out").mkdir()
    result = tc("references", "distill", str(tmp_path / rollup), "-o", str(tmp_path / folder))

    assert (2, b"") == (result.exit_code, result.output)
    assert line in result.stderr
    assert 1 == result.stderr.count("\n")
    assert [] == list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("service", references.service_names())
def test_built_in_files_have_the_converted_form(service: str) -> None:
    """
    One compact record per line: service, methods, exchanges, schemas.
    """
    from pathlib import Path

    text = (Path(DATA_DIRECTORY) / f"{service}.jsonl").read_text("utf-8")
    lines = text.splitlines()

    assert text == "".join(
        json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records(text)
    )
    kinds = [next(iter(json.loads(line))) for line in lines]
    assert kinds == sorted(kinds, key=["service", "method", "exchange", "schema"].index)
