"""
The deployment over HTTP: an ASGI application.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Mount

from tccli.sandbox import references, registry
from tccli.sandbox.call import Answer, Call
from tccli.sandbox.clock import to_json
from tccli.sandbox.http import errors
from tccli.sandbox.http.connection import hang_up
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.request import LARGEST_BODY, AuthenticationError, Request
from tccli.sandbox.http.routing import BadEscapeError, Router
from tccli.sandbox.pipeline import perform
from tccli.sandbox.scheduler import Passing
from tccli.sandbox.testing import controls
from tccli.sandbox.testing.call_log import Recording
from tccli.sandbox.testing.fault_injection import DROP, LOST, FaultError, HangUp, Mischief

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from tccli.sandbox.state import State

    Observer: TypeAlias = "Callable[[str, str], None]"

NOT_FOUND = Answer({"error": "Not found"}, status=404)
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
    Answers requests.

    Attributes:
        state: The deployment.
        observe: Told of each request, verb and target, before it is answered.
        passing: Does what is due.
        mischief: What befalls calls.
        calls: What was asked so far.
    """

    def __init__(self, state: State, observe: Observer | None = None) -> None:
        self.state = state
        self.observe = observe
        self.passing = Passing()
        self.mischief = Mischief()
        self.calls = Recording()
        self._router = Router()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer one request: ASGI.
        """
        request = await _read(HttpRequest(scope, receive))
        if self.observe is not None:
            self.observe(request.verb, request.target)
        if self.passing.is_due(self.state):
            await self.passing.catch_up(self.state)
        target = self._find(request)
        call = target if isinstance(target, Call) else None
        try:
            answer = await self._perform(target) if isinstance(target, Call) else target
        except HangUp:
            self.calls.add(request, call, 0, self.state.clock.now())
            await hang_up(scope)
            return
        if not request.path.startswith(controls.PREFIX):
            self.calls.add(request, call, answer.status, self.state.clock.now())
        headers = {
            "date": formatdate(self.state.clock.now() / 1000, usegmt=True),
            "x-content-type-options": "nosniff",
            "x-for-trace-id": request.headers.get("x-taskcluster-trace-id") or str(uuid.uuid4()),
            "x-for-request-id": str(uuid.uuid4()),
            **(API_HEADERS if self._router.is_api(request.path) else {}),
            **answer.headers,
        }
        await _response(answer, headers)(scope, receive, send)

    def _find(self, request: Request) -> Call | Answer:
        """
        Return the call that a request is, or what answers it already.
        """
        if request.path.startswith(controls.PREFIX):
            return controls.answer(request, self.state, self.calls)
        if not request.path.startswith("/api/"):
            return references.find(request, self.state.root_url) or NOT_FOUND
        if request.verb == "OPTIONS":
            verbs = ",".join(self._router.verbs(request.path))
            headers = {"allow": verbs, "content-type": HTML}
            return Answer(text=verbs, headers=headers) if verbs else NOT_FOUND
        try:
            found = self._router.find(request.verb, request.path)
        except BadEscapeError as error:
            return _html(400, f"URIError: Failed to decode param &#39;{error}&#39;")
        if found is None:
            return NOT_FOUND
        return Call(method=found[0], args=found[1], request=request, state=self.state)

    async def _perform(self, call: Call) -> Answer:
        """
        Answer a call, or do to it what was asked for.

        Raises:
            HangUp: It gets no answer.
        """
        if self.mischief.latency:
            await asyncio.sleep(self.mischief.latency)
        what = self.mischief.strike(call.method.id)
        if what == DROP:
            raise HangUp
        try:
            if what.isdigit():
                raise FaultError(int(what))
            answer = self.mischief.faked(call) or await perform(call)
        except ApiError as error:
            answer = _refusal(call, error)
        if what == LOST:
            raise HangUp
        return answer


def _refusal(call: Call, error: ApiError) -> Answer:
    payload = call.payload
    if error.code == "MalformedPayload" and not payload:
        payload = call.request.text or {}
    if call.method.id == "secrets.set":
        # The service hides the secret, and trips over a payload that can have none.
        if isinstance(payload, str):
            return _html(500, "TypeError: Cannot create property &#39;secret&#39; on string")
        payload = {**payload, "secret": "(OMITTED)"} if isinstance(payload, dict) else []
    payload = registry.cleaned(call.method.id, payload)
    params = dict(call.args)
    for name, value in call.args.items():
        if registry.takes_slashes(call.method, name):
            params["0"] = value
    document = errors.body(error, method=call.method.name, params=params, payload=payload, time=call.now_json)
    headers = {"www-authenticate": "hawk"} if isinstance(error, AuthenticationError) else {}
    return Answer(document, status=error.status, headers=headers)


def _html(status: int, message: str) -> Answer:
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>{message}</pre>\n</body>\n</html>\n"
    )
    return Answer(text=page, status=status, headers={"content-type": HTML})


async def _read(http: HttpRequest) -> Request:
    body = bytearray()
    async for chunk in http.stream():
        # What is too long is not kept, but taken from the wire: the client is still sending.
        body += chunk[: LARGEST_BODY + 1 - len(body)]
    raw_path = http.scope.get("raw_path") or http.scope["path"].encode()
    return Request(
        verb=http.method,
        path=raw_path.decode("latin-1"),
        query=http.scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in http.headers.raw},
        body=bytes(body),
        is_gone=http.is_disconnected,
        peer=_peer(http),
    )


def _peer(http: HttpRequest) -> str:
    """
    Return the address that a request came from; who comes from the address that we listen on is on this machine.
    """
    if http.client is None:
        return ""
    return "127.0.0.1" if http.client.host == http.scope["server"][0] else http.client.host


def _response(answer: Answer, headers: Mapping[str, str]) -> Response:
    if answer.text is not None:
        return Response(answer.text, status_code=answer.status, headers=dict(headers))
    if answer.document is None:
        status = 204 if answer.status == 200 else answer.status
        return Response(status_code=status, headers=dict(headers))
    content = json.dumps(answer.document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(content, status_code=answer.status, headers={"content-type": JSON, **headers})


async def _failed(http: HttpRequest, error: Exception) -> Response:
    """
    Answer for a bug of ours as a service would; the server shows where it is.
    """
    internal = InternalError(f"{type(error).__name__}: {error}")
    document: Any = errors.body(internal, method=http.url.path, params={}, payload={}, time=to_json(0))
    return _response(Answer(document, status=500), {})


def application(sandbox: Sandbox) -> ASGIApp:
    """
    Return the ASGI application that survives our own mistakes, and in which time passes.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        passing = asyncio.create_task(sandbox.passing.keep_pace(lambda: sandbox.state))
        yield
        passing.cancel()

    routes = [Mount("/", app=sandbox)]
    return Starlette(routes=routes, exception_handlers={Exception: _failed}, lifespan=lifespan)
