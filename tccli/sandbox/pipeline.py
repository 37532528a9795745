"""
The checks of a call before its handler runs, in the order of the services.

First the body, then authentication and scopes as far as the path determines them, path arguments, query, payload. A
handler whose scopes depend on more than the path calls ``authorize`` itself. Methods without scopes never read
credentials.

Source: taskcluster libraries/api, src/api.js and src/middleware.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tccli.core import scopes
from tccli.core.schemas.validate import find_problems
from tccli.references.json_schema import resolve_pointer
from tccli.sandbox.call import require_json
from tccli.sandbox.clock import InvalidTimeError
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.request import read_payload

if TYPE_CHECKING:
    from tccli.references import Method, ServiceReference
    from tccli.sandbox.call import Call, Response

COMMON_QUERY_PATTERNS = {
    "limit": r"^[0-9]+$",
    # What the dot of a pattern in JavaScript matches.
    "continuationToken": "[^\n\r\u2028\u2029]",
    "prefix": r"^[A-Za-z0-9!@/:.+|_-]+$",
}


async def perform(call: Call) -> Response:
    """
    Check a call, run its handler, and return the response.

    Raises:
        ApiError: The response is an error.
    """
    call.payload = read_payload(call.request)
    # Without an optional argument, only the handler knows the value that the scopes need.
    if _needs_only_path(call.method) and call.args.keys() == set(call.method.args):
        call.authorize(**call.args)
    _check_arguments(call)
    _check_query(call)
    _check_payload(call)
    handler = call.state.registry.handler(call.method)
    if handler is None:
        message = "the sandbox does not implement {{method}}; `tc sandbox methods` lists the methods that it does"
        raise ApiError("NotInSandbox", message, method=call.method.id)
    try:
        result = handler(call)
        response: Response = await result if inspect.isawaitable(result) else result
    except InvalidTimeError:
        raise InternalError("RangeError: Invalid time value") from None
    if call.state.checks_responses and call.method.output and response.status == 200:
        wrong = find_problems(call.method.reference, call.method.output, response.document)
        if wrong:
            raise InternalError("Output schema validation error: " + "; ".join(map(str, wrong)))
    return response


def _needs_only_path(method: Method) -> bool:
    if not method.scopes:
        return False
    return all(kind is str and name in method.args for name, kind in scopes.find_parameters(method.scopes).items())


def _check_arguments(call: Call) -> None:
    wrong = call.state.registry.argument_problems(call.method.service, call.args)
    if wrong:
        raise ApiError("InvalidRequestArguments", "Invalid URL patterns:\n" + "\n".join(wrong))


def _check_query(call: Call) -> None:
    wrong = []
    found: dict[str, str] = {}
    given = Counter(name for name, _ in call.request.options)
    for name, value in call.request.options:
        if name == "bewit":
            continue
        if name not in call.method.query:
            wrong.append(f"Query-string parameter: {name} is not supported!")
        elif given[name] > 1:
            wrong.append(f"Query-string parameter: {name} must be a string!")
        elif problem := _query_problem(call, name, value):
            wrong.append(f'Query-string parameter: {name}="{value}" {problem}')
        else:
            found[name] = value
    if wrong:
        raise ApiError("InvalidRequestArguments", "\n".join(dict.fromkeys(wrong)))
    call.query = found


def _query_problem(call: Call, name: str, value: str) -> str | None:
    check = call.state.registry.query_check(call.method, name) or COMMON_QUERY_PATTERNS.get(name, "")
    if not isinstance(check, str):
        problem = check(value)
        return None if problem is None else f"is not valid, error: {problem}"
    # JavaScript's $ matches at the end only, Python's also before a final newline.
    if re.search(check.replace("$", r"\Z"), value, re.ASCII):
        return None
    shown = check.replace("/", "\\/")
    return f"does not match expression: /{shown}/"


def _check_payload(call: Call) -> None:
    schema = call.method.input
    if schema is None:
        return
    require_json(call)
    _fill_defaults(call.method.reference, schema, call.method.reference.schemas[schema], call.payload)
    wrong = find_problems(call.method.reference, schema, call.payload)
    if wrong:
        where = f"{call.state.root_url}/schemas/{call.method.service}/{call.method.version}/{schema}#"
        listed = "".join(f"\n  * {problem}" for problem in wrong)
        raise ApiError(
            "InputValidationError", f"\nSchema Validation Failed!\nRejecting Schema: {where}\nErrors:{listed}"
        )


def _fill_defaults(reference: ServiceReference, name: str, schema: Any, document: Any) -> None:
    # Also in objects within the payload, but not in those that do not exist, nor in one of several forms.
    if "$ref" in schema:
        other, _, pointer = schema["$ref"].partition("#")
        name = other or name
        _fill_defaults(reference, name, resolve_pointer(reference.schemas[name], pointer), document)
    if isinstance(document, list) and isinstance(schema.get("items"), dict):
        for item in document:
            _fill_defaults(reference, name, schema["items"], item)
    if not isinstance(document, dict):
        return
    for key, member in schema.get("properties", {}).items():
        if "default" in member and key not in document:
            document[key] = deepcopy(member["default"])
        if key in document:
            _fill_defaults(reference, name, member, document[key])
