"""
JSON and YAML documents from a path, a file: URL or an http: URL.

Requests for them carry no credentials.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from tccli.core import payload
from tccli.errors import BrokenAnswerError, UsageError
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tccli.core.transfer.context import TransferContext

HTTP_URL = re.compile("https?://", re.IGNORECASE)
FILE_URL = re.compile("file:", re.IGNORECASE)
MAX_REDIRECTS = 5
MAX_DOCUMENT_BYTES = 64 << 20


class Document(NamedTuple):
    """
    A document, and what it was read from.

    Attributes:
        content: The parsed document.
        url: Its file: or http: URL, after redirects.
    """

    content: Any
    url: str


def is_url(source: str) -> bool:
    """
    Return whether *source* is a file: or http: URL; anything else is a path.
    """
    return bool(HTTP_URL.match(source) or FILE_URL.match(source))


def read_document(
    source: str,
    *,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    formats: Collection[str] = ("json", "yaml"),
    what: str = "document",
    connect: Callable[[], TransferContext] | None = None,
) -> Document:
    """
    Return the document at *source*; a file whose name ends in .yml or .yaml is YAML.

    A path may be a pipe. A file: URL must be a regular file, since it may come from a document and must not make the
    reader wait.

    Args:
        source: A path, a file: URL, or with *connect* an http: URL.
        formats: What is accepted: ``json``, ``yaml``.
        what: The kind of document, for messages.
        connect: Makes the connection to a host.

    Raises:
        UsageError: The file cannot be read, is too large or malformed; or the URL is malformed.
        ServiceError, NoAnswerError, BrokenAnswerError: The URL was not served, or what came is malformed.
    """
    if connect is not None and HTTP_URL.match(source):
        return _fetch(source, what, connect())
    path = path_from_url(source) if FILE_URL.match(source) else source
    if FILE_URL.match(source) and os.path.exists(path) and not os.path.isfile(path):
        raise UsageError(f"cannot read {path}: not a regular file")
    text = read_file(path, max_bytes=max_bytes)
    data_format = None if "yaml" in formats else "json"
    return Document(payload.parse(text, path, what, data_format).document, Path(os.path.abspath(path)).as_uri())


def read_file(path: str, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> bytes:
    """
    Return the content of a file.

    Raises:
        UsageError: It cannot be read, or is too large.
    """
    if not path:
        raise UsageError("cannot read a file without a name", hint="name a file, or give - for stdin")
    try:
        with open(path, "rb") as file:
            text = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {explain(error)}") from None
    if len(text) > max_bytes:
        raise UsageError(f"cannot read {path}: larger than {max_bytes >> 20} MiB")
    return text


def path_from_url(url: str) -> str:
    """
    Return the path in a file: URL.

    Raises:
        UsageError: The URL names another host, or has no absolute path.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/") or "\0" in path:
        raise UsageError(f"cannot read {url}: not the URL of a local file", hint="write file:///PATH")
    return path[1:] if re.match("/[A-Za-z]:", path) and os.name == "nt" else path


def _fetch(address: str, what: str, context: TransferContext) -> Document:
    from tccli.core.http.messages import Request
    from tccli.core.http.redact import redact_text
    from tccli.core.http.retry import send_with_retries
    from tccli.core.http.urls import resolve_redirect
    from tccli.core.reference_fetch import Fetcher
    from tccli.core.responses import service_error

    url = address.partition("#")[0]
    fetcher = Fetcher(context.transport, context.policy, context.report)
    for _ in range(MAX_REDIRECTS + 1):
        response = send_with_retries(
            fetcher, partial(Request, "GET", url, {}), context.policy, idempotent=True, report=context.report
        )
        if 200 <= response.status < 300:
            try:
                return Document(payload.parse_json(response.body, redact_text(url), what).document, url)
            except UsageError as error:
                raise BrokenAnswerError(error.message) from None
        if not 300 <= response.status < 400 or "location" not in response.headers:
            raise service_error(f"cannot fetch the {what}", url, response)
        target = resolve_redirect(url, response.headers["location"]).partition("#")[0]
        if url[:6].lower() == "https:" != target[:6].lower():
            raise BrokenAnswerError(f"cannot fetch {redact_text(url)}: redirects from https to {redact_text(target)}")
        url = target
    raise BrokenAnswerError(f"cannot fetch {redact_text(address)}: more than {MAX_REDIRECTS} redirects")
