"""
Whose credentials a client uses: what the deployment knows about them, and how a terminal shows it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tccli.errors import BrokenAnswerError, NegativeAnswerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.core.client import Client
    from tccli.core.hawk import Credentials

SCOPE_FIELDS = ("scopes", "ownScopes")
MAX_SHOWN_SCOPES = 20
YEAR_SECONDS = 365.25 * 86_400
MIN_CLOCK_DIFFERENCE_SECONDS = 2
"""The Date of a response is in whole seconds."""


def fetch_identity(client: Client, environ: Mapping[str, str], *, with_scopes: bool = True) -> dict[str, Any]:
    """
    Return the fields of ``credentialInformation`` of the JavaScript client, and where the credentials come from.

    Args:
        environ: Has the proxy for requests.
        with_scopes: Whether to fetch the scopes.

    Raises:
        NegativeAnswerError: The deployment has no such client.
        TcError: As of a call.
    """
    from tccli.core.http.proxies import describe_proxy

    account = client.account
    # It is the deployment that knows when a client ends.
    client = replace(client, account=replace(account, valid_until=None))
    if account.credentials is None:
        found: dict[str, Any] = {"type": "proxy", "active": True}
        found["scopes"] = fetch_scopes(client) if with_scopes else []
    else:
        found = _credential_information(client, account.credentials, with_scopes=with_scopes)
    found |= {"rootUrl": account.root_url, "source": account.credentials_source or "TASKCLUSTER_PROXY_URL"}
    if account.proxy_url is not None:
        found["taskclusterProxy"] = account.proxy_url
    proxy = describe_proxy(account.proxy_url or account.root_url, environ)
    if proxy:
        found["httpProxy"] = proxy
    offset = client.clock.offset
    if offset is not None:
        seconds = round(offset.total_seconds())
        found["clockDifference"] = seconds if abs(seconds) >= MIN_CLOCK_DIFFERENCE_SECONDS else 0
    return found


def _credential_information(client: Client, credentials: Credentials, *, with_scopes: bool) -> dict[str, Any]:
    from datetime import UTC, datetime

    from tccli.core.responses import read_timestamp
    from tccli.core.times import format_timestamp
    from tccli.core.validity import TOLERANCE

    certificate = credentials.certificate
    found = _fetch_client(client, (certificate or {}).get("issuer", credentials.client_id))
    expiry = read_timestamp("auth.client", found["expires"])
    start = None
    if certificate is not None:
        start = datetime.fromtimestamp(certificate["start"] / 1000, UTC)
        expiry = min(expiry, datetime.fromtimestamp(certificate["expiry"] / 1000, UTC))
    now = client.clock.now()
    # The clock of the deployment is in whole seconds, and services accept a certificate some minutes before its start.
    active = not found["disabled"] and now < expiry and (start is None or start <= now + TOLERANCE)
    information: dict[str, Any] = {
        "clientId": credentials.client_id,
        "type": "permanent" if certificate is None else "temporary",
        "active": active,
        "expiry": format_timestamp(expiry),
        "scopes": fetch_scopes(client) if active and with_scopes else [],
        "ownScopes": _own_scopes(credentials, found),
    }
    if start is not None:
        information["start"] = format_timestamp(start)
    if found["disabled"]:
        information["disabled"] = True
    return information


def _own_scopes(credentials: Credentials, found: Mapping[str, Any]) -> list[str]:
    """
    Return the scopes without those of roles: the narrowest list that is known.
    """
    if credentials.authorized_scopes is not None:
        return list(credentials.authorized_scopes)
    scopes = (credentials.certificate or found).get("scopes", [])
    return [scope for scope in scopes if isinstance(scope, str)] if isinstance(scopes, list) else []


def _fetch_client(client: Client, client_id: str) -> dict[str, Any]:
    from tccli import references

    # Anyone may call auth.client: anonymously it works for credentials that are disabled or expired, too.
    anonymous = replace(client, account=replace(client.account, credentials=None))
    try:
        found = anonymous.call_json(references.method("auth", "client"), [client_id])
    except NotFoundError:
        raise NegativeAnswerError(f"the deployment has no client {client_id}") from None
    if not isinstance(found, dict) or not {"expires", "disabled"} <= found.keys():
        raise BrokenAnswerError("auth.client: the response has no expires and disabled")
    return found


def fetch_scopes(client: Client) -> list[str]:
    """
    Return the scopes that requests have, with those of roles.
    """
    from tccli import references
    from tccli.cli.scope_check import parse_scopes

    return parse_scopes(client.call_json(references.method("auth", "currentScopes"), []))


def format_identity(found: Mapping[str, Any], width: int, *, expand: bool) -> str:
    """
    Return what a terminal shows: a line for each property, and the scopes, one on each line.

    Args:
        width: Columns of the terminal. Longer values are continued on the next line, below their start.
        expand: Whether to list all scopes with those of roles, instead of the first ones without.
    """
    import textwrap

    lines: list[str] = []
    for name, value in _describe(found, expand=expand):
        indent = f"{name:10}"
        if name:
            lines += textwrap.wrap(
                value,
                max(width - 1, 30),
                initial_indent=indent,
                subsequent_indent=" " * len(indent),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [indent.rstrip()]
        else:
            # A scope may be copied, so it stays on its line.
            lines.append(f"{indent}{value}")
    return "".join(f"{line}\n" for line in lines)


def _describe(found: Mapping[str, Any], *, expand: bool) -> Iterator[tuple[str, str]]:
    from datetime import UTC, datetime

    from tccli.core.times import format_span, parse_timestamp

    yield "root URL", found["rootUrl"]
    yield "source", found["source"]
    if "clientId" in found:
        state = "active" if found["active"] else "disabled" if found.get("disabled") else "not active"
        yield "client", f"{found['clientId']} ({found['type']}, {state})"
    now = datetime.now(UTC)
    for name, key in (("begins", "start"), ("ends", "expiry")):
        if key in found:
            seconds = (parse_timestamp(found[key]) - now).total_seconds() - found.get("clockDifference", 0)
            span = (
                format_span(abs(seconds))
                if abs(seconds) < 2 * YEAR_SECONDS
                else f"{abs(seconds) // YEAR_SECONDS:.0f} years"
            )
            when = f"in {span}" if seconds > 0 else f"{span} ago"
            yield name, f"{found[key]} ({when})"
    if found["active"]:
        own = found.get("ownScopes")
        hint = "" if expand else "; --expand lists them"
        yield "scopes", f"{len(found['scopes'])} with those of roles{hint}"
        shown = found["scopes"] if expand or own is None else own
        limit = len(shown) if expand else MAX_SHOWN_SCOPES
        yield from (("", scope) for scope in shown[:limit])
        if len(shown) > limit:
            yield "", f"… and {len(shown) - limit} more"
    if "clockDifference" in found:
        yield "clock", _describe_clock(found["clockDifference"])
    if "taskclusterProxy" in found:
        yield "proxy", f"{found['taskclusterProxy']} signs requests for the task"
    if "httpProxy" in found:
        yield "through", found["httpProxy"]


def _describe_clock(seconds: int) -> str:
    from tccli.core.times import format_span

    if abs(seconds) < MIN_CLOCK_DIFFERENCE_SECONDS:
        return "this machine's is that of the deployment"
    direction = "behind" if seconds > 0 else "ahead of"
    return f"this machine's is {format_span(abs(seconds))} {direction} that of the deployment"
