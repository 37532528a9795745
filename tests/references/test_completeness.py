"""
The references are complete, and hold together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft6Validator
from referencing import Registry
from referencing.jsonschema import DRAFT6

from tccli import references
from tccli.errors import UsageError
from tccli.references.model import load_idempotency_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SUMMARY = 68
SERVICES = [references.service(name) for name in references.service_names()]
METHODS = [method for service in SERVICES for method in service.methods.values()]
EXCHANGES = [exchange for service in SERVICES for exchange in service.exchanges.values()]
EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=[service.name for service in SERVICES])
EVERY_METHOD = pytest.mark.parametrize("method", METHODS, ids=[method.id for method in METHODS])
EVERY_EXCHANGE = pytest.mark.parametrize(
    "exchange", EXCHANGES, ids=[f"{exchange.service}.{exchange.name}" for exchange in EXCHANGES]
)
PROSE = {"title", "description", "$id", "$schema", "examples"}
NAMES = {"properties", "patternProperties", "definitions", "dependencies"}


def test_nothing_is_missing() -> None:
    """
    11 services, 188 methods, 37 exchanges, all of one release.
    """
    assert (11, 188, 37) == (len(SERVICES), len(METHODS), len(EXCHANGES))
    assert {"113.2.0"} == {service.release for service in SERVICES}


@EVERY_SERVICE
def test_a_service_is_found_by_its_file(service: references.ServiceReference) -> None:
    """
    The name in the file is the file's; the quick ways to read it say what the slow one says.
    """
    assert service.name in references.service_names()
    assert list(service.methods) == references.built_in().service(service.name).method_names
    assert service.summary == references.built_in().service(service.name).summary
    assert all(method == references.method(service.name, name) for name, method in service.methods.items())
    assert re.fullmatch(r"v\d+", service.version)


@EVERY_METHOD
def test_a_method_is_whole(method: references.Method) -> None:
    """
    Verb, route, stability; arguments and query options under names that a command can have.
    """
    assert method.verb in {"GET", "PUT", "POST", "DELETE"}
    assert method.stability in {"stable", "experimental", "deprecated"}
    assert re.fullmatch(r"(/([\w.-]+|<\w+>))+/?", method.route)
    assert len(method.args) == method.route.count("<")
    assert len(set(method.args)) == len(method.args)
    assert all(re.fullmatch(r"\w+", name) for name in method.query)
    assert method.takes_payload or method.input is None


@EVERY_METHOD
def test_schemas_of_a_method_are_there(method: references.Method) -> None:
    """
    Both ways.
    """
    known = method.reference.schemas

    assert all(name in known for name in (method.input, method.output) if name is not None)


@EVERY_METHOD
def test_scopes_speak_of_what_there_is(method: references.Method) -> None:
    """
    Each expression is one of the five forms, and a ``<name>`` in it that is an argument's is spelled like it.
    """

    def check(expression: Any) -> None:
        match expression:
            case None | str():
                pass
            case {"AllOf": parts, **rest} | {"AnyOf": parts, **rest} if not rest:
                for part in parts:
                    check(part)
            case {"for": str(), "in": str(), "each": str(), **rest} if not rest:
                pass
            case {"if": str(), "then": then, **rest} if rest.keys() <= {"else"}:
                check(then)
                check(rest.get("else"))
            case _:
                pytest.fail(f"{method.id}: {expression!r}")

    check(method.scopes)
    folded = {name.lower(): name for name in method.args}
    for name in re.findall(r"<(\w+)>", str(method.scopes)):
        assert folded.get(name.lower(), name) == name


@EVERY_EXCHANGE
def test_an_exchange_is_whole(exchange: references.Exchange) -> None:
    """
    Its name at the broker, its keys, its message's schema.
    """
    assert re.fullmatch(r"exchange/taskcluster-[\w-]+/v\d+/[\w-]+", exchange.exchange)
    assert exchange.keys
    assert exchange.schema is None or exchange.schema in exchange.reference.schemas
    assert not any(key.multiple_words for key in exchange.keys[:-1])
    assert len({key.name for key in exchange.keys}) == len(exchange.keys)


@pytest.mark.parametrize(
    "summary",
    [pytest.param(service.summary, id=service.name) for service in SERVICES]
    + [pytest.param(method.summary, id=method.id) for method in METHODS]
    + [pytest.param(exchange.summary, id=f"{exchange.service}.{exchange.name} event") for exchange in EXCHANGES],
)
def test_everything_has_a_summary(summary: str) -> None:
    """
    One short line that begins with a capital and does not end with a full stop: it stands in a list.
    """
    assert 0 < len(summary) <= LONGEST_SUMMARY
    assert summary == " ".join(summary.split())
    assert not summary.endswith(".")
    assert summary[0].isupper()


def test_no_summary_is_there_twice_in_a_service() -> None:
    """
    Whoever reads a list can tell its lines apart.
    """
    for service in SERVICES:
        summaries = [method.summary for method in service.methods.values() if method.category != "Monitoring"]
        assert len(set(summaries)) == len(summaries)


@EVERY_SERVICE
def test_every_reference_among_schemas_resolves(service: references.ServiceReference) -> None:
    """
    By the rules of JSON Schema, from where it stands; and each schema is one.
    """
    schemas = service.schemas
    registry: Registry[Any] = Registry().with_resources(
        (name, DRAFT6.create_resource(body)) for name, body in schemas.items()
    )
    for name, body in schemas.items():
        Draft6Validator.check_schema(body)
        resolver = registry.resolver(base_uri=name)
        for reference in targets(body):
            assert resolver.lookup(reference).contents is not None


def targets(schema: Any) -> Iterator[str]:
    """
    Yield what a schema refers to.
    """
    match schema:
        case {"$ref": str(target)}:
            yield target
        case dict():
            for value in schema.values():
                yield from targets(value)
        case list():
            for value in schema:
                yield from targets(value)


@EVERY_SERVICE
def test_no_prose_is_left(service: references.ServiceReference) -> None:
    """
    Facts only.
    """

    def check(schema: Any, *, names: bool = False) -> None:
        if isinstance(schema, list):
            for each in schema:
                check(each)
        elif isinstance(schema, dict):
            assert names or not PROSE & schema.keys()
            for key, value in schema.items():
                if names or key not in {"const", "enum", "default"}:
                    check(value, names=not names and key in NAMES)

    for body in service.schemas.values():
        check(body)


def test_what_is_not_idempotent_exists() -> None:
    """
    A name that no method has would protect nobody.
    """
    marks = load_idempotency_marks()

    assert not marks.keys() - {method.id for method in METHODS}
    assert all(mark["reason"] for mark in marks.values())
    unconditional = {name for name, mark in marks.items() if "when" not in mark}
    assert unconditional == {method.id for method in METHODS if not method.is_idempotent}


@pytest.mark.parametrize(
    ("service", "method", "payload", "may_repeat"),
    [
        pytest.param("queue", "createTask", {"storageType": "object"}, True, id="idempotent"),
        pytest.param("queue", "claimWork", {}, False, id="never"),
        pytest.param("queue", "createArtifact", {"storageType": "s3"}, True, id="another value"),
        pytest.param("queue", "createArtifact", {"storageType": "object"}, False, id="the value"),
        pytest.param("queue", "createArtifact", None, True, id="no payload"),
        pytest.param("worker-manager", "createWorkerPool", {"config": {"launchConfigs": []}}, True, id="empty"),
        pytest.param("worker-manager", "createWorkerPool", {"config": {"launchConfigs": [{}]}}, False, id="not empty"),
        pytest.param("worker-manager", "createWorkerPool", {"config": []}, True, id="a path that leads nowhere"),
    ],
)
def test_some_calls_may_be_repeated(service: str, method: str, payload: Any, may_repeat: bool) -> None:
    """
    For a few methods it depends on the payload.
    """
    assert references.method(service, method).may_repeat(payload) is may_repeat


@pytest.mark.parametrize(
    ("service", "method"), [("zebra", "ping"), ("queue", "zebra"), ("../x", "ping"), ("queue", 'a"b')]
)
def test_what_is_not_there_is_said(service: str, method: str) -> None:
    """
    As an error of the command line.
    """
    with pytest.raises(UsageError, match=r"^no (service|method) "):
        references.method(service, method)
