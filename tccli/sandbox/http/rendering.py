"""
Rendering of responses as the services' framework does it: indented JSON, entity tags, 304, compression and headers.

Source: the middleware ``compression`` and the packages ``etag``, ``fresh`` and ``finalhandler`` of express.
"""

from __future__ import annotations

import gzip
import html
import zlib
from base64 import b64encode
from hashlib import sha1
from typing import TYPE_CHECKING

from starlette.responses import Response as AsgiResponse

from tccli.sandbox.call import Response
from tccli.sandbox.http.json_text import dumps, escape_surrogates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.sandbox.http.request import Request

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
MIN_COMPRESSED_BYTES = 1024
API_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-max-age": "900",
    "access-control-allow-methods": "OPTIONS,GET,HEAD,POST,PUT,DELETE,TRACE,CONNECT",
    "access-control-request-method": "*",
    "access-control-allow-headers": "X-Requested-With,Content-Type,Authorization,Accept,Origin,Cache-Control",
    "cache-control": "no-store no-cache must-revalidate",
}
SECURITY_HEADERS = {
    "content-security-policy": "report-uri /__cspreport__;default-src 'none';frame-ancestors 'none';",
    "x-content-type-options": "nosniff",
}
WEB_SERVER = "/api/web-server/"
"""The service below this path is another application than the others, with other middleware."""


def escape(text: str) -> str:
    """
    Return *text* as HTML, with the framework's entities.
    """
    return html.escape(text).replace("&#x27;", "&#39;")


def render_page(status: int, message: str) -> Response:
    """
    Return an error page as the framework writes it.

    Args:
        message: HTML.
    """
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>{message}</pre>\n</body>\n</html>\n"
    )
    headers = {
        "content-type": HTML,
        "content-security-policy": "default-src 'none'",
        "x-content-type-options": "nosniff",
    }
    return Response(text=page, status=status, headers=headers, has_etag=False)


def render(response: Response, request: Request, headers: Mapping[str, str]) -> AsgiResponse:
    """
    Return the response that is sent.

    Args:
        headers: Of every response to such a request; those of *response* take precedence.
    """
    sent = {name: _header_value(value) for name, value in {**headers, **response.headers}.items()}
    body = _body(response, request)
    if body is None:
        status = 204 if response.status == 200 else response.status
        return AsgiResponse(status_code=status, headers=sent)
    if response.text is None:
        sent.setdefault("content-type", JSON)
    if response.has_etag:
        sent["etag"] = _etag(body)
        if _is_fresh(response, request, sent["etag"]):
            del sent["content-type"]
            return AsgiResponse(status_code=304, headers=sent)
    sent["vary"] = ", ".join(filter(None, (sent.get("vary"), "Accept-Encoding")))
    if len(body) >= MIN_COMPRESSED_BYTES and request.verb != "HEAD":
        body, coding = _compress(body, request.headers.get("accept-encoding", ""))
        if coding:
            sent["content-encoding"] = coding
    return AsgiResponse(body, status_code=response.status, headers=sent)


def _body(response: Response, request: Request) -> bytes | None:
    if response.text is not None:
        return escape_surrogates(response.text).encode()
    if response.document is None:
        return None
    return dumps(response.document, indent=None if request.path.startswith(WEB_SERVER) else 2).encode()


def _header_value(value: str) -> str:
    # A value comes from a request, in which it was latin-1, or from a URL that is ASCII.
    return value.encode("latin-1", "replace").decode("latin-1").replace("\r", "").replace("\n", "").replace("\0", "")


def _etag(body: bytes) -> str:
    digest = b64encode(sha1(body, usedforsecurity=False).digest()).decode()[:27]
    return f'W/"{len(body):x}-{digest}"'


def _is_fresh(response: Response, request: Request, etag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    if not known or request.verb not in {"GET", "HEAD"} or not 200 <= response.status < 300:
        return False
    if "no-cache" in request.headers.get("cache-control", "").lower():
        return False
    return known.strip() == "*" or etag.removeprefix("W/") in {
        tag.strip().removeprefix("W/") for tag in known.split(",")
    }


def _compress(body: bytes, accepted: str) -> tuple[bytes, str]:
    for coding in _accepted_codings(accepted):
        if coding in {"gzip", "*"}:
            return gzip.compress(body, compresslevel=6, mtime=0), "gzip"
        if coding == "deflate":
            return zlib.compress(body), "deflate"
    return body, ""


def _accepted_codings(accepted: str) -> list[str]:
    # With equal weights, the services prefer gzip. They also know br, for which Python has no module.
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        coding, _, weight = item.partition(";")
        try:
            weights[coding.strip()] = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            weights[coding.strip()] = 0
    return sorted(
        (coding for coding, weight in weights.items() if weight > 0),
        key=lambda coding: (-weights[coding], coding != "gzip"),
    )
