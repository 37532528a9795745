"""
Paths under ``/sandbox/`` that only a sandbox has, for clients on the same machine: clock, outbox, queues, calls, stop.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.services.notify import outbox
from tccli.sandbox.services.queue import pending_runs
from tccli.strict_json import loads_leniently

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.http.request import Request
    from tccli.sandbox.state import State
    from tccli.sandbox.testing.call_log import CallLog

PREFIX = "/sandbox/"


def respond(request: Request, state: State, calls: CallLog, on_stop: Callable[[], object] | None) -> Response:
    """
    Return the response to a request for one of these paths.

    Args:
        on_stop: Ends the sandbox; None if it ends with something else.
    """
    # A page in a browser on this machine has a loopback address too, but its requests name an origin, or the host that
    # it came from: a name whose address may have been changed to this machine's.
    if (
        not _is_loopback(request.peer)
        or "origin" in request.headers
        or not _is_address(request.headers.get("host", ""))
    ):
        return Response({"error": "Only clients on the same machine have access"}, status=403)
    match request.verb, request.path.removeprefix(PREFIX):
        case "GET", "calls":
            return Response({"calls": calls.entries()})
        case "GET", "outbox":
            return Response({"messages": outbox.messages(state)})
        case "GET", "queues":
            return Response({"queues": pending_runs.queues_with_work(state.store, state.clock.now())})
        case "GET", "clock":
            return Response(_clock(state))
        case "POST", "clock":
            return _set_clock(request, state)
        case "POST", "stop":
            if on_stop is None:
                return Response({"error": "The sandbox ends with its command"}, status=409)
            on_stop()
            return Response({})
        case _:
            return Response({"error": "Not found"}, status=404)


def _set_clock(request: Request, state: State) -> Response:
    # {"advance": milliseconds} moves the clock, {"offset": milliseconds} sets its distance from the real time.
    try:
        payload = loads_leniently(request.text or "null")
        offset = int(state.clock.offset + payload["advance"] if "advance" in payload else payload["offset"])
        # Reject times outside of the years that Python knows.
        datetime.fromtimestamp((state.clock.now() - state.clock.offset + offset) / 1000, UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return Response({"error": "Not a time"}, status=400)
    state.set_offset(offset)
    return Response(_clock(state))


def _clock(state: State) -> dict[str, Any]:
    return {"now": to_json(state.clock.now()), "offset": state.clock.offset}


def _is_address(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":[0-9]*$", host) and not host.endswith("]") else host
    try:
        return name.lower() == "localhost" or bool(ipaddress.ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False
