"""
Traces of requests: who is told of each of them, and their text without secrets.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tccli import strict_json
from tccli.core.http.redact import MASK, redact_document, redact_header
from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.core.http.messages import Request, Response
    from tccli.core.http.redact import Redactor
    from tccli.core.http.transport import Stream

MAX_BODY_CHARACTERS = 10_000
"""Of a body in a trace."""
MIN_ERROR_STATUS = 400
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d)")
MAX_PARSED_BODY_BYTES = 1 << 20
"""The secrets of a larger body are not searched for, so it is left out."""


class Trace(NamedTuple):
    """
    A request and what came of it.

    Attributes:
        started: Unix time.
        seconds: To the end of the response; of a stream, to the end of its head.
        status: None if there was no response.
        headers: Of the response.
        body: Of the response; None where it is read later.
        error: Why there was no response, or empty.
    """

    request: Request
    started: float
    seconds: float
    status: int | None = None
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    error: str = ""


class TraceSink(Protocol):
    """
    Is told of requests.
    """

    def begin(self, request: Request) -> None:
        """
        A request is about to be sent.
        """

    def end(self, trace: Trace) -> None:
        """
        A request has a response, or failed.
        """


class TracingTransport:
    """
    Reports each request that passes through another transport.
    """

    def __init__(self, transport: Any, sinks: list[TraceSink]) -> None:
        self._transport = transport
        self._sinks = sinks

    def send(self, request: Request) -> Response:
        """
        Send through the other transport.
        """
        response: Response = self._trace(request, self._transport.send)
        return response

    def stream(self, request: Request) -> Stream:
        """
        Send through the other transport. The trace has no body.
        """
        stream: Stream = self._trace(request, self._transport.stream)
        return stream

    def _trace(self, request: Request, send: Callable[[Request], Any]) -> Any:
        for sink in self._sinks:
            sink.begin(request)
        started, began = time.time(), time.monotonic()

        def end(**outcome: Any) -> None:
            trace = Trace(request, started, time.monotonic() - began, **outcome)
            for sink in self._sinks:
                sink.end(trace)

        try:
            response = send(request)
        except (TcError, KeyboardInterrupt) as error:
            end(error=error.message if isinstance(error, TcError) else "interrupted")
            raise
        end(status=response.status, headers=response.headers, body=getattr(response, "body", None))
        return response


class RequestReporter:
    """
    Reports requests as text: a line for each, and perhaps headers and bodies.

    Args:
        redactor: Masks secrets.
        report: Takes one or several lines.
        has_details: Whether to report headers and bodies.
    """

    def __init__(self, redactor: Redactor, report: Callable[[str], None], *, has_details: bool) -> None:
        self._redactor = redactor
        self._report = report
        self._has_details = has_details

    def begin(self, request: Request) -> None:
        """
        Report the headers and the body before the request is sent: a response may never come.
        """
        if self._has_details:
            self._report("\n".join(describe_request(request, self._redactor)))

    def end(self, trace: Trace) -> None:
        """
        Report what came of the request.
        """
        details = describe_response(trace, self._redactor) if self._has_details else []
        self._report("\n".join([f"tc: {describe_trace(trace, self._redactor)}", *details]))


def describe_request(request: Request, redactor: Redactor) -> list[str]:
    """
    Return the lines of ``-vv`` for a request.
    """
    return [
        f"> {request.verb} {redactor.redact_text(request.url)}",
        *(f"> {name}: {redact_header(name, value)}" for name, value in request.headers.items()),
        *(f"> {line}" for line in _describe_body(_show_payload(request, redactor))),
    ]


def describe_response(trace: Trace, redactor: Redactor) -> list[str]:
    """
    Return the lines of ``-vv`` for a response; none if there was none.
    """
    if trace.status is None:
        return []
    return [
        f"< {trace.status} in {format_seconds(trace.seconds)}",
        *(f"< {name}: {redact_header(name, value)}" for name, value in trace.headers.items()),
        *(f"< {line}" for line in _describe_body(_show_response(trace, redactor))),
    ]


def describe_trace(trace: Trace, redactor: Redactor) -> str:
    """
    Return the line of ``-v``: verb, URL, status or error, time, and which retry it was.
    """
    retry = f" (retry {trace.request.retry})" if trace.request.retry else ""
    what = str(trace.status) if trace.status is not None else "no response"
    why = f": {trace.error}" if trace.error else ""
    url = redactor.redact_text(trace.request.url)
    return f"{trace.request.verb} {url}: {what} in {format_seconds(trace.seconds)}{retry}{why}"


def format_record(trace: Trace, redactor: Redactor, process_id: int) -> dict[str, Any]:
    """
    Return a trace as a JSON object, for the log.
    """
    from datetime import UTC, datetime

    request = trace.request
    record: dict[str, Any] = {
        "time": datetime.fromtimestamp(trace.started, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "pid": process_id,
        "method": request.call.method if request.call is not None else None,
        "verb": request.verb,
        "url": redactor.redact_text(request.url),
        "retry": request.retry,
        "status": trace.status,
        "seconds": round(trace.seconds, 3),
        "error": redactor.redact_text(trace.error) or None,
        "requestHeaders": _show_headers(request.headers, redactor),
        "requestBody": _limit(_show_payload(request, redactor)),
        "responseHeaders": _show_headers(trace.headers, redactor),
        "responseBody": _limit(_show_response(trace, redactor)),
    }
    return {name: value for name, value in record.items() if value not in (None, {})}


def format_seconds(seconds: float) -> str:
    """
    Return a duration in ms, or in s from one second on.
    """
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _show_headers(headers: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    return {name: redactor.redact_text(redact_header(name, value)) for name, value in headers.items()}


def _show_payload(request: Request, redactor: Redactor) -> Any:
    # The bytes of files are not shown: who uploads one knows it.
    if request.call is None:
        return f"({len(request.body)} bytes)" if request.body else None
    return redactor.redact_document(request.call.payload)


def _show_response(trace: Trace, redactor: Redactor) -> Any:
    body = trace.body
    if not body:
        return None
    call = trace.request.call
    is_error = trace.status is not None and trace.status >= MIN_ERROR_STATUS
    has_secrets = call is not None and _returns_secrets(call.method) and not is_error
    if len(body) > MAX_PARSED_BODY_BYTES:
        return f"({len(body)} bytes)"
    try:
        document = strict_json.loads(body)
    except strict_json.StrictJsonError:
        text = body.decode("utf-8", "replace")
        return MASK if has_secrets else redactor.redact_text(text)
    if has_secrets:
        return _mask_secret_response(document)
    return redactor.redact_document(document)


def _mask_secret_response(document: Any) -> Any:
    # Not every secret has a name that tells, so all texts are masked but those that cannot be one.
    return redact_document(document, lambda text: text if TIMESTAMP.fullmatch(text) else MASK)


def _returns_secrets(method_id: str) -> bool:
    from tccli.references.effects import RETURNS_SECRETS, load_effects

    return load_effects().get(method_id) == RETURNS_SECRETS


def _describe_body(body: Any) -> list[str]:
    return [] if body is None else _dump(_limit(body)).splitlines()


def _limit(body: Any) -> Any:
    text = _dump(body)
    return body if len(text) <= MAX_BODY_CHARACTERS else f"{text[:MAX_BODY_CHARACTERS]}…"


def _dump(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=repr)
