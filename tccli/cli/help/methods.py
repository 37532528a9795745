"""
What ``--help`` and the manual pages say of a method, as rows of names and texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import references
from tccli.references import method_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.schemas.fields import Field
    from tccli.references import Method


class Section(NamedTuple):
    """
    Rows under a heading.
    """

    heading: str
    rows: Sequence[tuple[str, str]]


def said(method: Method) -> method_docs.Words:
    """
    Return our own words about a method; there are none about one that has another verb or route than ours.
    """
    if not is_built_in(method.service, method.source):
        from tccli.references import deployment_docs

        if not deployment_docs.is_as_built_in(method):
            return method_docs.Words((), "")
    return method_docs.of_method(method.service, method.name)


def said_by_deployment(method: Method) -> Sequence[str]:
    """
    Return what the deployment says of a method, if its references are in use: paragraphs, and lines of code, indented.
    """
    if is_built_in(method.service, method.source):
        return ()
    from tccli.references import deployment_docs

    return deployment_docs.of_method(method)


def said_of_service(library: references.Library, service: str) -> Sequence[str]:
    """
    Return what the deployment says of a service, likewise.
    """
    source = library.source(service)
    if is_built_in(service, source):
        return ()
    from tccli.references import deployment_docs

    return deployment_docs.of_service(source)


def is_built_in(service: str, source: str) -> bool:
    """
    Say whether a service comes along, so that nobody else has said anything about it.
    """
    return references.built_in().files.get(service) == source


def sections(method: Method) -> list[Section]:
    """
    Return what the references say of a method: how it is requested, its arguments, its payload and its answer.
    """
    found = [
        Section("Request", facts(method)),
        Section("Scopes", _scope_rows(method.scopes)),
        Section("Arguments", [(f"<{name}>", parameter(method, name)) for name in method.args]),
        Section("Payload", [_payload_row(field) for field in _fields(method, method.input)]),
        Section("Answer", [_answer_row(field) for field in _fields(method, method.output)]),
    ]
    return [section for section in found if section.rows]


def facts(method: Method) -> list[tuple[str, str]]:
    """
    Return verb and route, stability, and what goes in and out.
    """
    payload = "none"
    if method.takes_payload:
        payload = f"JSON, {method.input}" if method.input else "JSON; no schema is published"
    return [
        (method.verb, f"/api/{method.service}/{method.version}{method.route}"),
        ("Stability", method.stability),
        ("Payload", payload),
        ("Answer", f"JSON, {method.output}" if method.output else "not described by a schema"),
    ]


def parameter(method: Method, name: str) -> str:
    """
    Return what a path argument or a query option is for, what it looks like, and an example.
    """
    said = method_docs.of_parameter(method, name)
    looks = [f"example: {said.example}" if said.example else "", f"pattern: {said.pattern}" if said.pattern else ""]
    return "; ".join(part for part in ((said.meaning or f"The API's {name}.").removesuffix("."), *looks) if part)


def scopes(expression: Any) -> str:
    """
    Return a scope expression as a person reads it.
    """
    match expression:
        case str():
            return expression
        case {"AllOf": parts}:
            return " and ".join(scopes(part) for part in parts)
        case {"AnyOf": parts}:
            return "(" + " or ".join(scopes(part) for part in parts) + ")"
        case {"for": name, "in": names_, "each": each}:
            return f"{each} for each {name} of {names_}"
        case {"if": condition, "then": then, **rest}:
            return f"if {condition}: {scopes(then)}" + (f", else: {scopes(rest['else'])}" if "else" in rest else "")
        case _:
            return ""


def _scope_rows(expression: Any) -> list[tuple[str, str]]:
    """
    Return a scope expression with a row for each of the parts that it joins at its top.
    """
    match expression:
        case None:
            return [("none", "")]
        case {"AllOf": [_, _, *_] as parts}:
            return _joined("all of", "and", parts)
        case {"AnyOf": [_, _, *_] as parts}:
            return _joined("one of", "or", parts)
        case _:
            return [(scopes(expression) or "none", "")]


def _joined(first: str, then: str, parts: Sequence[Any]) -> list[tuple[str, str]]:
    return [(then if place else first, scopes(part)) for place, part in enumerate(parts)]


def _fields(method: Method, schema: str | None) -> list[Field]:
    """
    Return the fields that a schema allows.
    """
    if schema is None:
        return []
    from tccli.core.schemas.fields import fields

    return fields(references.schemas(method.source), schema)


def _payload_row(field: Field) -> tuple[str, str]:
    return _row(field, "required" if field.required else "", field.limits)


def _answer_row(field: Field) -> tuple[str, str]:
    return _row(field, "" if field.required else "may be missing")


def _row(field: Field, *said: str) -> tuple[str, str]:
    if field.form:
        where = f"{field.path}, " if field.path else ""
        return f"({where}form {field.form})", f"{field.kind}:" if field.kind else ""
    return field.path or "(the whole)", "; ".join(part for part in (field.kind, *said) if part)
