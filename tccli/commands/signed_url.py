"""
``tc signed-url``: a URL that anyone can fetch for a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli.cli.methods import Values, method_tree
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from tccli.cli.context import Context
    from tccli.core.account import Account
    from tccli.core.client import Client
    from tccli.references import Method

LIFETIME = "15 minutes"
PROXY_LIFETIME = "1 hour"


def _options() -> list[click.Option]:
    return [
        click.Option(["--expires"], metavar="WHEN", help=f"An offset, seconds, or a timestamp ({LIFETIME} from now)."),
        click.Option(["--internal"], is_flag=True, help="As this machine reaches it, through service discovery."),
    ]


def _print_signed_url(context: Context, method: Method, values: Values) -> None:
    import time
    from datetime import UTC, datetime

    from tccli.core.hawk import sign_url
    from tccli.core.times import parse_instant
    from tccli.output import Answer

    if method.verb != "GET":
        raise UsageError(f"{method.id} is a {method.verb}: only a GET can be done with a signed URL")
    write = context.writer()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    expires = parse_instant(values.options["expires"] or LIFETIME, now=now)
    if expires <= now:
        raise UsageError(f"--expires {values.options['expires']!r} is over already: the URL would never work")
    client = context.client()
    url = client.url(method, values.args, values.query, internal=values.options["internal"])
    account = client.account
    if account.proxy_url is not None:
        signed = _ask_proxy(client, account.proxy_url, client.url(method, values.args, values.query))
        if values.options["expires"] is not None:
            context.note(f"the proxy decides how long a signed URL lives: {PROXY_LIFETIME}")
    elif account.credentials is None:
        raise ConfigurationError(
            "no credentials to sign with", hint="set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN"
        )
    else:
        _warn_of_early_death(context, account, expires)
        signed = sign_url(url, account.credentials, expires=int(expires.timestamp()))
    write(Answer([signed], is_text=True))


def _warn_of_early_death(context: Context, account: Account, expires: datetime) -> None:
    """
    Say it when the certificate ends before the URL would.
    """
    from datetime import UTC, datetime

    from tccli.core.times import format_timestamp

    assert account.credentials is not None
    if account.credentials.certificate is None:
        return
    end = datetime.fromtimestamp(account.credentials.certificate["expiry"] / 1000, UTC)
    if end < expires:
        context.note(
            f"warning: the URL dies with the temporary credentials at {format_timestamp(end)}, "
            f"before {format_timestamp(expires)}"
        )


def _ask_proxy(client: Client, proxy_url: str, url: str) -> str:
    """
    Let the task's proxy sign *url*: it answers 303 with the signed URL as the place.
    """
    from tccli.errors import BrokenAnswerError

    response = client.post_text(f"{proxy_url}/bewit", url)
    signed = response.headers.get("location") or response.body.decode("utf-8", "replace").strip()
    if not signed.startswith(url):
        raise BrokenAnswerError(f"{proxy_url}/bewit answered {response.status} without a signed URL")
    return signed


command = method_tree(
    "signed-url",
    _print_signed_url,
    _options,
    "Print a URL that can be fetched for a while by anyone.",
    examples=(
        "tc signed-url secrets get project/example/token",
        "tc signed-url queue getLatestArtifact fN1SbArXTPSVFNUvaOlinQ private/report.html --expires 2h",
    ),
)
