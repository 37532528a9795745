"""
What one call of a method needs: its scope template, filled in with as much as is known of the call.

Pure. Most of what a template names are path arguments, query options, and properties of the payload. The rest is worked
out here as the services do it, and what only the deployment knows, such as the scheduler of a task, stays a ``<name>``.

Source: taskcluster/taskcluster, what each service hands to ``req.authorize``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.core import scopes
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.core.scopes import Expression
    from tccli.references import Method

NOTHING: Expression = {"AllOf": []}
"""What is always satisfied."""

PRIORITIES = ("highest", "very-high", "high", "medium", "low", "very-low", "lowest")


def scope_parameters(
    method: Method,
    args: Mapping[str, str],
    query: Mapping[str, str],
    payload: Mapping[str, Any] | None,
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    """
    Return what is known of the parameters of a method's scope template.

    Args:
        args: Path arguments by name; some may be missing.
        query: Query options by name.
        payload: Or None where it is not known, or there is none.
        schema: Of the payload, for what it says of properties that are not given.
    """
    known: dict[str, Any] = {**dict.fromkeys(method.query, ""), **query}
    if payload is not None:
        properties = schema.get("properties", {})
        known |= {name: each["default"] for name, each in properties.items() if _has_default(each)}
        known |= payload
    known |= args
    known |= dict(_derived(known, payload))
    return {name: known[name] for name in scopes.parameters(method.scopes or "") if name in known}


def _derived(known: Mapping[str, Any], payload: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    """
    Yield parameters that are neither arguments nor properties, but follow from them.
    """
    if "name" in known:
        yield "names", [known["name"]]
    if "level" in known:
        yield "levelIsReadOnly", known["level"] == "read-only"
    if isinstance(known.get("taskQueueId"), str) and "provisionerId" not in known:
        yield "provisionerId", known["taskQueueId"].partition("/")[0]
        yield "workerType", known["taskQueueId"].partition("/")[2]
    if payload is None:
        return
    yield "properties", list(payload)
    for given, name in (("indexes", "indexPaths"), ("scopes", "scopesAdded")):
        if given in known:
            yield name, known[given]
    if known.get("priority") in PRIORITIES:
        # Who may create tasks of one priority may create those of every lower one.
        yield "priorities", list(PRIORITIES[: PRIORITIES.index(known["priority"]) + 1])
    permissions, repositories = known.get("permissions"), known.get("repositories")
    if isinstance(permissions, dict) and isinstance(repositories, list):
        yield "repoPerms", [f"{each}:{name}:{level}" for name, level in permissions.items() for each in repositories]


def _has_default(schema: Any) -> bool:
    return isinstance(schema, dict) and "default" in schema


def required_scopes(method: Method, known: Mapping[str, Any]) -> Any:
    """
    Return the expression that a call has to satisfy; what is not known of it stays as in the template.

    Raises:
        UsageError: A value is of another kind than its place asks for.
    """
    if method.scopes is None:
        return NOTHING
    try:
        return _filled(method.scopes, known)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{method.id}: cannot say what is needed: {error}") from None


def missing_parameters(method: Method, known: Mapping[str, Any]) -> list[str]:
    """
    Return the parameters of a method's scope template that are not known.
    """
    return [name for name in scopes.parameters(method.scopes or "") if name not in known]


def _filled(template: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        return scopes.render(template, {**{name: f"<{name}>" for name in scopes.parameters(template)}, **known})
    for key in ("AllOf", "AnyOf"):
        if key in template:
            return {key: [each for part in template[key] for each in _filled_part(part, known)]}
    if "for" in template:
        outside = {name: value for name, value in known.items() if name != template["for"]}
        return {**template, "each": _filled(template["each"], outside)}
    if "if" not in template:
        return scopes.render(template, known)
    if template["if"] in known:
        branch = template["then"] if known[template["if"]] else template.get("else")
        return NOTHING if branch is None else _filled(branch, known)
    return {key: value if key == "if" else _filled(value, known) for key, value in template.items()}


def _filled_part(part: Any, known: Mapping[str, Any]) -> list[Any]:
    """
    Fill in a part of a list: one that stands for several becomes several, if it is known which.
    """
    if isinstance(part, str) or "for" not in part or part["in"] not in known:
        return [_filled(part, known)]
    placeholders = {name: f"<{name}>" for name in scopes.parameters(part)}
    rendered = scopes.render({"AllOf": [part]}, {**placeholders, **known})
    assert isinstance(rendered, dict)
    return list(rendered["AllOf"])


def check_expression(document: Any) -> Expression:
    """
    Return a scope expression that people wrote; a list is all of what is in it.

    Raises:
        UsageError: It is none, or a scope in it is none.
    """
    if isinstance(document, str):
        if not scopes.is_valid(document):
            raise UsageError(f"{document!r} is not a scope: printable ASCII only")
        return document
    if isinstance(document, list):
        return {"AllOf": [check_expression(part) for part in document]}
    if isinstance(document, dict) and len(document) == 1:
        key, parts = next(iter(document.items()))
        if key in {"AllOf", "AnyOf"} and isinstance(parts, list):
            return {key: [check_expression(part) for part in parts]}
    raise UsageError(
        f"{document!r} is not a scope expression", hint='write a scope, or JSON like {"AnyOf": ["a", "b"]}'
    )
