"""
The part of the web interface that ``tc signin`` needs: ``/auth/clients/create``, which creates a client for a callback.

As in the web interface, the client is below the id of the user, has the scopes that were asked for and that the user
has, and is deleted when it expires; its credentials go to a callback on localhost only. The user is a person with all
scopes, or any client of the sandbox; it need not sign in.

Source: ``ui/src/views/Clients`` of Taskcluster.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tccli.core.scopes import algebra
from tccli.core.times import from_now
from tccli.errors import UsageError
from tccli.sandbox import events
from tccli.sandbox.auth.accounts import STATIC_CLIENTS, new_access_token
from tccli.sandbox.call import CLIENT_ID, Response
from tccli.sandbox.clock import DAY

if TYPE_CHECKING:
    from tccli.sandbox.http.request import Request
    from tccli.sandbox.state import State

PATH = "/auth/clients/create"
USER = "sandbox-login/1|you"
"""Who is signed in unless another client is chosen: somebody with all scopes."""
CALLBACK = r"https?://localhost(?::[0-9]+)?(?:/.*)?"
SCRIPT = """
const form = document.querySelector("form");
form.addEventListener("submit", async event => {
  event.preventDefault();
  const query = new URLSearchParams(location.search);
  query.set("user", form.elements.user.value);
  const response = await fetch(location.pathname + "?" + query, {method: "POST"});
  const result = await response.json();
  if (!response.ok) {
    document.querySelector("output").textContent = result.error;
  } else if (result.callback) {
    location.replace(result.callback);
  } else {
    document.querySelector("output").textContent = "Client " + result.clientId + ": " + result.accessToken;
  }
});
"""
_SCRIPT_HASH = b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; connect-src 'self'; script-src 'sha256-{_SCRIPT_HASH}'",
}


def respond(request: Request, state: State) -> Response | None:
    """
    Return the page, or the result of its form; None for another path.
    """
    if request.path != PATH:
        return None
    query = parse_qs(request.query, keep_blank_values=True)
    if request.verb == "GET":
        return _render(query, state)
    if request.verb != "POST":
        return None
    # A page of another site must not create clients here.
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return Response({"error": "Only the page itself may create clients"}, status=403)
    try:
        return Response(_create(query, state))
    except UsageError as error:
        return Response({"error": str(error)}, status=400)


def _create(query: dict[str, list[str]], state: State) -> dict[str, Any]:
    callback = _first(query, "callback_url")
    if callback and not re.fullmatch(CALLBACK, callback):
        raise UsageError(f"Callback URL {callback} is not allowed.")
    user, client_id, scopes, expires = _read(query, state)
    if not re.fullmatch(CLIENT_ID, client_id):
        raise UsageError(f"{client_id} is not a client id")
    token, now = new_access_token(), state.clock.now()
    row = {
        "client_id": client_id,
        "access_token": token,
        "description": _first(query, "description") or f"Created for {user}",
        "expires": expires,
        "scopes": json.dumps(sorted(scopes)),
        "disabled": 0,
        "delete_on_expiration": 1,
        "created": now,
        "last_modified": now,
        "last_date_used": now,
        "last_rotated": now,
    }
    if not state.store.insert("clients", row):
        raise UsageError("Client already exists")
    events.publish(state, "auth.clientCreated", {}, {"version": 1, "clientId": client_id})
    result = {"clientId": client_id, "accessToken": token}
    # The client id is not encoded: neither does the web interface.
    return {**result, "callback": f"{callback}?clientId={client_id}&accessToken={token}"} if callback else result


def _read(query: dict[str, list[str]], state: State) -> tuple[str, str, list[str], int]:
    """
    Return the user, the id of the new client, its scopes and its expiry.
    """
    user = _first(query, "user") or USER
    held = _scopes(state, user)
    scopes, client_id = query.get("scope", []), _first(query, "client_id")
    if _first(query, "callback_url"):
        client_id = f"{user}/{_first(query, 'name')}"
        scopes = intersect(scopes, held)
    now = state.clock.now()
    try:
        moment = from_now(_first(query, "expires"), now=datetime.fromtimestamp(now / 1000, UTC))
    except UsageError:
        raise UsageError("The expiry is not an offset") from None
    expires = int(moment.timestamp() * 1000) if _first(query, "expires") else now + 1000 * 365 * DAY
    return user, client_id, scopes, expires


def intersect(wanted: list[str], held: list[str]) -> list[str]:
    """
    Return the scopes that both lists satisfy.
    """
    both = [scope for scope in wanted if any(algebra.covers(each, scope) for each in held)]
    both += [scope for scope in held if any(algebra.covers(each, scope) for each in wanted)]
    return algebra.normalize(both)


def _scopes(state: State, user: str) -> list[str]:
    if user == USER:
        return ["*"]
    row = state.store.one("SELECT scopes FROM clients WHERE client_id = ?", user)
    if row is None:
        raise UsageError(f"There is no client {user}")
    return state.accounts.expand(json.loads(row["scopes"]))


def _render(query: dict[str, list[str]], state: State) -> Response:
    try:
        _, client_id, scopes, _ = _read(query, state)
    except UsageError as error:
        return Response(text=html.escape(str(error)), status=400, headers=HEADERS)
    users = [
        row["client_id"]
        for row in state.store.all("SELECT client_id FROM clients ORDER BY client_id")
        if row["client_id"] not in STATIC_CLIENTS
    ]
    options = "".join(f"<option>{html.escape(user)}</option>" for user in (USER, *users))
    shown = "".join(f"<li><code>{html.escape(scope)}</code></li>" for scope in scopes)
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Create Client - sandbox</title>'
        f"<h1>Create Client</h1><form><p><label>You are <select name=user>{options}</select></label></p>"
        f"<p>Client <code>{html.escape(client_id)}</code>, expires in {html.escape(_first(query, 'expires'))}</p>"
        f"<ul>{shown}</ul><button>Create Client</button> <output></output></form><script>{SCRIPT}</script></html>"
    )
    return Response(text=text, headers=HEADERS)


def _first(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]
