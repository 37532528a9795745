"""
A method and its values become an answer: checked, escaped, signed, sent, paged.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tccli import __version__
from tccli.core import hawk
from tccli.core.http.messages import Call, Request, Response, Transport
from tccli.core.http.retry import RetryPolicy, send_with_retries
from tccli.core.responses import document, service_error
from tccli.errors import BrokenAnswerError, NoAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tccli.core.account import Account
    from tccli.core.payload import Payload
    from tccli.references import Method


def route_url(base: str, method: Method, args: Sequence[str], query: Mapping[str, str]) -> str:
    """
    Return the URL of a call.

    Args:
        base: What stands before ``/api``.
        args: One for each of the method's, in its order.
        query: By the method's names; only what is given.

    Raises:
        UsageError: An argument is missing, surplus, or such that it would reach another endpoint.
    """
    if len(args) != len(method.args):
        wanted = ", ".join(method.args) or "none"
        raise UsageError(f"{method.id} takes {len(method.args)} arguments ({wanted}), not {len(args)}")
    route = method.route
    for name, value in zip(method.args, args, strict=True):
        segment = bool(value) or not method.may_be_empty(name)
        route = route.replace(f"<{name}>", escape(f"{method.id}: <{name}>", value, segment=segment), 1)
    url = f"{base}/api/{method.service}/{method.version}{route}"
    written = "&".join(
        f"{quote(name, safe='')}={escape(f'{method.id}: --{name}', value, segment=False)}"
        for name, value in query.items()
    )
    return f"{url}?{written}" if written else url


def escape(what: str, value: str, *, segment: bool = True) -> str:
    """
    Percent-encode a value whole, slashes included.

    Args:
        what: Names it in messages.
        segment: It becomes a segment of a path, where nothing, ``.`` and ``..`` mean another path.

    Raises:
        UsageError: It is one of those, or holds control characters or bytes that are not UTF-8.
    """
    if segment and value in {"", ".", ".."}:
        raise UsageError(f"{what} cannot be {value!r}: it would name another endpoint" if value else f"{what} is empty")
    control = re.search(r"[\x00-\x1f\x7f]", value)
    if control:
        raise UsageError(f"{what} has a control character ({control[0]!r}) in {value!r}")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise UsageError(f"{what} is not UTF-8: {value!r}") from None


def _silent(_line: str) -> None:
    return


@dataclass(slots=True)
class Client:
    """
    Calls methods as one account.

    Attributes:
        account: Where to, and as whom.
        transport: What sends.
        policy: When to try again.
        discovery: ``k8s-dns`` sends requests to ``http://taskcluster-<service>``.
        trace_id: Goes out as ``x-taskcluster-trace-id``, or None.
        report: Takes lines for people.
    """

    account: Account
    transport: Transport
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    discovery: str = "default"
    trace_id: str | None = None
    report: Callable[[str], None] = _silent

    def base(self, method: Method, *, internal: bool = True) -> str:
        """
        Return what stands before ``/api``: where requests really go, or for others the root URL.
        """
        if not internal:
            return self.account.root_url
        if self.account.proxy_url is not None:
            return self.account.proxy_url
        if self.discovery == "k8s-dns":
            return f"http://taskcluster-{method.service}"
        return self.account.root_url

    def url(self, method: Method, args: Sequence[str], query: Mapping[str, str], *, internal: bool = False) -> str:
        """
        Return the URL of a call, unsigned.

        Args:
            internal: As this client reaches it, not as others do.
        """
        return route_url(self.base(method, internal=internal), method, args, query)

    def request(
        self, method: Method, args: Sequence[str], query: Mapping[str, str], payload: Payload | None = None
    ) -> Request:
        """
        Return the request of a call, signed at this moment.
        """
        url = self.url(method, args, query, internal=True)
        headers = {"Accept": "application/json, */*", "Accept-Encoding": "gzip", "User-Agent": f"tc/{__version__}"}
        if payload is not None:
            headers["Content-Type"] = "application/json"
        if self.trace_id is not None:
            headers["x-taskcluster-trace-id"] = self.trace_id
        if self.account.credentials is not None:
            headers["Authorization"] = hawk.authorization_header(
                method.verb, url, self.account.credentials, now=int(time.time()), nonce=secrets.token_urlsafe(6)
            )
        return Request(
            method.verb,
            url,
            headers,
            payload.body if payload is not None else (b"" if method.verb in {"POST", "PUT"} else None),
            Call(method.id, tuple(args), dict(query), payload.document if payload is not None else None),
        )

    def call(
        self,
        method: Method,
        args: Sequence[str],
        query: Mapping[str, str] | None = None,
        payload: Payload | None = None,
    ) -> Response:
        """
        Call a method.

        Returns:
            A success; a redirect is one.

        Raises:
            UsageError: An argument cannot be sent.
            ServiceError: The answer is an error.
            NoAnswerError: There was none, after the retries.
            BrokenAnswerError: It is malformed.
        """
        query = query or {}

        def make_request() -> Request:
            return self.request(method, args, query, payload)

        def report(line: str) -> None:
            self.report(f"{method.id}: {line}")

        shown = self.url(method, args, query, internal=True)
        may_repeat = method.may_repeat(payload.document if payload else None)
        try:
            response = send_with_retries(
                self.transport, make_request, self.policy, idempotent=may_repeat, report=report
            )
        except (BrokenAnswerError, NoAnswerError) as error:
            error.message = f"{method.id}: {error.message}"
            raise
        if not 200 <= response.status < 400:
            raise service_error(method.id, shown, response, repeated=may_repeat)
        return response

    def post_text(self, url: str, text: str) -> Response:
        """
        Post plain text to something beside the API, unsigned, such as the proxy's ``/bewit``.

        Raises:
            ServiceError: The answer is an error.
            NoAnswerError: There was none, after the retries.
            BrokenAnswerError: It is malformed.
        """
        headers = {"Accept": "*/*", "Content-Type": "text/plain", "User-Agent": f"tc/{__version__}"}
        response = send_with_retries(
            self.transport,
            lambda: Request("POST", url, headers, text.encode()),
            self.policy,
            idempotent=True,
            report=self.report,
        )
        if not 200 <= response.status < 400:
            raise service_error(url, url, response)
        return response

    def value(
        self,
        method: Method,
        args: Sequence[str],
        query: Mapping[str, str] | None = None,
        payload: Payload | None = None,
    ) -> Any:
        """
        Call a method whose answer is JSON, and return the document.
        """
        return document(method, self.call(method, args, query, payload))

    def pages(
        self, method: Method, args: Sequence[str], query: Mapping[str, str], payload: Payload | None = None
    ) -> Iterator[dict[str, Any]]:
        """
        Call a method until it gives no more continuation token.

        Returns:
            The pages' documents, each fetched when it is asked for.

        Raises:
            BrokenAnswerError: A token comes twice, so there would be no end.
        """
        query = dict(query)
        seen: set[str] = set()
        while True:
            page = self.value(method, args, query, payload)
            if not isinstance(page, dict):
                raise BrokenAnswerError(f"{method.id}: a page is not an object")
            yield page
            token = page.get("continuationToken")
            if not token:
                return
            if not isinstance(token, str):
                raise BrokenAnswerError(f"{method.id}: the continuation token is not text")
            if token in seen:
                raise BrokenAnswerError(
                    f"{method.id}: the same continuation token came twice, so there would be no end"
                )
            seen.add(token)
            query["continuationToken"] = token
