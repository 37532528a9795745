"""
The deployment as an ASGI application.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest
from starlette.responses import Response as AsgiResponse

from tccli.sandbox import references, sign_in
from tccli.sandbox.call import Call, Response
from tccli.sandbox.http import errors, web_server
from tccli.sandbox.http.body import MAX_BODY_BYTES
from tccli.sandbox.http.connection import abort, hang_up
from tccli.sandbox.http.errors import ApiError, BodyError, InternalError, PageError
from tccli.sandbox.http.rendering import API_HEADERS, SECURITY_HEADERS, WEB_SERVER, escape, render, render_page
from tccli.sandbox.http.request import AuthenticationError, MalformedPayloadError, Request
from tccli.sandbox.http.routing import Router
from tccli.sandbox.pipeline import perform
from tccli.sandbox.scheduler import Scheduler
from tccli.sandbox.testing import controls
from tccli.sandbox.testing.call_log import CallLog
from tccli.sandbox.testing.fault_injection import FaultError, FaultInjector, FaultKind, HangUp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from tccli.sandbox.state import State

    RequestObserver: TypeAlias = "Callable[[str, str], None]"

VERBS = frozenset(
    {"ACL", "BIND", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "M-SEARCH", "MERGE"}
    | {"MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND", "PROPPATCH"}
    | {"PURGE", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND", "UNLINK"}
    | {"UNLOCK", "UNSUBSCRIBE"}
)
"""The verbs that Node.js parses. It responds to others before the services see them."""
DISCONNECT_SECONDS = 60
"""For requests that are handled, on a busy machine."""
NOT_FOUND = Response({"error": "Not found"}, status=404)
PLAIN = {"content-type": "text/plain", "x-content-type-options": "nosniff"}
logger = logging.getLogger("uvicorn.error")


class Sandbox:
    """
    The application.

    Attributes:
        state: May be replaced while requests are handled; a request uses one state until its end.
        on_request: Called with verb and target before each response.
        on_stop: Called when a client wants the sandbox to end; None if that is not possible.
    """

    def __init__(self, state: State, on_request: RequestObserver | None = None) -> None:
        self.state = state
        self.on_request = on_request
        self.on_stop: Callable[[], object] | None = None
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
            # Only abort_requests() and disconnect() cancel a request.
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

    def disconnect(self, connections: Iterable[asyncio.Protocol]) -> None:
        """
        Close connections, and wait for the end of all requests. Call this from another thread than the server's.

        Args:
            connections: Of uvicorn.
        """
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._disconnect(connections), self._loop).result(DISCONNECT_SECONDS)

    async def _disconnect(self, connections: Iterable[asyncio.Protocol]) -> None:
        for connection in [*connections]:
            abort(connection)
        requests = [task for task in self._requests if task is not None]
        for task in requests:
            task.cancel()
        await asyncio.gather(*requests, return_exceptions=True)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await _read_request(AsgiRequest(scope, receive))
        except ClientDisconnect:
            return
        if request.verb not in VERBS:
            await AsgiResponse(status_code=400, headers={"connection": "close"})(scope, receive, send)
            return
        if self.on_request is not None:
            self.on_request(request.verb, request.target)
        if self.scheduler.is_due(self.state):
            await self.scheduler.run_due(lambda: self.state)
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
        await self._render(response, request)(scope, receive, send)

    def _render(self, response: Response, request: Request) -> ASGIApp:
        is_api = self._router.is_api(request.path)
        headers = {
            "date": formatdate(self.state.clock.now() / 1000, usegmt=True),
            "x-for-trace-id": request.headers.get("x-taskcluster-trace-id") or str(uuid.uuid4()),
            "x-for-request-id": str(uuid.uuid4()),
            **(API_HEADERS if is_api else {}),
            **({} if is_api and request.path.startswith(WEB_SERVER) else SECURITY_HEADERS),
        }
        return render(response, request, headers)

    def _resolve(self, request: Request) -> Call | Response:
        if request.path.startswith(controls.PREFIX):
            return controls.respond(request, self.state, self.calls, self.on_stop)
        if not request.path.startswith("/api/"):
            document = references.find(request, self.state.root_url)
            return document or sign_in.respond(request, self.state) or NOT_FOUND
        is_web_server = request.path.startswith(WEB_SERVER)
        if is_web_server:
            rejection = web_server.reject_body(request)
            if rejection is not None:
                return rejection
            request = web_server.drop_body(request)
        if request.verb == "OPTIONS" and (verbs := self._router.verbs(request.path)):
            listed = ", ".join(verbs)
            return Response(text=listed, headers={**PLAIN, "allow": listed}, has_etag=False)
        try:
            found = self._router.find(request.verb, request.path)
        except PageError as error:
            return web_server.respond_failure("URIError") if is_web_server else render_page(error.status, error.message)
        if found is not None:
            return Call(method=found[0], args=found[1], request=request, state=self.state)
        if is_web_server:
            return render_page(404, f"Cannot {escape(request.verb)} {escape(request.path)}")
        return NOT_FOUND

    async def _perform(self, call: Call) -> Response:
        if self.fault_injector.latency_seconds:
            await asyncio.sleep(self.fault_injector.latency_seconds)
        fault = self.fault_injector.next_fault(call.method.id)
        kind = None if fault is None else fault.kind
        if kind is FaultKind.DROP:
            raise HangUp
        status = fault.status if fault is not None and kind is FaultKind.STATUS else None
        response = await self._respond(call, status)
        if kind is FaultKind.LOST:
            raise HangUp
        return response

    async def _respond(self, call: Call, fault_status: int | None) -> Response:
        try:
            if fault_status is not None:
                return _error_response(call, FaultError(fault_status))
            return self.fault_injector.fake_response(call) or await perform(call)
        except ApiError as error:
            return _error_response(call, error)
        except PageError as error:
            return render_page(error.status, error.message)
        except Exception as error:
            # The services respond to a bug in a handler, and their connections survive it.
            logger.exception("cannot handle %s", call.method.id)
            return _error_response(call, InternalError(f"{type(error).__name__}: {error}"))


def _error_response(call: Call, error: ApiError) -> Response:
    is_unread = isinstance(error, BodyError)
    payload = error.payload if isinstance(error, MalformedPayloadError) else None if is_unread else call.payload
    try:
        payload = call.state.registry.mask_payload(call.method, payload)
    except TypeError as problem:
        # The services fail while they mask a payload of another type.
        return render_page(500, f"TypeError: {escape(str(problem))}")
    document = errors.body(
        error,
        method=call.method.name,
        params=call.args,
        payload=payload,
        has_payload=not is_unread or payload is not None,
        time=call.now_json,
    )
    headers = {"www-authenticate": "hawk"} if isinstance(error, AuthenticationError) else {}
    return Response(document, status=error.status, headers=headers)


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


def application(sandbox: Sandbox) -> ASGIApp:
    """
    Return the ASGI application, which runs periodic jobs.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        jobs = asyncio.create_task(sandbox.scheduler.run_forever(lambda: sandbox.state))
        yield
        jobs.cancel()

    app = Starlette(lifespan=lifespan)
    # Not a route, since Starlette's do not match a path with a line feed.
    app.router.default = sandbox
    return app
