"""
What is taken of references that somebody else wrote, and what is not.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tccli import references, strict_json
from tccli.core.calls import prepare_call
from tccli.errors import UsageError
from tccli.references import deployment_docs
from tccli.references.importing import merge
from tccli.references.importing.errors import InvalidReferenceError
from tccli.references.importing.validate import split_rollup, validate_documents
from tccli.sandbox import references as sandbox
from tests.references.documents import API, CONTENTS, EXCHANGES, rollup, with_method

ROOT = "https://tc.example.com"
API_NAME = "references/greet/v1/api.json"


def accepted(document: Any) -> dict[str, Any]:
    """
    Return the validated documents.
    """
    return validate_documents(split_rollup(document))


def test_the_sandbox_publishes_the_built_in_references() -> None:
    """
    Converted, they are the same.
    """
    library = references.built_in()
    texts = merge.convert_documents(validate_documents(sandbox.published()), library)

    assert set(library.services) == set(texts)
    for name, text in texts.items():
        assert library.service(name).methods.keys() == references.ServiceReference("x", text).methods.keys()


def test_a_roll_up_is_accepted() -> None:
    """
    References and the schemas of their services; other documents are left out.
    """
    found = accepted(rollup())

    assert {name for name in CONTENTS if "greet/v1" in name and "logs" not in name} == set(found)
    assert ["hello", "listGreeted"] == [entry["name"] for entry in found[API_NAME]["entries"]]


def test_unknown_keys_are_left_out() -> None:
    """
    Such as a base URL.
    """
    evil = {**with_method(baseUrl="https://evil.example"), "baseUrl": "https://evil.example", "rootUrl": "https://evil"}

    assert "evil" not in json.dumps(accepted(evil))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"route": "//evil.example/<name>"}, "route", id="a route that begins with two slashes"),
        pytest.param({"route": "hello/<name>"}, "route", id="a route that begins with none"),
        pytest.param({"route": "@evil.example/<name>"}, "route", id="a route that ends a user's name"),
        pytest.param({"route": ".evil.example/<name>"}, "route", id="a route that goes on a host"),
        pytest.param({"route": "/../../auth/v1/<name>"}, "route", id="up"),
        pytest.param({"route": "/a/./<name>"}, "route", id="here"),
        pytest.param({"route": "/a//<name>"}, "route", id="an empty segment"),
        pytest.param({"route": "/%2e%2e/<name>"}, "route", id="encoded"),
        pytest.param({"route": "/a\\<name>"}, "route", id="a backslash"),
        pytest.param({"route": "/a?x=<name>"}, "route", id="a query"),
        pytest.param({"route": "/a#<name>"}, "route", id="a fragment"),
        pytest.param({"route": "/a\n/<name>"}, "route", id="a line break"),
        pytest.param({"route": "/<name>\n"}, "route", id="a line break at the end"),
        pytest.param({"route": "/a\u2025/<name>"}, "route", id="another alphabet"),
        pytest.param({"route": "/.<name>"}, "route", id="an argument that may become two dots"),
        pytest.param({"route": "/<name"}, "route", id="an argument without an end"),
        pytest.param({"route": "/<na me>"}, "route", id="an argument with a space"),
        pytest.param({"route": "/<name>/<name>", "args": ["name", "name"]}, "args", id="an argument twice"),
        pytest.param({"route": "/" + "a" * 1001 + "/<name>"}, "route", id="a long route"),
        pytest.param({"route": ["/hello/<name>"]}, "route", id="a route that is a list"),
        pytest.param({"args": []}, "args", id="arguments that are missing"),
        pytest.param({"args": ["name", "more"]}, "args", id="arguments that are not in the route"),
        pytest.param({"args": "name"}, "args", id="arguments that are text"),
        pytest.param({"method": "connect"}, "method", id="a verb that no API has"),
        pytest.param({"method": "GET / HTTP/1.1\r\nx: "}, "method", id="a verb that is a request"),
        pytest.param({"method": None}, "method", id="no verb"),
        pytest.param({"name": ""}, "name", id="an empty name"),
        pytest.param({"name": "--help"}, "name", id="a name that is an option"),
        pytest.param({"name": "a b"}, "name", id="a name with a space"),
        pytest.param({"name": "a" * 65}, "name", id="a long name"),
        pytest.param({"name": "list_greeted"}, "names", id="a name that is another's but for the spelling"),
        pytest.param({"name": "listGreeted"}, "names", id="a name twice"),
        pytest.param({"query": ["a=b&c"]}, "query", id="a query option that is several"),
        pytest.param({"query": ["loud", "LOUD"]}, "query", id="a query option twice"),
        pytest.param({"query": [1]}, "query", id="a query option that is a number"),
        pytest.param({"scopes": {"AllOf": ["a"], "AnyOf": ["b"]}}, "scopes", id="two kinds of scopes"),
        pytest.param({"scopes": {"AllOf": "a"}}, "AllOf", id="all of a text"),
        pytest.param({"scopes": ["a"]}, "scopes", id="a list of scopes"),
        pytest.param({"scopes": "a\x1b[31m"}, "scope", id="a scope that steers the terminal"),
        pytest.param({"scopes": {"for": "a", "in": "b", "each": "c"}}, "scopes", id="several scopes that stand alone"),
        pytest.param({"scopes": {"if": "a b", "then": "c"}}, "if", id="a condition that is no name"),
        pytest.param({"scopes": {"if": "a"}}, "scopes", id="a condition without consequence"),
        pytest.param({"stability": "shaky"}, "stability", id="a stability of its own"),
        pytest.param({"stability": ["stable"]}, "stability", id="a list of stabilities"),
        pytest.param({"type": "topic-exchange"}, "type", id="another type"),
        pytest.param({"title": 1}, "title", id="a title that is a number"),
        pytest.param({"description": "x" * 100_001}, "description", id="a book"),
        pytest.param({"input": {"type": "object"}}, "input", id="a schema in place"),
    ],
)
def test_invalid_methods_are_rejected(changes: dict[str, Any], word: str) -> None:
    """
    They would call something else, or could not be called; the message names the place.
    """
    with pytest.raises(InvalidReferenceError, match=r"entries\[.*\b" + word + r"\b|: " + word) as refusal:
        accepted(with_method(**changes))
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("route", "url"),
    [
        pytest.param("/workers/<name>:/x", "workers/a%2Fb:/x", id="colon behind"),
        pytest.param("/<name>.json", "a%2Fb.json", id="suffix"),
        pytest.param("/pre-<name>", "pre-a%2Fb", id="prefix"),
        pytest.param("/x/..<name>", "x/..a%2Fb", id="more than two dots"),
        pytest.param("/x/v1,<name>;q=1", "x/v1,a%2Fb;q=1", id="other characters of a path"),
    ],
)
def test_an_argument_may_be_a_part_of_a_segment(route: str, url: str) -> None:
    """
    If no value can make two dots of it.
    """
    found = accepted(with_method(route=route))
    library = references.built_in().override_contents(merge.convert_documents(found, references.built_in()), "x")
    call = prepare_call(ROOT, library.method("greet", "hello"), ["a/b"])

    assert f"{ROOT}/api/greet/v1/{url}" == call.url


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"route": "/x/(<name>)"}, id="brackets"),
        pytest.param({"route": "/.<name>"}, id="an argument that may become two dots"),
        pytest.param({"route": "/<name><name2>", "args": ["name", "name2"]}, id="two arguments without a border"),
        pytest.param({"route": "/<name>*"}, id="asterisk"),
        pytest.param({"route": "/<name>+"}, id="plus sign"),
        pytest.param({"method": "query"}, id="a verb that is not known"),
        pytest.param({"type": "stream"}, id="another type"),
        pytest.param({"stability": "frozen"}, id="another stability"),
        pytest.param({"scopes": {"NoneOf": ["a"]}}, id="another expression of scopes"),
    ],
)
def test_a_method_that_cannot_be_called_is_left_out(changes: dict[str, Any]) -> None:
    """
    The others remain, and a line names it.
    """
    skipped: list[str] = []
    found = validate_documents(split_rollup(with_method(**changes)), skipped.append)

    assert ["listGreeted"] == [entry["name"] for entry in found[API_NAME]["entries"]]
    assert 1 == len(skipped)
    assert skipped[0].startswith("greet.hello: ")
    assert skipped[0].isprintable()


def test_a_schema_of_another_draft_is_left_out() -> None:
    """
    The payload is not checked then.
    """
    skipped: list[str] = []
    documents = split_rollup(rollup({**CONTENTS, "schemas/greet/v1/hello.json": {"exclusiveMinimum": True}}))

    assert "schemas/greet/v1/hello.json" not in validate_documents(documents, skipped.append)
    assert ["hello.json"] == [line.partition(":")[0] for line in skipped]


@pytest.mark.parametrize(
    "route", ["//evil.example/<name>", "/../<name>", "/a\\<name>", "/<name>?x", "/a b/<name>", "/\u2025/<name>"]
)
def test_a_hostile_route_is_rejected_nevertheless(route: str) -> None:
    """
    With all that comes with it.
    """
    skipped: list[str] = []
    with pytest.raises(InvalidReferenceError):
        validate_documents(split_rollup(with_method(route=route)), skipped.append)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"serviceName": "evil.example/x"}, id="a host"),
        pytest.param({"serviceName": "../auth"}, id="another place"),
        pytest.param({"serviceName": "Greet"}, id="capitals"),
        pytest.param({"serviceName": "a" * 23}, id="long"),
        pytest.param({"serviceName": "-x"}, id="an option"),
        pytest.param({"serviceName": None}, id="none"),
        pytest.param({"apiVersion": "v1/.."}, id="a version that is a path"),
        pytest.param({"apiVersion": 1}, id="a version that is a number"),
        pytest.param({"entries": {}}, id="entries that are no list"),
        pytest.param({"entries": [1]}, id="entries that are numbers"),
        pytest.param({"entries": [API["entries"][0]] * 2001}, id="too many entries"),
    ],
)
def test_invalid_services_are_rejected(changes: dict[str, Any]) -> None:
    """
    With service discovery, a name is a part of the host.
    """
    with pytest.raises(InvalidReferenceError):
        accepted({**API, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exchange": "a b"}, id="a name that the broker does not have"),
        pytest.param({"routingKey": [{"name": "a b", "multipleWords": False}]}, id="a key that is no name"),
        pytest.param({"routingKey": [{"name": "a", "multipleWords": 1}]}, id="a number of words"),
        pytest.param({"routingKey": [{"name": "a", "constant": "x.y#"}]}, id="a constant that is a pattern"),
        pytest.param({"routingKey": [{"name": "a"}, {"name": "A"}]}, id="a key twice"),
        pytest.param({"routingKey": None}, id="no keys"),
        pytest.param({"schema": 1}, id="a schema that is a number"),
    ],
)
def test_invalid_exchanges_are_rejected(changes: dict[str, Any]) -> None:
    """
    The message names the place.
    """
    with pytest.raises(InvalidReferenceError, match=r"exchanges\.json.*entries\[0\]"):
        accepted({**EXCHANGES, "entries": [{**EXCHANGES["entries"][0], **changes}]})


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="an object"),
        pytest.param([], id="nothing"),
        pytest.param([1], id="a list of something else"),
        pytest.param([{"filename": API_NAME}], id="no content"),
        pytest.param([{"content": API}], id="no name"),
        pytest.param(rollup() + rollup()[:1], id="a document twice"),
        pytest.param(rollup({"references/other/v1/api.json": API}), id="a service under another name"),
        pytest.param(rollup({"references/greet/v2/api.json": API}), id="a version under another name"),
        pytest.param(
            rollup({API_NAME: API, "references/greet/v2/api.json": {**API, "apiVersion": "v2"}}), id="two versions"
        ),
        pytest.param(
            rollup({API_NAME: API, "references/gre-et/v1/api.json": {**API, "serviceName": "gre-et"}}),
            id="a service in two spellings",
        ),
        pytest.param(rollup({**CONTENTS, "schemas/greet/v1/hello.json": []}), id="a schema that is a list"),
        pytest.param(
            rollup({**CONTENTS, "schemas/greet/v1/hello.json": {"enum": ["\x1b]0;x\x07"]}}), id="a schema that steers"
        ),
    ],
)
def test_other_documents_are_rejected(document: Any) -> None:
    """
    With one kind of error.
    """
    with pytest.raises(InvalidReferenceError):
        accepted(document)


def test_text_has_no_control_characters() -> None:
    """
    Nor escape sequences, nor marks that change the direction.
    """
    title = "a\x1b[31mb\x1b]8;;http://evil\x07c\x9b1md\u202ee\rf\ng"
    found = accepted(with_method(title=title, description=title, category=title))[API_NAME]["entries"][0]

    assert ("abcdef g", "abcdef g") == (found["title"], found["category"])
    assert "abcdef\ng" == found["description"]


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "http://127.0.0.1:1/x.json#"}, id="the web"),
        pytest.param({"$ref": "file:///etc/passwd"}, id="a file"),
        pytest.param({"$ref": "../../auth/v1/x.json#"}, id="another folder"),
        pytest.param({"$ref": "nowhere.json#"}, id="nothing"),
        pytest.param({"$ref": "answer.json#/definitions/nothing"}, id="no place"),
        pytest.param({"items": {"$ref": "answer.json#/definitions/lost"}}, id="what leads elsewhere in turn"),
    ],
)
def test_a_schema_that_refers_elsewhere_is_left_out(schema: dict[str, Any]) -> None:
    """
    Its method remains, and the payload is not checked. Nothing is fetched for a ``$ref``.
    """
    answer = {"definitions": {"lost": {"$ref": "other.json#"}}}
    found = accepted(
        rollup({**CONTENTS, "schemas/greet/v1/hello.json": schema, "schemas/greet/v1/answer.json": answer})
    )
    library = references.built_in().override_contents(merge.convert_documents(found, references.built_in()), "x")
    method = library.method("greet", "hello")

    assert "schemas/greet/v1/hello.json" not in found
    assert (True, None) == (method.takes_payload, method.input)


def json_values() -> st.SearchStrategy[Any]:
    """
    Return JSON values, some of them hostile.
    """
    evil = [
        "//evil.example/",
        "/../x",
        "@evil.example",
        ".",
        "..",
        "/<a>/<a>",
        "/<__class__>",
        "evil.example/#",
        "\x1b[2J",
        "\u2028",
        "a\nb",
        "https://evil.example/x.json#",
        "v1/hello.json#",
        "v2/../hello.json",
        "data",
        "help",
        "continuationToken",
        "limit",
        "constructor",
        "${x}",
        "%n",
        "{0}",
    ]
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    nested = st.recursive(
        leaves | st.sampled_from(evil),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
    return nested | st.sampled_from(evil)


@st.composite
def mutated(draw: st.DrawFn) -> list[dict[str, Any]]:
    """
    Return the roll-up with up to four parts replaced, removed, duplicated or renamed.
    """
    document = copy.deepcopy(rollup())
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(document))
        parent, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "remove", "double", "rename"])):
            case "replace":
                parent[key] = draw(json_values())
            case "remove":
                del parent[key]
            case "double" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[key]))
            case "rename" if isinstance(parent, dict):
                parent[draw(st.sampled_from(["$ref", "items", "input", "for", "x", "constant"]))] = parent.pop(key)
    return document


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


@given(document=mutated(), values=st.lists(st.text(min_size=1, max_size=6), min_size=20, max_size=20))
@settings(max_examples=300)
def test_accepted_references_stay_below_their_service(document: list[dict[str, Any]], values: list[str]) -> None:
    """
    For all accepted values of arguments, every URL is one of the service at the deployment. What is stored can be read
    again, and has no control characters.
    """
    try:
        texts = merge.convert_documents(accepted(strict_json.loads(json.dumps(document))), references.built_in())
    except (InvalidReferenceError, strict_json.StrictJsonError) as error:
        assert str(error).isprintable()
        return
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", b"".join(texts.values()).decode())
    for name, text in texts.items():
        service = references.ServiceReference(name, text)
        assert name == service.head["service"]
        for method in service.methods.values():
            _stays_below(method, values)
            deployment_docs.load_method_docs(method)
        assert service.schemas is not None


def _stays_below(method: references.Method, values: list[str]) -> None:
    below = f"{ROOT}/api/{method.service}/{method.version}/"
    query = dict(zip(method.query, values, strict=False))
    for base in (ROOT, f"http://taskcluster-{method.service}"):
        try:
            url = prepare_call(base, method, values[: len(method.args)], query).url
        except UsageError:
            continue
        parts = urlsplit(url)
        assert url.startswith(below.replace(ROOT, base))
        assert parts.hostname in {"tc.example.com", f"taskcluster-{method.service}"}
        assert re.fullmatch(r"taskcluster-[a-z0-9_-]+|tc\.example\.com", parts.netloc)
        assert not {".", "..", ""} & set(parts.path.rstrip("/").split("/")[1:])
        assert "#" not in url
        assert ("?" in url) == bool(query)


@given(text=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_rejected_or_accepted(text: bytes) -> None:
    """
    With two kinds of errors: for JSON, and for references.
    """
    try:
        accepted(strict_json.loads(text))
    except (InvalidReferenceError, strict_json.StrictJsonError) as error:
        assert str(error)
