"""
Documents by their address: a file, or a URL of the web.

Nothing is sent with a request that says who asks.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from tccli.core import payload
from tccli.core.account import HOST_AND_PORT
from tccli.core.http.messages import Request
from tccli.core.http.redact import masked_url
from tccli.core.http.retry import send_with_retries
from tccli.core.reference_fetch import Fetcher
from tccli.core.responses import service_error
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.transfer.context import TransferContext

WEB = re.compile("https?://", re.IGNORECASE)
URL = re.compile(rf"https?://{HOST_AND_PORT}(?:[/?][!-~]*)?", re.IGNORECASE)
FILE = re.compile("file:", re.IGNORECASE)
MOST_REDIRECTS = 5
YAML = (".yml", ".yaml")


def of_file(path: str) -> str:
    """
    Return the address of a file.
    """
    return Path(os.path.abspath(path)).as_uri()


def path_of(address: str) -> str:
    """
    Return the path in a file's address.

    Raises:
        UsageError: It is on another host, or cannot be a path.
    """
    parts = urlsplit(address)
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/") or "\0" in path:
        raise UsageError(f"{address} is not the address of a file here", hint="write file:///PATH")
    return path[1:] if re.match("/[A-Za-z]:", path) and os.name == "nt" else path


class Documents:
    """
    Reads documents from where they are.

    Args:
        subject: What messages begin with.
        carrier: Makes what requests go by, when there is one to be sent.
    """

    def __init__(self, subject: str, context: Callable[[], TransferContext]) -> None:
        self._subject = subject
        self._context = context

    def at(self, address: str, what: str = "schema") -> Any:
        """
        Return the document at an address; a file that ends in .yml or .yaml is YAML.

        Args:
            what: What it is called in messages.

        Raises:
            UsageError: There is no such file, or it is not JSON or YAML; or the URL is none.
            ServiceError, NoAnswerError, BrokenAnswerError: It was not served.
        """
        return self.located(address, what)[1]

    def located(self, address: str, what: str = "schema") -> tuple[str, Any]:
        """
        Return what :meth:`at` returns behind the address at which it was found, which is another after a redirect.
        """
        if not WEB.match(address):
            return address, self._read(path_of(address), what)
        url, body = self._fetched(address)
        try:
            return url, payload.parse_json(body, masked_url(address), what).document
        except UsageError as error:
            raise BrokenAnswerError(f"{self._subject}: {error.message}") from None

    def _read(self, path: str, what: str) -> Any:
        # What a schema refers to must not make us wait, so pipes and devices are not read.
        if os.path.exists(path) and not os.path.isfile(path):
            raise UsageError(f"{self._subject}: cannot read {path}: not a file")
        try:
            with open(path, "rb") as file:
                text = file.read(payload.LARGEST + 1)
        except OSError as error:
            raise UsageError(f"{self._subject}: cannot read {path}: {error.strerror}") from None
        if len(text) > payload.LARGEST:
            raise UsageError(f"{self._subject}: {path} is larger than {payload.LARGEST >> 20} MiB")
        read = payload.parse_yaml if path.lower().endswith(YAML) else payload.parse_json
        return read(text, path, what).document

    def _fetched(self, address: str) -> tuple[str, bytes]:
        """
        Return where a URL leads, and what is there; from https it may not lead to http.
        """
        context, url = self._context(), address.partition("#")[0]
        fetcher = Fetcher(context.transport, context.policy, context.report)
        for _ in range(MOST_REDIRECTS + 1):
            if not URL.fullmatch(url):
                raise UsageError(f"{self._subject}: {masked_url(url)!a} is not a URL that can be fetched")
            response = send_with_retries(
                fetcher, partial(Request, "GET", url, {}), context.policy, idempotent=True, report=context.report
            )
            if 200 <= response.status < 300:
                return url, response.body
            if not 300 <= response.status < 400 or "location" not in response.headers:
                raise service_error(self._subject, url, response)
            target = urljoin(url, response.headers["location"]).partition("#")[0]
            if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
                raise BrokenAnswerError(f"{self._subject}: {masked_url(url)} redirects to what is not https")
            url = target
        raise BrokenAnswerError(f"{self._subject}: {masked_url(address)} redirects more than {MOST_REDIRECTS} times")
