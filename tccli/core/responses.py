"""
Responses: the document of a success, the error of a failure, an excerpt of any body.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from tccli.core.http.redact import redact_text
from tccli.core.times import parse_timestamp
from tccli.errors import BrokenAnswerError, ServiceError, UsageError, service_error_class

if TYPE_CHECKING:
    from datetime import datetime

    from tccli.core.http.messages import Response
    from tccli.references import Method

MAX_EXCERPT_CHARACTERS = 200
MAX_DETAILS_CHARACTERS = 2000


def parse_document(method: Method, response: Response) -> Any:
    """
    Return the JSON document of a response.

    Raises:
        BrokenAnswerError: The body is not JSON.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        what = f"the response is not JSON ({error})"
        if "location" in response.headers:
            what = f"the response is a redirect ({response.status}) to {redact_text(response.headers['location'])}"
        details = excerpt(response.body, MAX_DETAILS_CHARACTERS)
        raise BrokenAnswerError(f"{method.id}: {what}", details=details) from None


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


def service_error(what: str, url: str, response: Response, *, repeated: bool = True) -> ServiceError:
    """
    Return the error of a response. Its message is one line; stack traces and the like go into the details.

    Args:
        what: Names the call in the message.
        repeated: Whether the call was retried where that may help.
    """
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        body = None
    code = message = trailer = ""
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        code = str(body.get("code") or body.get("reason") or "")
        message, _, trailer = body["message"].partition("\n---\n")
    elif isinstance(body, dict) and isinstance(body.get("error"), str):
        message = body["error"]
    else:
        message = excerpt(response.body) or "no text"
    line = " ".join(message.replace("```", "").split())
    text = f"{what}: {' '.join(filter(None, [str(response.status), code]))}: {line} ({redact_text(url)})"
    details = "\n".join(filter(None, [message if "\n" in message.strip() else "", trailer.strip()]))
    return service_error_class(response.status)(
        text,
        status=response.status,
        code=code,
        hint=_hint(response, line, repeated=repeated),
        details=details,
    )


def _hint(response: Response, message: str, *, repeated: bool) -> str:
    if response.status == 401 and "timestamp" in message.lower():
        return _skew_hint(response.headers.get("date", ""))
    if response.status >= 500 and not repeated:
        return "not retried, because the call may have taken effect; --retry-unsafe retries it"
    if response.status == 429:
        return "the service asks for fewer requests; wait, then try again"
    return ""


def _skew_hint(date: str) -> str:
    from email.utils import parsedate_to_datetime

    try:
        skew = parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError):
        return "check this machine's clock"
    direction = "behind" if skew > 0 else "ahead of"
    return f"this machine's clock is {abs(skew):.0f} s {direction} the server's: set it right"


def excerpt(body: bytes, length: int = MAX_EXCERPT_CHARACTERS) -> str:
    """
    Return the beginning of an error body as one line of text, without tags and control characters.
    """
    text = body[: length * 8].decode("utf-8", "replace")
    if "<" in text:
        text = re.sub(r"(?is)<(script|style).*?</\1>|<[^>]*>", " ", text)
    text = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())
    return text if len(text) <= length else text[: length - 1] + "…"
