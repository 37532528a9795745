"""
The checks that a call goes through before its handler sees it, in the order of the services.

Body, then authentication and scopes as far as the path tells which are needed, path arguments, query, payload. A
handler whose scopes depend on more asks for them itself. Methods that need no scopes never look at credentials.

Source: taskcluster libraries/api, src/api.js and src/middleware.
"""

from __future__ import annotations

import inspect
import re
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core import scopes
from tccli.core.schemas.validate import find_problems
from tccli.sandbox import registry
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.request import read_payload

if TYPE_CHECKING:
    from tccli.references import ServiceReference
    from tccli.sandbox.call import Answer, Call

QUERY_PATTERNS = {
    "limit": r"^[0-9]+$",
    "continuationToken": r".",
    "prefix": r"^[A-Za-z0-9!@/:.+|_-]+$",
}


async def perform(call: Call) -> Answer:
    """
    Check a call and let its handler answer.

    Raises:
        ApiError: The answer is an error.
    """
    call.payload = read_payload(call.request)
    # Where an argument is missing, the handler knows what stands for it.
    if _needs_only_path(call.method.service, call.method.name) and call.args.keys() == set(call.method.args):
        call.authorize(**call.args)
    _check_args(call)
    _check_query(call)
    _check_payload(call)
    handler = registry.handler(call.method.id)
    if handler is None:
        message = "{{method}} is not built yet: `tc sandbox methods` lists what is"
        raise ApiError("NotInSandbox", message, method=call.method.id)
    answered = handler(call)
    answer = await answered if inspect.isawaitable(answered) else answered
    if call.state.checks_answers and call.method.output and answer.status == 200:
        wrong = find_problems(call.method.reference, call.method.output, answer.document)
        if wrong:
            raise InternalError("Output schema validation error: " + "; ".join(map(str, wrong)))
    return answer


@cache
def _needs_only_path(service: str, name: str) -> bool:
    method = references.method(service, name)
    if not method.scopes:
        return False
    return all(kind is str and name in method.args for name, kind in scopes.parameters(method.scopes).items())


def _check_args(call: Call) -> None:
    wrong = registry.problems(call.method.service, call.args)
    if wrong:
        raise ApiError("InvalidRequestArguments", "Invalid URL patterns:\n" + "\n".join(wrong))


def _check_query(call: Call) -> None:
    """
    Keep the query options that the method knows; all others are refused, and so is one that comes twice.
    """
    wrong = []
    found: dict[str, str] = {}
    for name, value in call.request.options:
        plain, bracket, _ = name.partition("[")
        if plain == "bewit":
            continue
        if plain not in call.method.query:
            wrong.append(f"Query-string parameter: {plain} is not supported!")
        elif bracket or plain in found:
            wrong.append(f"Query-string parameter: {plain} must be a string!")
        elif problem := _query_problem(call.method.id, plain, value):
            wrong.append(f'Query-string parameter: {plain}="{value}" {problem}')
        else:
            found[plain] = value
    if wrong:
        raise ApiError("InvalidRequestArguments", "\n".join(dict.fromkeys(wrong)))
    call.query = found


def _query_problem(method_id: str, name: str, value: str) -> str | None:
    check = registry.query_check(method_id, name) or QUERY_PATTERNS.get(name, "")
    if not isinstance(check, str):
        problem = check(value)
        return None if problem is None else f"is not valid, error: {problem}"
    if re.search(_pattern(check), value):
        return None
    shown = check.replace("/", "\\/")
    return f"does not match expression: /{shown}/"


@cache
def _pattern(written: str) -> re.Pattern[str]:
    return re.compile(written.replace("$", r"\Z"))


def _check_payload(call: Call) -> None:
    schema = call.method.input
    if schema is None:
        return
    if not call.request.has_json:
        message = "Payload must be JSON with content-type: application/json got content-type: {{contentType}}"
        raise ApiError("MalformedPayload", message, contentType=call.request.headers.get("content-type"))
    if isinstance(call.payload, dict):
        for name, default in _defaults(call.method.reference, schema):
            if name not in call.payload:
                call.payload[name] = deepcopy(default)
    wrong = find_problems(call.method.reference, schema, call.payload)
    if wrong:
        where = f"{call.state.root_url}/schemas/{call.method.service}/{call.method.version}/{schema}#"
        listed = "".join(f"\n  * {problem}" for problem in wrong)
        raise ApiError(
            "InputValidationError", f"\nSchema Validation Failed!\nRejecting Schema: {where}\nErrors:{listed}"
        )


@cache
def _defaults(reference: ServiceReference, schema: str) -> tuple[tuple[str, Any], ...]:
    """
    Return the properties of a payload that the services fill in when they are missing.
    """
    properties = reference.schemas[schema].get("properties", {})
    return tuple((name, value["default"]) for name, value in properties.items() if "default" in value)
