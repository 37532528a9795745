"""
What a sandbox offers beside the services, to those on the same machine: its clock, its outbox, and what was called.
"""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Answer
from tccli.sandbox.clock import to_json
from tccli.sandbox.services.notify import outbox
from tccli.sandbox.services.queue import pending_runs

if TYPE_CHECKING:
    from tccli.sandbox.http.request import Request
    from tccli.sandbox.state import State
    from tccli.sandbox.testing.call_log import Recording

PREFIX = "/sandbox/"


def answer(request: Request, state: State, calls: Recording) -> Answer:
    """
    Answer a request for one of the sandbox's own paths.
    """
    # A page in a browser on this machine comes from a loopback address too, but says where it is from.
    if not _is_local(request.peer) or "origin" in request.headers:
        return Answer({"error": "Only for those on the same machine"}, status=403)
    what = (request.verb, request.path.removeprefix(PREFIX))
    if what == ("GET", "calls"):
        return Answer({"calls": calls.entries()})
    if what == ("GET", "outbox"):
        return Answer({"messages": outbox.messages(state)})
    if what == ("GET", "queues"):
        return Answer({"queues": pending_runs.queues_with_work(state.store, state.clock.now())})
    if what == ("GET", "clock"):
        return Answer(_clock(state))
    if what == ("POST", "clock"):
        return _set_clock(request, state)
    return Answer({"error": "Not found"}, status=404)


def _set_clock(request: Request, state: State) -> Answer:
    """
    Move the clock by ``{"advance": milliseconds}``, or to ``{"offset": milliseconds}`` from the real time.
    """
    try:
        wanted = json.loads(request.text or "null")
        offset = state.clock.offset + wanted["advance"] if "advance" in wanted else wanted["offset"]
        moved = to_json(state.clock.now() - state.clock.offset + int(offset))
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return Answer({"error": "Not a time"}, status=400)
    assert moved
    state.set_offset(int(offset))
    return Answer(_clock(state))


def _clock(state: State) -> dict[str, Any]:
    return {"now": to_json(state.clock.now()), "offset": state.clock.offset}


def _is_local(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False
