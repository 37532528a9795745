"""
Plans of the storage host's responses: status, headers, bytes, and injected faults.

No I/O: the connection sends what is planned here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tccli.sandbox.storage.ranges import UnsatisfiableError, select
from tccli.sandbox.storage.signing import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.sandbox.storage.faults import FaultSet
    from tccli.sandbox.storage.files import StoredFile


@dataclass(slots=True)
class PlannedResponse:
    """
    A response to send.

    Attributes:
        headers: Include Content-Length, unless a fault removes it.
        text: The body, without a file.
        path: The file with the body.
        start: Offset of the first byte to send.
        length: Bytes of the file to send.
        padding: Bytes to send in addition.
        closes: Whether the connection is closed after the body.
        resets: Whether the connection is reset instead.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    path: str = ""
    start: int = 0
    length: int = 0
    padding: int = 0
    closes: bool = False
    resets: bool = False


def plan_error(error: StorageError, *, request_id: str = "", **headers: str) -> PlannedResponse:
    """
    Return an error response in S3's format. Underscores in the names of *headers* become hyphens.
    """
    details = {"Code": error.code, "Message": error.message, **error.details, "RequestId": request_id}
    elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in details.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{elements}</Error>'
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    length = str(len(text.encode()))
    return PlannedResponse(error.status, {"Content-Type": "application/xml", "Content-Length": length, **extra}, text)


def plan_download(stored: StoredFile, headers: Mapping[str, str], faults: FaultSet, name: str) -> PlannedResponse:
    """
    Return the response to an authorized GET.

    Args:
        headers: Of the request, by lower-case name.
        name: Of the object or artifact, for the faults.
    """
    modified = formatdate(stored.modified, usegmt=True)
    etag = f'"{secrets.token_hex(16)}"' if faults.next_fault("etag", "GET", name) else stored.etag
    if headers.get("if-match", "*").strip() not in {"*", etag}:
        message = "At least one of the pre-conditions you specified did not hold"
        return plan_error(StorageError(412, "PreconditionFailed", message))
    if headers.get("if-none-match", "").strip() == etag:
        return PlannedResponse(304, {"ETag": etag, "Last-Modified": modified})
    response = PlannedResponse(
        200, {"Last-Modified": modified, "ETag": etag, "Accept-Ranges": "bytes"}, path=stored.path
    )
    response.headers["Content-Type"] = stored.content_type
    if stored.encoding:
        response.headers["Content-Encoding"] = stored.encoding
    try:
        selected = select(headers, stored.size, etag=etag, modified=modified)
    except UnsatisfiableError:
        error = StorageError(416, "InvalidRange", "The requested range is not satisfiable")
        return plan_error(error, Content_Range=f"bytes */{stored.size}")
    if selected and faults.next_fault("range", "GET", name, lambda fault: fault.value == "ignore"):
        selected = None
    response.start, end = selected or (0, stored.size)
    response.length = end - response.start
    if selected:
        response.status = 206
        wrong = 1 if faults.next_fault("range", "GET", name, lambda fault: fault.value == "wrong") else 0
        response.headers["Content-Range"] = f"bytes {response.start + wrong}-{end - 1 + wrong}/{stored.size + wrong}"
    _apply_body_faults(response, faults, name)
    return response


def _apply_body_faults(response: PlannedResponse, faults: FaultSet, name: str) -> None:
    whole = response.length
    if fault := faults.next_fault("long", "GET", name):
        response.padding = fault.number
    response.headers["Content-Length"] = str(whole + response.padding)
    if fault := faults.next_fault("cut", "GET", name, lambda _fault: whole > 0):
        del response.headers["Content-Length"]
        response.headers["Connection"] = "close"
        response.length, response.closes = max(0, whole - fault.number), True
    elif fault := faults.next_fault("short", "GET", name, lambda _fault: whole > 0):
        response.length, response.closes = max(0, whole - fault.number), True
    for kind in ("drop", "reset"):
        if fault := faults.next_fault(kind, "GET", name, lambda fault: fault.number < whole):
            response.length, response.padding = fault.number, 0
            response.closes, response.resets = True, kind == "reset"
            break
