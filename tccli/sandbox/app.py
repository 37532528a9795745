"""
The deployment as an ASGI application.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest
from starlette.responses import Response as AsgiResponse
from starlette.routing import Mount

from tccli.sandbox import references
from tccli.sandbox.call import Call, Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http import errors
from tccli.sandbox.http.connection import hang_up
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.request import MAX_BODY_BYTES, AuthenticationError, Request
from tccli.sandbox.http.routing import BadEscapeError, Router
from tccli.sandbox.pipeline import perform
from tccli.sandbox.scheduler import Scheduler
from tccli.sandbox.testing import controls
from tccli.sandbox.testing.call_log import CallLog
from tccli.sandbox.testing.fault_injection import FaultError, FaultInjector, FaultKind, HangUp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from tccli.sandbox.state import State

    RequestObserver: TypeAlias = "Callable[[str, str], None]"

NOT_FOUND = Response({"error": "Not found"}, status=404)
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
API_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-max-age": "900",
    "access-control-allow-methods": "OPTIONS,GET,HEAD,POST,PUT,DELETE,TRACE,CONNECT",
    "access-control-request-method": "*",
    "access-control-allow-headers": "X-Requested-With,Content-Type,Authorization,Accept,Origin,Cache-Control",
    "cache-control": "no-store no-cache must-revalidate",
}


class Sandbox:
    """
    The application.

    Attributes:
        state: May be replaced while requests are handled; a request uses one state until its end.
        on_request: Called with verb and target before each response.
    """

    def __init__(self, state: State, on_request: RequestObserver | None = None) -> None:
        self.state = state
        self.on_request = on_request
        self.scheduler = Scheduler()
        self.fault_injector = FaultInjector()
        self.calls = CallLog()
        self._router = Router(state.registry)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requests: set[asyncio.Task[None] | None] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Handle one request: ASGI.
        """
        task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._requests.add(task)
        try:
            await self._handle(scope, receive, send)
        except asyncio.CancelledError:
            # Only abort_requests() cancels a request.
            await hang_up(scope)
        finally:
            self._requests.discard(task)

    def abort_requests(self) -> None:
        """
        Close the connections of requests that have no response yet. Call this from another thread than the server's.
        """
        if self._loop is not None:
            for task in self._requests.copy():
                if task is not None:
                    self._loop.call_soon_threadsafe(task.cancel)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await _read_request(AsgiRequest(scope, receive))
        except ClientDisconnect:
            return
        if self.on_request is not None:
            self.on_request(request.verb, request.target)
        if self.scheduler.is_due(self.state):
            await self.scheduler.run_due(self.state)
        target = self._resolve(request)
        call = target if isinstance(target, Call) else None
        try:
            response = await self._perform(target) if isinstance(target, Call) else target
        except HangUp:
            self.calls.add(request, call, 0, self.state.clock.now())
            await hang_up(scope)
            return
        if not request.path.startswith(controls.PREFIX):
            self.calls.add(request, call, response.status, self.state.clock.now())
        headers = {
            "date": formatdate(self.state.clock.now() / 1000, usegmt=True),
            "x-content-type-options": "nosniff",
            "x-for-trace-id": request.headers.get("x-taskcluster-trace-id") or str(uuid.uuid4()),
            "x-for-request-id": str(uuid.uuid4()),
            **(API_HEADERS if self._router.is_api(request.path) else {}),
            **response.headers,
        }
        await _to_asgi(response, headers)(scope, receive, send)

    def _resolve(self, request: Request) -> Call | Response:
        if request.path.startswith(controls.PREFIX):
            return controls.respond(request, self.state, self.calls)
        if not request.path.startswith("/api/"):
            return references.find(request, self.state.root_url) or NOT_FOUND
        if request.verb == "OPTIONS":
            verbs = ",".join(self._router.verbs(request.path))
            headers = {"allow": verbs, "content-type": HTML}
            return Response(text=verbs, headers=headers) if verbs else NOT_FOUND
        try:
            found = self._router.find(request.verb, request.path)
        except BadEscapeError as error:
            return _html_error(400, f"URIError: Failed to decode param &#39;{error}&#39;")
        if found is None:
            return NOT_FOUND
        return Call(method=found[0], args=found[1], request=request, state=self.state)

    async def _perform(self, call: Call) -> Response:
        if self.fault_injector.latency_seconds:
            await asyncio.sleep(self.fault_injector.latency_seconds)
        fault = self.fault_injector.next_fault(call.method.id)
        kind = None if fault is None else fault.kind
        if kind is FaultKind.DROP:
            raise HangUp
        try:
            if fault is not None and kind is FaultKind.STATUS:
                raise FaultError(fault.status)
            response = self.fault_injector.fake_response(call) or await perform(call)
        except ApiError as error:
            response = _error_response(call, error)
        if kind is FaultKind.LOST:
            raise HangUp
        return response


