"""
``tc whoami``: the credentials in use and what they may do.
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
    Show client, type, whether it is active, start and expiry (the nearest of certificate and client), and scopes.

    Exits with 1 when the credentials are not active, or when there are none.
    """
    from datetime import UTC, datetime

    from tccli.output import Result

    write = context.writer()
    client = context.client()
    if client.account.proxy_url is not None:
        write(Result([{"type": "proxy", "active": True, "scopes": _scopes(client)}]))
        return
    credentials = client.account.credentials
    if credentials is None:
        raise NegativeAnswerError("not signed in", hint="set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN")
    try:
        information = _information(client, credentials, now=datetime.now(UTC))
    except (KeyError, TypeError, AttributeError):
        raise BrokenAnswerError("what the deployment says of the client is not of the published shape") from None
    write(Result([information]))
    if not information["active"]:
        raise NegativeAnswerError(f"the credentials of {credentials.client_id} are not active")


def _information(client: Client, credentials: Credentials, *, now: datetime) -> dict[str, Any]:
    """
    Return what the JavaScript client's ``credentialInformation`` returns.
    """
    from datetime import UTC, datetime

    from tccli.core.times import format_timestamp, parse_timestamp

    certificate = credentials.certificate
    known = _known_client(client, (certificate or {}).get("issuer", credentials.client_id))
    expiry = parse_timestamp(known["expires"])
    start = None
    if certificate is not None:
        start = datetime.fromtimestamp(certificate["start"] / 1000, UTC)
        expiry = min(expiry, datetime.fromtimestamp(certificate["expiry"] / 1000, UTC))
    active = not known["disabled"] and now < expiry and (start is None or start <= now)
    information: dict[str, Any] = {
        "clientId": credentials.client_id,
        "type": "permanent" if certificate is None else "temporary",
        "active": active,
        "expiry": format_timestamp(expiry),
        "scopes": _scopes(client) if active else [],
    }
    if start is not None:
        information["start"] = format_timestamp(start)
    return information


def _known_client(client: Client, client_id: str) -> Any:
    """
    Look a client up as anybody may, so that credentials that do not work can be explained.
    """
    from dataclasses import replace

    from tccli import references

    anonymous = replace(client, account=replace(client.account, credentials=None))
    try:
        return anonymous.call_json(references.method("auth", "client"), [client_id])
    except NotFoundError:
        raise NegativeAnswerError(f"the deployment knows no client {client_id}") from None


def _scopes(client: Client) -> Any:
    from tccli import references

    return client.call_json(references.method("auth", "currentScopes"), [])["scopes"]
