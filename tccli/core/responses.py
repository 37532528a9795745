"""
Responses: the document of a success, the error of a failure, an excerpt of any body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tccli import strict_json
from tccli.core.http.redact import redact_document, redact_text
from tccli.core.printable import escape_line
from tccli.core.times import parse_timestamp
from tccli.errors import BrokenAnswerError, ServiceError, UsageError, service_error_class
from tccli.strict_json import StrictJsonError

if TYPE_CHECKING:
    from datetime import datetime

    from tccli.core.account import Account
    from tccli.core.http.messages import Response
    from tccli.references import Method

MAX_QUOTED_CHARACTERS = 200
"""Of a JSON document in the message of an error."""
_INDENTED_DOCUMENT = re.compile(r"\{\n(?:[ \t].*\n)+\}")
MAX_EXCERPT_CHARACTERS = 200
MAX_DETAILS_CHARACTERS = 2000
MAX_REFERENCES = 10
"""Followed from a schema to find the type of a response."""

# The references do not tell which methods redirect, respond with an image, or do nothing.
REDIRECT_STATUSES = {
    "github.latest": 302,
    "index.findArtifactFromTask": 303,
    "object.download": 303,
    "queue.getArtifact": 303,
    "queue.getLatestArtifact": 303,
}
IMAGE_METHODS = frozenset({"github.badge"})
NOTIFICATION_METHODS = frozenset({"notify.email", "notify.matrix", "notify.pulse", "notify.slack"})
"""They respond with 204 when they send nothing."""
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
JSON_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}


def check_success(method: Method, url: str, response: Response, account: Account | None = None) -> None:
    """
    Check that a response below status 400 is one that a service gives to a call of *method*.

    A server that is not a Taskcluster, such as a network's sign-in page, responds with success to any request, so only
    these count: JSON; 204 without a body, ``OK`` as text, or an image, where the reference promises no document; and a
    redirect from a method that redirects.

    Args:
        url: Of the request, for messages.
        account: Where it was sent, for messages.

    Raises:
        BrokenAnswerError: It is none of these.
    """
    kind = content_type(response)
    redirect = REDIRECT_STATUSES.get(method.id)
    if response.status >= 300:
        is_legal = response.status == redirect and (
            method.output is not None or _is_web_url(response.headers.get("location", ""))
        )
    elif method.output is not None:
        # parse_document checks the body.
        is_legal = response.status != 204 and kind not in HTML_TYPES
    elif response.status == 204 or not response.body:
        is_legal = (response.status == 204 or method.verb == "HEAD") and not response.body
    elif kind.startswith("image/"):
        is_legal = method.id in IMAGE_METHODS
    elif kind == "text/plain" or (not kind and response.body.strip() == b"OK"):
        is_legal = response.body.strip() == b"OK"
    else:
        is_legal = not kind or is_json_type(kind)
        if is_legal:
            parse_document(method, url, response, account)
    if not is_legal:
        raise _broken(method, url, response, "not a response of a Taskcluster service", account)


def parse_document(method: Method, url: str, response: Response, account: Account | None = None) -> Any:
    """
    Return the JSON document of a response. Numbers that a float would change are `ExactNumber`.

    Args:
        url: Of the request, for messages.
        account: Where it was sent, for messages.

    Raises:
        BrokenAnswerError: The body is not JSON, or of another type than the reference promises.
    """
    try:
        document = strict_json.loads(response.body, unchanged=True)
    except StrictJsonError as error:
        reason = f"the response is not JSON ({error})" if response.body else "the response is empty, not JSON"
        raise _broken(method, url, response, reason, account) from None
    types = None if method.output is None else _find_types(method.reference.schemas, method.output)
    found = JSON_TYPES.get(type(document), "number")
    if types is not None and found not in types and not (found == "number" and "integer" in types):
        reason = f"the response is not a JSON {' or '.join(sorted(types))} (but of type {found})"
        raise _broken(method, url, response, reason, account)
    return document


def content_type(response: Response) -> str:
    """
    Return the media type of a response in lower case, without parameters; empty without one.
    """
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json_type(kind: str) -> bool:
    """
    Return whether a media type is of JSON.
    """
    return kind == "application/json" or kind.endswith("+json")


def _is_web_url(text: str) -> bool:
    return re.fullmatch(r"(?i)https?://[^/?#\s]+[!-~]*", text) is not None


def _find_types(schemas: Mapping[str, Any], reference: str, depth: int = 0) -> set[str] | None:
    """
    Return the JSON types that a schema allows at its top, or None for any.

    Args:
        reference: The name of the schema, with a JSON pointer after ``#`` for a part of it.
        depth: The number of references that were followed.
    """
    name, _, pointer = reference.partition("#")
    schema = schemas.get(name)
    for step in pointer.split("/")[1:]:
        schema = schema.get(step) if isinstance(schema, Mapping) else None
    return _types_of(schemas, schema, depth)


def _types_of(schemas: Mapping[str, Any], schema: Any, depth: int) -> set[str] | None:
    if not isinstance(schema, Mapping) or depth > MAX_REFERENCES:
        return None
    declared = schema.get("type")
    if isinstance(declared, str):
        return {declared}
    if isinstance(declared, list):
        return set(declared)
    if isinstance(schema.get("$ref"), str):
        return _find_types(schemas, schema["$ref"], depth + 1)
    types: set[str] = set()
    for choice in schema.get("oneOf") or schema.get("anyOf") or [None]:
        found = _types_of(schemas, choice, depth + 1)
        if found is None:
            return None
        types |= found
    return types


def _broken(method: Method, url: str, response: Response, reason: str, account: Account | None) -> BrokenAnswerError:
    from tccli.core.response_hints import doubt_root_url

    kind = escape_line(content_type(response) or "no content type", MAX_EXCERPT_CHARACTERS)
    where = f"status {response.status}, {kind}"
    if response.status >= 300 and "location" in response.headers:
        target = escape_line(redact_text(response.headers["location"]), MAX_EXCERPT_CHARACTERS)
        where += f", redirect to {target}"
    if response.via:
        where += f", through {response.via}"
    hint = doubt_root_url(account) if account else "is this the root URL of a Taskcluster?"
    if response.headers.get("location") == f"https{url.removeprefix('http')}":
        hint = "write https:// in the root URL"
    if is_json_type(content_type(response)) and method.verb != "GET" and response.status < 300:
        hint = f"the call may have succeeded; {hint}"
    details = excerpt(response.body, MAX_DETAILS_CHARACTERS)
    return BrokenAnswerError(
        f"{method.id}: {reason}: {redact_text(url)} responded with {where}", hint=hint, details=details
    )


def read_timestamp(what: str, value: Any) -> datetime:
    """
    Return the instant of a timestamp in a response.

    Raises:
        BrokenAnswerError: It is not a timestamp.
    """
    try:
        return parse_timestamp(value)
    except (UsageError, TypeError, AttributeError):
        raise BrokenAnswerError(f"{what}: the response has {value!r} where a timestamp must be") from None


def service_error(
    what: str,
    url: str,
    response: Response,
    *,
    repeated: bool = True,
    attempts: int = 1,
    account: Account | None = None,
    arguments: Mapping[str, str] = MappingProxyType({}),
) -> ServiceError:
    """
    Return the error of a response. Its message is one line; stack traces and the like go into the details.

    Args:
        what: Names the call in the message.
        repeated: Whether the call was retried where that may help.
        attempts: How often it was sent.
        account: Where the call went, and with which credentials.
        arguments: Of the call's path, by name.
    """
    from tccli.core import response_hints

    try:
        body = strict_json.loads(response.body, unchanged=True)
    except StrictJsonError:
        body = None
    code = message = trailer = scopes = ""
    is_service = isinstance(body, dict) and isinstance(body.get("message"), str)
    if isinstance(body, dict) and is_service:
        code = str(body.get("code") or body.get("reason") or "")
        message, _, trailer = body["message"].partition("\n---\n")
        if response.status == 403:
            scopes = response_hints.summarize_scopes(message)
        elif response.status == 401:
            scopes = response_hints.summarize_authentication(message)
    elif isinstance(body, dict) and isinstance(body.get("error"), str):
        message = body["error"]
    else:
        message = excerpt(response.body) or "no text"
    line = scopes or " ".join(_shorten_documents(message.replace("```", "")).split())
    shown_url = redact_text(url)
    hidden = response_hints.name_arguments(arguments, line, shown_url) if response.status in {404, 410} else ""
    status = " ".join(filter(None, [str(response.status), code]))
    where = f"{shown_url} through {response.via}" if response.via and not is_service else shown_url
    text = f"{what}: {status}: {line}{': ' if hidden else ''}{hidden} ({where})"
    text += f" (tried {attempts} times)" if attempts > 1 else ""
    details = "\n".join(filter(None, [message if "\n" in message.strip() else "", trailer.strip()]))
    return service_error_class(response.status)(
        text,
        status=response.status,
        code=code,
        hint=response_hints.suggest(
            response, line, account, method=what, arguments=arguments, repeated=repeated, is_service=is_service
        ),
        details=details,
        body=redact_document(body),
    )


def _shorten_documents(message: str) -> str:
    # Some messages quote a whole task status, in indented JSON. The details have it.
    return _INDENTED_DOCUMENT.sub(lambda found: found[0] if len(found[0]) <= MAX_QUOTED_CHARACTERS else "{…}", message)


def excerpt(body: bytes, length: int = MAX_EXCERPT_CHARACTERS) -> str:
    """
    Return the beginning of an error body as one line of text, without tags and control characters.
    """
    text = body[: length * 8].decode("utf-8", "replace")
    if "<" in text:
        text = re.sub(r"(?is)<(script|style).*?</\1>|<[^>]*>", " ", text)
    return escape_line(text, length)
