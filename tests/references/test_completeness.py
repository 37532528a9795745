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

MAX_SUMMARY_LENGTH = 68
SERVICES = [references.service(name) for name in references.service_names()]
METHODS = [method for service in SERVICES for method in service.methods.values()]
EXCHANGES = [exchange for service in SERVICES for exchange in service.exchanges.values()]
EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=[service.name for service in SERVICES])
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
    It is named like its file, and reading parts of it gives the same as reading all of it.
    """
    assert service.head["service"] == service.name
    assert list(service.methods) == service.method_names
    assert [name for name, method in service.methods.items() if method.record != service.method(name).record] == []
    assert re.fullmatch(r"v\d+", service.version)


def test_methods_are_complete() -> None:
    """
    Verb, route, stability, names that a command can have, and schemas that exist.
    """
    assert [
        method.id
        for method in METHODS
        if method.verb not in {"GET", "PUT", "POST", "DELETE"}
        or method.stability not in {"stable", "experimental", "deprecated"}
        or not re.fullmatch(r"(/([\w.-]+|<\w+>))+/?", method.route)
        or not len(set(method.args)) == len(method.args) == method.route.count("<")
        or not all(re.fullmatch(r"\w+", name) for name in method.query)
        or (method.input is not None and not method.takes_payload)
        or not {method.input, method.output} - {None} <= method.reference.schemas.keys()
    ] == []


def test_scope_expressions_are_valid() -> None:
    """
    Each is one of the five forms, and an argument in it is spelled like in the route.
    """
    misspelled = []

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
                pytest.fail(f"not a scope expression: {expression!r}")

    for method in METHODS:
        check(method.scopes)
        folded = {name.lower(): name for name in method.args}
        names = re.findall(r"<(\w+)>", str(method.scopes))
        misspelled += [f"{method.id}: {name}" for name in names if folded.get(name.lower(), name) != name]

    assert misspelled == []


def test_exchanges_are_complete() -> None:
    """
    Name at the broker, routing key, schema of the message.
    """
    assert [
        exchange.exchange
        for exchange in EXCHANGES
        if not re.fullmatch(r"exchange/taskcluster-[\w-]+/v\d+/[\w-]+", exchange.exchange)
        or not exchange.keys
        or (exchange.schema is not None and exchange.schema not in references.service(exchange.service).schemas)
        or any(key.multiple_words for key in exchange.keys[:-1])
        or len({key.name for key in exchange.keys}) != len(exchange.keys)
    ] == []


def test_everything_has_a_summary() -> None:
    """
    One short line that begins with a capital and does not end with a full stop, for lists.
    """
    summaries = [service.summary for service in SERVICES]
    summaries += [method.summary for method in METHODS] + [exchange.summary for exchange in EXCHANGES]

    assert [
        summary
        for summary in summaries
        if not 0 < len(summary) <= MAX_SUMMARY_LENGTH
        or summary != " ".join(summary.split())
        or summary.endswith(".")
        or not summary[0].isupper()
    ] == []


def test_summaries_differ_within_a_service() -> None:
    """
    So that the lines of a list can be told apart.
    """
    for service in SERVICES:
        summaries = [method.summary for method in service.methods.values() if method.category != "Monitoring"]
        assert len(set(summaries)) == len(summaries)


@EVERY_SERVICE
def test_every_reference_among_schemas_resolves(service: references.ServiceReference) -> None:
    """
    Relative to its schema; and each schema is valid.
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
    Yield the references in a schema.
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
def test_schemas_have_no_prose(service: references.ServiceReference) -> None:
    """
    Nor identifiers.
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


def test_idempotency_marks() -> None:
    """
    Each is about a method that exists, and has a reason.
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
def test_unknown_names_are_errors(service: str, method: str) -> None:
    """
    Of services and methods.
    """
    with pytest.raises(UsageError, match=r"^no (service|method) "):
        references.method(service, method)
