"""
The client: prepares API calls (URL, checks), sends them (signature, retries) and follows pages.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from tccli import __version__, names
from tccli.core import hawk
from tccli.core.clock import DeploymentClock
from tccli.core.http.messages import Call, Request, Response, Transport
from tccli.core.http.retry import BackOff, RetryPolicy, send_with_retries
from tccli.core.parameters import check_parameters
from tccli.core.payload import check_size, validate
from tccli.core.responses import check_success, parse_document, service_error
from tccli.errors import BrokenAnswerError, NoAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tccli.core.account import Account
    from tccli.core.http.deadline import Cancellation
    from tccli.core.payload import Payload
    from tccli.core.read_only import ReadOnly
    from tccli.references import Method


class MethodArguments(NamedTuple):
    """
    The values for a method's path and query.

    Attributes:
        args: Path arguments in the method's order.
        query: Query options by their API names; only those that were given.
    """

    args: Sequence[str]
    query: Mapping[str, str]


class PreparedCall(NamedTuple):
    """
    A call whose arguments are checked. It can be printed, signed or sent; sending also needs the payload.

    Attributes:
        url: Percent-encoded, unsigned; every attempt sends exactly this.
        payload: None if the method takes none, or if it was not given yet.
    """

    method: Method
    arguments: MethodArguments
    url: str
    payload: Payload | None = None

    @property
    def may_repeat(self) -> bool:
        """
        Whether the service may receive the call twice without harm.
        """
        return self.method.may_repeat(self.payload.document if self.payload else None)

    def with_payload(self, payload: Payload, *, edits: Sequence[str] = (), checks_schema: bool = True) -> PreparedCall:
        """
        Return the call with a payload.

        Args:
            edits: The values of ``--set`` that changed it, for messages.
            checks_schema: Whether it must match the schema of the method.

        Raises:
            UsageError: The method takes no payload, or this one is larger than a service accepts, or not valid.
            ConfigurationError: The schema cannot be used.
        """
        if not self.method.takes_payload:
            raise UsageError(f"{self.method.id} takes no payload")
        check_size(self.method, payload)
        if checks_schema:
            validate(self.method, payload, edits)
        return self._replace(payload=payload)


def prepare_call(
    base_url: str, method: Method, args: Sequence[str], query: Mapping[str, str] | None = None
) -> PreparedCall:
    """
    Return a call of *method* without its payload.

    Pure: no account, no network.

    Args:
        base_url: The part of the URL before ``/api``.
        args: One value for each of the method's arguments, in its order.
        query: By API name.

    Raises:
        UsageError: An argument is missing, surplus or would name another endpoint, or a query option is unknown or
            malformed.
    """
    query = query or {}
    if len(args) != len(method.args):
        raise UsageError(f"{method.id} takes {method.count_arguments()}, not {len(args)}")
    _check_query(method, query)
    route = method.route
    for name, value in zip(method.args, args, strict=True):
        is_segment = bool(value) or not method.may_be_empty(name)
        route = route.replace(f"<{name}>", escape(f"{method.id}: <{name}>", value, is_segment=is_segment), 1)
    url = f"{base_url}/api/{method.service}/{method.version}{route}"
    if query:
        url += "?" + "&".join(
            f"{quote(name, safe='')}={escape(f'{method.id}: --{names.kebab(name)}', value, is_segment=False)}"
            for name, value in query.items()
        )
    return PreparedCall(method, MethodArguments(tuple(args), dict(query)), url)


def _check_query(method: Method, query: Mapping[str, str]) -> None:
    for name in query:
        if name not in method.query:
            raise UsageError(f"{method.id}: no query option {name!r}", hint=names.suggestion(name, method.query))
    limit = query.get("limit", "1")
    if not (limit.isascii() and limit.isdigit() and limit.strip("0")):
        raise UsageError(f"{method.id}: --limit must be a whole number of at least 1, not {limit!r}")
    if query.get("continuationToken") == "":
        raise UsageError(f"{method.id}: --continuation-token is empty", hint="leave it out to get the first page")


def escape(what: str, value: str, *, is_segment: bool = True) -> str:
    """
    Percent-encode *value*, slashes included.

    Args:
        what: Names the value in messages.
        is_segment: Whether it becomes a path segment, where an empty value, ``.`` and ``..`` change the path.

    Raises:
        UsageError: It would change the path, has control characters, or is not valid Unicode.
    """
    if is_segment and value in {"", ".", ".."}:
        raise UsageError(f"{what} cannot be {value!r}: it would name another endpoint" if value else f"{what} is empty")
    control = re.search(r"[\x00-\x1f\x7f]", value)
    if control:
        raise UsageError(f"{what} has a control character ({control[0]!r}) in {value!r}")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise UsageError(f"{what} is not valid UTF-8: {value!r}") from None


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

        try:
            response = send_with_retries(
                self.transport,
                build,
                self.policy,
                idempotent=may_repeat,
                report=lambda line: self.report(f"{method.id}: {line}"),
                sleep=time.sleep if self.cancellation is None else self.cancellation.sleep,
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
