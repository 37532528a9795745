"""
What the storage host answers to a GET: which bytes with which headers, and what is wrong with them.

No I/O: the host sends what is planned here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tccli.sandbox.storage.ranges import UnsatisfiableError, select
from tccli.sandbox.storage.signing import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.sandbox.storage.faults import Faults
    from tccli.sandbox.storage.files import Stored


@dataclass(slots=True)
class Plan:
    """
    An answer.

    Attributes:
        headers: Content-Length among them, unless it is kept quiet.
        text: Sent as the body, if there is no file.
        path: The file with the bytes.
        start: The first byte of it that is sent.
        length: How many bytes of it are sent.
        padding: How many bytes are made up and sent after them.
        hangs_up: Whether the connection ends with the body.
        resets: Whether it ends rudely.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    path: str = ""
    start: int = 0
    length: int = 0
    padding: int = 0
    hangs_up: bool = False
    resets: bool = False


def refuse(refusal: Refusal, *, request_id: str = "", **headers: str) -> Plan:
    """
    Return an error as S3 words it; the underscores in the names of *headers* are hyphens.
    """
    details = {"Code": refusal.code, "Message": refusal.message, **refusal.details, "RequestId": request_id}
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in details.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    length = str(len(text.encode()))
    return Plan(refusal.status, {"Content-Type": "application/xml", "Content-Length": length, **given}, text)


def plan(stored: Stored, headers: Mapping[str, str], faults: Faults, name: str) -> Plan:
    """
    Return the answer to a GET that is allowed.

    Args:
        stored: What was asked for.
        headers: Of the request, by lower-case name.
        faults: Those that are set.
        name: For the faults.
    """
    modified = formatdate(stored.modified, usegmt=True)
    etag = f'"{secrets.token_hex(16)}"' if faults.strike("etag", "GET", name) else stored.etag
    if headers.get("if-match", "*").strip() not in {"*", etag}:
        message = "At least one of the pre-conditions you specified did not hold"
        return refuse(Refusal(412, "PreconditionFailed", message))
    if headers.get("if-none-match", "").strip() == etag:
        return Plan(304, {"ETag": etag, "Last-Modified": modified})
    answer = Plan(200, {"Last-Modified": modified, "ETag": etag, "Accept-Ranges": "bytes"}, path=stored.path)
    answer.headers["Content-Type"] = stored.content_type
    if stored.encoding:
        answer.headers["Content-Encoding"] = stored.encoding
    try:
        selected = select(headers, stored.size, etag=etag, modified=modified)
    except UnsatisfiableError:
        refusal = Refusal(416, "InvalidRange", "The requested range is not satisfiable")
        return refuse(refusal, Content_Range=f"bytes */{stored.size}")
    if selected and faults.strike("range", "GET", name, lambda fault: fault.value == "ignore"):
        selected = None
    answer.start, end = selected or (0, stored.size)
    answer.length = end - answer.start
    if selected:
        answer.status = 206
        wrong = 1 if faults.strike("range", "GET", name, lambda fault: fault.value == "wrong") else 0
        answer.headers["Content-Range"] = f"bytes {answer.start + wrong}-{end - 1 + wrong}/{stored.size + wrong}"
    _spoil(answer, faults, name)
    return answer


def _spoil(answer: Plan, faults: Faults, name: str) -> None:
    """
    Let the faults that are about the body have their way.
    """
    whole = answer.length
    if fault := faults.strike("long", "GET", name):
        answer.padding = fault.number
    answer.headers["Content-Length"] = str(whole + answer.padding)
    if fault := faults.strike("cut", "GET", name, lambda _fault: whole > 0):
        del answer.headers["Content-Length"]
        answer.headers["Connection"] = "close"
        answer.length, answer.hangs_up = max(0, whole - fault.number), True
    elif fault := faults.strike("short", "GET", name, lambda _fault: whole > 0):
        answer.length, answer.hangs_up = max(0, whole - fault.number), True
    for kind in ("drop", "reset"):
        if fault := faults.strike(kind, "GET", name, lambda fault: fault.number < whole):
            answer.length, answer.padding = fault.number, 0
            answer.hangs_up, answer.resets = True, kind == "reset"
            break
