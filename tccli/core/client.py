"""
The client: sends calls (account, signature, retries) and follows pages.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tccli import __version__
from tccli.core import hawk
from tccli.core.calls import PreparedCall, prepare_call
from tccli.core.clock import DeploymentClock
from tccli.core.http.messages import Call, Request, Response, Transport
from tccli.core.http.retry import BackOff, RetryPolicy, send_with_retries
from tccli.core.parameters import check_parameters
from tccli.core.responses import check_success, parse_document, service_error
from tccli.errors import BrokenAnswerError, NoAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tccli.core.account import Account
    from tccli.core.http.deadline import Cancellation
    from tccli.core.payload import Payload
    from tccli.core.read_only import ReadOnly
    from tccli.references import Method


def _ignore(_line: str) -> None:
    return


@dataclass(slots=True)
class Client:
    """
    Calls methods with one account.

    Attributes:
        discovery: With ``k8s-dns``, requests go to ``http://taskcluster-<service>``.
        trace_id: Sent as ``x-taskcluster-trace-id``, unless None.
        report: Called with one line before each retry.
        cancellation: Ends calls from another thread.
        read_only: Refuses calls that change something, unless None.
        clock: The deployment's, as its responses tell it.
        back_off: Shared by the threads that use the client.
        has_turn: Whether calls have waited for their turn before, if there is a rate; if not, they wait when they are
            sent.
    """

    account: Account
    transport: Transport
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    discovery: str = "default"
    trace_id: str | None = None
    report: Callable[[str], None] = _ignore
    cancellation: Cancellation | None = None
    read_only: ReadOnly | None = None
    clock: DeploymentClock = field(default_factory=DeploymentClock)
    back_off: BackOff | None = None
    has_turn: bool = True

    def check_allowed(self, method: Method) -> None:
        """
        Check that a method may be called. `send` does; a command that reads first can do so before.

        Raises:
            UsageError: Read-only mode refuses it.
        """
        if self.read_only is not None:
            self.read_only.check(method)

    def prepare(
        self,
        method: Method,
        args: Sequence[str],
        query: Mapping[str, str] | None = None,
        payload: Payload | None = None,
        *,
        checks_schema: bool = True,
    ) -> PreparedCall:
        """
        Return a call with its URL as this client reaches the service: by the proxy or service discovery, if in use.

        Args:
            checks_schema: Whether the payload must match the schema. One that the program makes of checked values
                does not need that.

        Raises:
            UsageError: The arguments, the query or the payload are wrong.
        """
        call = prepare_call(self._base_url(method), method, args, query)
        check_parameters(method, *call.arguments)
        return call if payload is None else call.with_payload(payload, checks_schema=checks_schema)

    def _base_url(self, method: Method) -> str:
        if self.account.proxy_url is not None:
            return self.account.proxy_url
        if self.discovery == "k8s-dns":
            return f"http://taskcluster-{method.service}"
        return self.account.root_url

    @property
    def _url_source(self) -> str:
        if self.account.proxy_url is not None:
            return "TASKCLUSTER_PROXY_URL"
        if self.discovery == "k8s-dns":
            return "--service-discovery k8s-dns"
        return self.account.root_url_source or "the root URL"

    def build_request(self, call: PreparedCall) -> Request:
        """
        Return the request of a call, signed with the current time and a new nonce.

        Raises:
            UsageError: The method needs a payload and the call has none.
        """
        method, payload = call.method, call.payload
        if method.takes_payload and payload is None:
            raise UsageError(f"{method.id} needs a payload")
        headers = {"Accept": "application/json, */*", "Accept-Encoding": "gzip", "User-Agent": f"tc/{__version__}"}
        if payload is not None:
            headers["Content-Type"] = "application/json"
        if self.trace_id is not None:
            headers["x-taskcluster-trace-id"] = self.trace_id
        if self.account.credentials is not None:
            # As hmac in core.hawk: an unsigned request does without.
            import random

            # It is not a secret, so that a call of the system for each one is not needed.
            nonce = f"{random.getrandbits(48):012x}"
            headers["Authorization"] = hawk.authorization_header(
                method.verb, call.url, self.account.credentials, now=int(time.time()), nonce=nonce
            )
        # POST and PUT without a payload have an empty body: some servers reject them without Content-Length.
        body = payload.body if payload is not None else (b"" if method.verb in {"POST", "PUT"} else None)
        args, query = call.arguments
        described = Call(method.id, tuple(args), query, payload.document if payload is not None else None)
        return Request(
            method.verb,
            call.url,
            headers,
            body,
            described,
            may_repeat=call.may_repeat,
            cancellation=self.cancellation,
        )

    @property
    def _has_end(self) -> bool:
        credentials = self.account.credentials
        return credentials is not None and (credentials.certificate is not None or self.account.valid_until is not None)

    def _check_validity(self) -> None:
        from tccli.core.validity import check_validity

        whose = "this machine's" if self.clock.offset is None else "the deployment's"
        check_validity(self.account, now=self.clock.now(), clock=f"{whose} clock")

    def send(self, call: PreparedCall) -> Response:
        """
        Send a call, with retries, and check that a service responded.

        Raises:
            UsageError: The payload is missing, or read-only mode refuses the call.
            ConfigurationError: The credentials have ended, or have not begun. Methods without scopes ignore them.
            ServiceError: The response is an error.
            NoAnswerError: There was no response, after the retries.
            BrokenAnswerError: The response is malformed, or none that the method gives.
        """
        method = call.method
        self.check_allowed(method)
        if self._has_end and method.scopes is not None:
            self._check_validity()
        may_repeat = self.policy.unsafe or call.may_repeat
        attempts = 0

        def build() -> Request:
            nonlocal attempts
            attempts += 1
            return self.build_request(call)

        sleep = time.sleep if self.cancellation is None else self.cancellation.sleep
        if self.back_off is not None and not self.has_turn:
            self.back_off.wait(sleep, needs_turn=True)
        try:
            response = send_with_retries(
                self.transport,
                build,
                self.policy,
                idempotent=may_repeat,
                report=lambda line: self.report(f"{method.id}: {line}"),
                sleep=sleep,
                back_off=self.back_off,
            )
        except (BrokenAnswerError, NoAnswerError) as error:
            error.message = f"{method.id}: {error.message}"
            # A message with the URL asks whether that is right; here it is known where it comes from.
            error.hint = error.hint.replace("is the URL right?", f"is {self._url_source} right?")
            raise
        self.clock.observe(response.headers)
        if not 200 <= response.status < 400:
            raise service_error(
                method.id,
                call.url,
                response,
                repeated=may_repeat,
                attempts=attempts,
                account=self.account,
                arguments=dict(zip(method.args, call.arguments.args, strict=True)),
            )
        check_success(method, call.url, response, self.account)
        return response

    def call(
        self,
        method: Method,
        args: Sequence[str],
        query: Mapping[str, str] | None = None,
        payload: Payload | None = None,
    ) -> Response:
        """
        Prepare and send a call; errors are those of both.
        """
        return self.send(self.prepare(method, args, query, payload))

    def call_json(
        self,
        method: Method,
        args: Sequence[str],
        query: Mapping[str, str] | None = None,
        payload: Payload | None = None,
    ) -> Any:
        """
        Call a method and return the JSON document of the response.
        """
        return self.fetch(self.prepare(method, args, query, payload))

    def fetch(self, call: PreparedCall) -> Any:
        """
        Send a call and return the JSON document of the response.
        """
        return parse_document(call.method, call.url, self.send(call))

    def paginate(self, call: PreparedCall) -> Iterator[dict[str, Any]]:
        """
        Yield the document of each page, fetched when it is asked for, until a response has no continuation token.

        Raises:
            BrokenAnswerError: A page is not an object, or a token comes twice, so that paging would never end.
        """
        from tccli.core.response_fields import blame_response

        method = call.method
        seen: set[str] = set()
        while True:
            page = parse_document(method, call.url, self.send(call), self.account)
            if not isinstance(page, dict):
                raise BrokenAnswerError(f"{method.id}: the page is not a JSON object")
            yield page
            token = page.get("continuationToken")
            if not token:
                return
            if not isinstance(token, str):
                raise BrokenAnswerError(f"{method.id}: the continuation token is not a string")
            if token in seen:
                raise BrokenAnswerError(f"{method.id}: the same continuation token came twice; paging would never end")
            seen.add(token)
            args, query = call.arguments
            with blame_response(f"a page of {method.id}"):
                call = self.prepare(method, args, {**query, "continuationToken": token}, call.payload)

    def post_text(self, url: str, text: str) -> Response:
        """
        POST plain text, unsigned, to a URL outside of the API, such as the task proxy's ``/bewit``.

        Raises:
            ServiceError: The response is an error.
            NoAnswerError: There was no response, after the retries.
            BrokenAnswerError: The response is malformed.
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
