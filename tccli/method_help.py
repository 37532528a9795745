"""
What ``--help`` says of a method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tccli.references import Method


def facts(method: Method) -> list[tuple[str, str]]:
    """
    Return what the reference says of a method, as names and texts.
    """
    payload = "none"
    if method.takes_payload:
        payload = f"JSON, matching {method.input}" if method.input else "JSON"
    facts = [
        ("Request", f"{method.verb} /api/{method.service}/{method.version}{method.route}"),
        ("Arguments", " ".join(f"<{name}>" for name in method.args) or "none"),
        ("Payload", payload),
        ("Answer", f"JSON, matching {method.output}" if method.output else "not described by a schema"),
        ("Stability", method.stability),
        ("Scopes", scopes(method.scopes) or "none"),
    ]
    return [(f"{name}:", text) for name, text in facts]


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


def meaning(query: str) -> str:
    """
    Return what a query option is for.
    """
    match query:
        case "continuationToken":
            return "Go on after the page whose answer held this token."
        case "limit":
            return "Entries a page, at most 1000."
        case _:
            return f"The API's {query}."
