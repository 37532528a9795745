"""
The scopes that a call requires: the method's scope template, rendered as far as its parameters are known.

Pure. Most parameters are path arguments, query options and properties of the payload. Others are derived here as the
services derive them. What only the deployment knows, such as the scheduler of a task, stays a ``<name>``.

Source: taskcluster/taskcluster, the arguments of ``req.authorize`` in each service.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tccli.core.scopes.algebra import is_valid
from tccli.core.scopes.templates import find_parameters, render_template
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.core.scopes.algebra import Expression
    from tccli.references import Method

NOTHING: Expression = {"AllOf": []}
"""Always satisfied."""

# The values that a service uses for query options that are not given; the others count as empty.
DEFAULTS = {("worker-manager.workerPoolErrorStats", "workerPoolId"): "*"}
PRIORITIES = ("highest", "very-high", "high", "medium", "low", "very-low", "lowest")


def scope_parameters(
    method: Method,
    args: Mapping[str, str],
    query: Mapping[str, str],
    payload: Mapping[str, Any] | None,
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    """
    Return the values of a method's scope parameters, as far as they are known.

    Args:
        args: Path arguments by name; some may be missing.
        query: Query options by name.
        payload: None if there is none, or if it is not known.
        schema: The payload's schema, for defaults.
    """
    known: dict[str, Any] = {name: DEFAULTS.get((method.id, name), "") for name in method.query}
    known |= {name: "" for name in method.args if method.may_be_empty(name)}
    known |= query
    parameters = find_parameters(method.scopes or "")
    if payload is not None:
        properties = schema.get("properties", {})
        # A list that is missing requires no scope for any entry.
        known |= {name: [] for name in properties if name == "scopes" or parameters.get(name) is list}
        known |= {name: each["default"] for name, each in properties.items() if _has_default(each)}
        known |= payload
    known |= args
    if re.fullmatch("[0-9]+", known.get("runId", ""), re.ASCII):
        # The services use it as a number, whatever its leading zeros.
        known["runId"] = known["runId"].lstrip("0") or "0"
    known |= dict(_derive(known, payload))
    return {name: known[name] for name in parameters if name in known}


def _derive(known: Mapping[str, Any], payload: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    # Parameters that are neither arguments nor properties, but follow from them.
    if "name" in known:
        yield "names", [known["name"]]
    if "level" in known:
        yield "levelIsReadOnly", known["level"] == "read-only"
    if isinstance(known.get("taskQueueId"), str) and "provisionerId" not in known:
        yield "provisionerId", known["taskQueueId"].partition("/")[0]
        yield "workerType", known["taskQueueId"].partition("/")[2]
    if "appName" in known and "owner" in known:
        # GitHub ignores case, and the service compares in lower case.
        yield "owner", known["owner"].lower()
    if payload is None:
        return
    yield "properties", list(payload)
    for given, name in (("indexes", "indexPaths"), ("scopes", "scopesAdded")):
        if given in known:
            yield name, known[given]
    if known.get("priority") in PRIORITIES:
        # A scope for a priority is enough for every lower one.
        yield "priorities", list(PRIORITIES[: PRIORITIES.index(known["priority"]) + 1])
    permissions, repositories = known.get("permissions"), known.get("repositories")
    if isinstance(permissions, dict) and isinstance(repositories, list):
        repositories = [str(each).lower() for each in repositories]
        yield "repoPerms", [f"{each}:{name}:{level}" for name, level in permissions.items() for each in repositories]


def _has_default(schema: Any) -> bool:
    return isinstance(schema, dict) and "default" in schema


def required_scopes(method: Method, known: Mapping[str, Any]) -> Any:
    """
    Return the scope expression that a call requires; parameters that are not *known* stay as in the template.

    Raises:
        UsageError: A value does not have the type of its parameter.
    """
    if method.scopes is None:
        return NOTHING
    try:
        return _render(method.scopes, known)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{method.id}: cannot determine the required scopes: {error}") from None


def missing_parameters(method: Method, known: Mapping[str, Any]) -> list[str]:
    """
    Return the parameters of a method's scope template that are not *known*.
    """
    return [name for name in find_parameters(method.scopes or "") if name not in known]


def _render(template: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        return render_template(template, {**{name: f"<{name}>" for name in find_parameters(template)}, **known})
    for key in ("AllOf", "AnyOf"):
        if key in template:
            return {key: [each for part in template[key] for each in _render_part(part, known)]}
    if "for" in template:
        outside = {name: value for name, value in known.items() if name != template["for"]}
        return {**template, "each": _render(template["each"], outside)}
    if "if" not in template:
        return render_template(template, known)
    if template["if"] in known:
        branch = template["then"] if known[template["if"]] else template.get("else")
        return NOTHING if branch is None else _render(branch, known)
    return {key: value if key == "if" else _render(value, known) for key, value in template.items()}


def _render_part(part: Any, known: Mapping[str, Any]) -> list[Any]:
    # A part with "for" becomes several, if the list that it names is known.
    if isinstance(part, str) or "for" not in part or part["in"] not in known:
        return [_render(part, known)]
    placeholders = {name: f"<{name}>" for name in find_parameters(part)}
    rendered = render_template({"AllOf": [part]}, {**placeholders, **known})
    assert isinstance(rendered, dict)
    return list(rendered["AllOf"])


def check_expression(document: Any) -> Expression:
    """
    Return *document* as a scope expression; a list means all of its entries.

    Raises:
        UsageError: It is not a scope expression.
    """
    if isinstance(document, str):
        if not is_valid(document):
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
