"""
The parts of a method's documentation in ``--help`` and in manual pages, as rows of names and texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.references import method_docs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tccli import references
    from tccli.core.schemas.fields import Field
    from tccli.references import Method
    from tccli.references.method_docs import MethodDocs

# The lists in scope expressions are variables of the services; these are the words for their elements.
SCOPE_LISTS = {
    "indexPaths": "every index path in the payload",
    "names": "the artifact's name and every name that its links lead to",
    "priorities": "the task's priority or a higher one",
    "properties": "every field in the payload",
    "repoPerms": "every <repository>:<permission>:<level> that the payload asks for",
    "routes": "every route in the payload",
    "scopes": "every scope in the payload",
    "scopesAdded": "every scope that the update adds",
    "taskIds": "every taskId in the payload",
}

SCOPE_CONDITIONS = {"levelIsReadOnly": "level is read-only"}


class Section:
    """
    Rows of a name and a text under a heading. In a text, a line break separates facts and description of a field.
    """

    # Not a named tuple: to define one takes a hundredth of a start.
    def __init__(self, heading: str, rows: Sequence[tuple[str, str]]) -> None:
        self.heading = heading
        self.rows = rows


def find_method_docs(method: Method) -> MethodDocs:
    """
    Return the bundled documentation of a method, with a Repeating part for every method that only reads.

    It is empty if the method of a fetched reference has another verb or route than the bundled one.
    """
    if not _is_bundled(method):
        return method_docs.MethodDocs()
    found = method_docs.load_method_docs(method.service, method.name)
    if method.verb != "GET" or not found.paragraphs or "Repeating" in dict(found.parts):
        return found
    parts = sorted([*found.parts, ("Repeating", "idempotent.")], key=lambda part: method_docs.LABELS.index(part[0]))
    return method_docs.MethodDocs(found.paragraphs, tuple(parts), found.example)


def find_field_docs(method: Method) -> Mapping[str, str]:
    """
    Return the bundled descriptions of the fields of a method's payload, by path.
    """
    return method_docs.load_field_docs(method.service, method.input) if method.input and _is_bundled(method) else {}


def _is_bundled(method: Method) -> bool:
    if method.reference.is_built_in:
        return True
    from tccli.references import deployment_docs

    return deployment_docs.matches_built_in(method)


def find_deployment_docs(method: Method) -> Sequence[str]:
    """
    Return the deployment's own description of a method, if its references were fetched: paragraphs and indented code.
    """
    if method.reference.is_built_in:
        return ()
    from tccli.references import deployment_docs

    return deployment_docs.load_method_docs(method)


def find_deployment_service_docs(library: references.ReferenceSet, service: str) -> Sequence[str]:
    """
    Return the deployment's own description of a service, like :func:`find_deployment_docs`.
    """
    reference = library.service(service)
    if reference.is_built_in:
        return ()
    from tccli.references import deployment_docs

    return deployment_docs.load_service_docs(reference)


def build_sections(method: Method) -> list[Section]:
    """
    Return what the reference defines: request, scopes, arguments, payload and response; without the empty sections.
    """
    sections = [
        Section("Request", _request_rows(method)),
        Section("Scopes", _scope_rows(method.scopes)),
        Section("Arguments", [(f"<{name}>", describe_parameter(method, name)) for name in method.args]),
        Section("Payload", [_payload_row(field) for field in _payload_fields(method)]),
        Section("Response", [_response_row(field) for field in _response_fields(method)]),
    ]
    return [section for section in sections if section.rows]


def describe_parameter(method: Method, name: str) -> str:
    """
    Return the description of a path argument or a query option, with an example and its pattern.
    """
    docs = method_docs.load_parameter_docs(method, name)
    details = [f"example: {docs.example}" if docs.example else "", f"pattern: {docs.pattern}" if docs.pattern else ""]
    return "; ".join(part for part in ((docs.description or f"The API's {name}.").removesuffix("."), *details) if part)


def format_scopes(expression: Any) -> str:
    """
    Return a scope expression in words.
    """
    match expression:
        case str():
            return expression
        case {"AllOf": [only]}:
            return format_scopes(only)
        case {"AllOf": parts}:
            return "(" + " and ".join(format_scopes(part) for part in parts) + ")"
        case {"AnyOf": [{"for": name, "in": variable, "each": each}]}:
            return f"one of {each}, where <{name}> is {SCOPE_LISTS.get(variable, f'one of {variable}')}"
        case {"AnyOf": parts}:
            return "(" + " or ".join(format_scopes(part) for part in parts) + ")"
        case {"for": name, "in": variable, "each": each}:
            return f"{each} for {SCOPE_LISTS.get(variable, f'every {name} of {variable}')}"
        case {"if": _, "then": _}:
            return ", ".join(f"{label}: {text}" for label, text in _condition_rows(expression))
        case _:
            return ""


def format_condition(name: str) -> str:
    """
    Return the condition of a scope expression in words.
    """
    return SCOPE_CONDITIONS.get(name, name)


def _request_rows(method: Method) -> list[tuple[str, str]]:
    payload = "none"
    if method.takes_payload:
        payload = f"JSON, {method.input}" if method.input else "JSON; no schema is published"
    return [
        (method.verb, f"/api/{method.service}/{method.version}{method.route}"),
        ("Stability", method.stability),
        ("Payload", payload),
        ("Response", f"JSON, {method.output}" if method.output else "no schema is published"),
    ]


def _scope_rows(expression: Any) -> list[tuple[str, str]]:
    """
    Return a row for each part of the expression's outermost AllOf, AnyOf or condition.
    """
    match expression:
        case None:
            return [("none", "")]
        case {"AllOf": [{"for": _} as only]}:
            return [("all of", format_scopes(only))]
        case {"AllOf": [only]}:
            return _scope_rows(only)
        case {"AllOf": [_, *_] as parts}:
            return _join("all of", "and", parts)
        case {"AnyOf": [_, _, *_] as parts}:
            return _join("one of", "or", parts)
        case {"if": _, "then": _}:
            return _condition_rows(expression)
        case _:
            return [(format_scopes(expression) or "none", "")]


def _join(first: str, then: str, parts: Sequence[Any]) -> list[tuple[str, str]]:
    return [(then if place else first, format_scopes(part)) for place, part in enumerate(parts)]


def _condition_rows(expression: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [(f"if {format_condition(expression['if'])}", format_scopes(expression["then"]))]
    return [*rows, *([("otherwise", format_scopes(expression["else"]))] if "else" in expression else [])]


def _payload_fields(method: Method) -> list[Field]:
    if method.input is None:
        return []
    from tccli.core.schemas.fields import list_fields

    return list_fields(method.reference.schemas, method.input, find_field_docs(method))


def _response_fields(method: Method) -> list[Field]:
    if method.output is None:
        return []
    from tccli.core.schemas.fields import list_fields

    return list_fields(method.reference.schemas, method.output)


def _payload_row(field: Field) -> tuple[str, str]:
    return _row(field, "required" if field.required else "", field.limits)


def _response_row(field: Field) -> tuple[str, str]:
    return _row(field, "" if field.required else "optional")


def _row(field: Field, *details: str) -> tuple[str, str]:
    if field.form:
        where = f"{field.path}, " if field.path else ""
        return f"({where}form {field.form})", f"{field.kind}:" if field.kind else ""
    facts = "; ".join(part for part in (field.kind, *details) if part)
    return field.path or "(root)", f"{facts}\n{field.description}" if field.description else facts