def _error_response(call: Call, error: ApiError) -> Response:
    payload, registry = call.payload, call.state.registry
    if error.code == "MalformedPayload" and not payload:
        payload = call.request.text or {}
    if call.method.id == "secrets.set":
        # The service masks the secret, and fails with a TypeError on a payload that cannot have one.
        if isinstance(payload, str):
            return _html_error(500, "TypeError: Cannot create property &#39;secret&#39; on string")
        payload = {**payload, "secret": "(OMITTED)"} if isinstance(payload, dict) else []
    payload = registry.mask_payload(call.method, payload)
    params = dict(call.args)
    for name, value in call.args.items():
        if registry.allows_slashes(call.method, name):
            params["0"] = value
    document = errors.body(error, method=call.method.name, params=params, payload=payload, time=call.now_json)
    headers = {"www-authenticate": "hawk"} if isinstance(error, AuthenticationError) else {}
    return Response(document, status=error.status, headers=headers)


def _html_error(status: int, message: str) -> Response:
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>{message}</pre>\n</body>\n</html>\n"
    )
    return Response(text=page, status=status, headers={"content-type": HTML})


async def _read_request(http: AsgiRequest) -> Request:
    body = bytearray()
    async for chunk in http.stream():
        # Read a body that is too long to its end, since the client still sends it, but do not store it.
        body += chunk[: MAX_BODY_BYTES + 1 - len(body)]
    raw_path = http.scope.get("raw_path") or http.scope["path"].encode()
    return Request(
        verb=http.method,
        path=raw_path.decode("latin-1"),
        query=http.scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in http.headers.raw},
        body=bytes(body),
        is_disconnected=http.is_disconnected,
        peer=_peer_address(http),
    )


def _peer_address(http: AsgiRequest) -> str:
    if http.client is None:
        return ""
    # A client on this machine connects to --listen's address from that same address.
    return "127.0.0.1" if http.client.host == http.scope["server"][0] else http.client.host


def _to_asgi(response: Response, headers: Mapping[str, str]) -> AsgiResponse:
    if response.text is not None:
        return AsgiResponse(response.text, status_code=response.status, headers=dict(headers))
    if response.document is None:
        status = 204 if response.status == 200 else response.status
        return AsgiResponse(status_code=status, headers=dict(headers))
    content = json.dumps(response.document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return AsgiResponse(content, status_code=response.status, headers={"content-type": JSON, **headers})


async def _respond_to_bug(http: AsgiRequest, error: Exception) -> AsgiResponse:
    internal = InternalError(f"{type(error).__name__}: {error}")
    document: Any = errors.body(internal, method=http.url.path, params={}, payload={}, time=to_json(0))
    return _to_asgi(Response(document, status=500), {})


def application(sandbox: Sandbox) -> ASGIApp:
    """
    Return the ASGI application, which responds with 500 to bugs and runs periodic jobs.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        jobs = asyncio.create_task(sandbox.scheduler.run_forever(lambda: sandbox.state))
        yield
        jobs.cancel()

    routes = [Mount("/", app=sandbox)]
    return Starlette(routes=routes, exception_handlers={Exception: _respond_to_bug}, lifespan=lifespan)
