"""
``tc whoami``: show the credentials in use and their scopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import BrokenAnswerError, NegativeAnswerError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from tccli.core.client import Client
    from tccli.core.hawk import Credentials


@click.command(cls=Command, name="whoami", examples=("tc whoami", "tc whoami --jq '.scopes[]' -r"))
@with_context
def command(context: Context) -> None:
    """
    Show the client id, the type of the credentials, whether they are active, their start, expiry and scopes.

    The expiry is the earlier one of the client and the certificate. The exit code is 1 if the credentials are not
    active, or if there are none.
    """
    from datetime import UTC, datetime

    from tccli.output import Result

    write = context.writer()
    client = context.client()
    if client.account.proxy_url is not None:
        write(Result([{"type": "proxy", "active": True, "scopes": _fetch_scopes(client)}]))
        return
    credentials = client.account.credentials
    if credentials is None:
        from tccli.core.response_hints import sign_in

        raise NegativeAnswerError("not signed in", hint=sign_in(client.account))
    information = _credential_information(client, credentials, now=datetime.now(UTC))
    write(Result([information]))
    if not information["active"]:
        raise NegativeAnswerError(f"the credentials of {credentials.client_id} are not active")


def _credential_information(client: Client, credentials: Credentials, *, now: datetime) -> dict[str, Any]:
    """
    Return the same object as ``credentialInformation`` of the JavaScript client.
    """
    from datetime import UTC, datetime

    from tccli.core.responses import read_timestamp
    from tccli.core.times import format_timestamp

    certificate = credentials.certificate
    found = _fetch_client(client, (certificate or {}).get("issuer", credentials.client_id))
    expiry = read_timestamp("auth.client", found["expires"])
    start = None
    if certificate is not None:
        start = datetime.fromtimestamp(certificate["start"] / 1000, UTC)
        expiry = min(expiry, datetime.fromtimestamp(certificate["expiry"] / 1000, UTC))
    active = not found["disabled"] and now < expiry and (start is None or start <= now)
    information: dict[str, Any] = {
        "clientId": credentials.client_id,
        "type": "permanent" if certificate is None else "temporary",
        "active": active,
        "expiry": format_timestamp(expiry),
        "scopes": _fetch_scopes(client) if active else [],
    }
    if start is not None:
        information["start"] = format_timestamp(start)
    return information


def _fetch_client(client: Client, client_id: str) -> dict[str, Any]:
    from dataclasses import replace

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


def _fetch_scopes(client: Client) -> list[str]:
    from tccli import references
    from tccli.cli.scope_check import parse_scopes

    return parse_scopes(client.call_json(references.method("auth", "currentScopes"), []))
