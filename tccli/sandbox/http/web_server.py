"""
The middleware of the web server, which is another application than the other services: it parses bodies first.

Source: taskcluster services/web-server, src/servers/createApp.js.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tccli.sandbox.call import Response
from tccli.sandbox.http.body import parse_charset
from tccli.sandbox.http.errors import BodyError
from tccli.sandbox.http.request import MalformedPayloadError, read_payload

if TYPE_CHECKING:
    from tccli.sandbox.http.request import Request

MAX_BODY_BYTES = 100 * 1024
TOO_LARGE = {"code": 413, "name": "PayloadTooLargeError", "message": "Payload too large"}


def reject_body(request: Request) -> Response | None:
    """
    Return the response to a body that cannot be parsed, whatever the path is, or None.
    """
    if not request.has_json or not request.body:
        return None
    if not parse_charset(request.headers.get("content-type", "")).startswith("utf-"):
        return respond_failure("UnsupportedMediaTypeError")
    try:
        read_payload(request)
    except BodyError as error:
        name, _, reason = error.details["error"].partition(": ")
        if name == "PayloadTooLargeError":
            return Response(TOO_LARGE, status=413)
        code = "Z_BUF_ERROR" if "unexpected end" in reason else "Z_DATA_ERROR"
        return respond_failure(name, code if name == "Error" else "")
    except MalformedPayloadError:
        return respond_failure("SyntaxError")
    return Response(TOO_LARGE, status=413) if len(request.text.encode("utf-8", "replace")) > MAX_BODY_BYTES else None


def drop_body(request: Request) -> Request:
    """
    Return the request as the methods see it, which find no body to read.
    """
    return replace(request, body=b"")


def respond_failure(name: str, code: str = "") -> Response:
    """
    Return the response to an error outside of a method.

    Args:
        name: Of the error's class.
        code: Of the error, or empty.
    """
    return Response({**({"code": code} if code else {}), "name": name}, status=500)
