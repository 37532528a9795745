"""
``tc signed-url``: print a URL that anyone can fetch until it expires.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.methods import method_tree
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tccli.cli.context import Context
    from tccli.core.client import Client, MethodArguments
    from tccli.core.hawk import Credentials
    from tccli.references import Method

DEFAULT_LIFETIME = "15 minutes"
PROXY_LIFETIME = "1 hour"


def _options() -> list[click.Option]:
    return [
        click.Option(["--expires"], metavar="WHEN", help=f"Offset, seconds or timestamp (default {DEFAULT_LIFETIME})."),
        click.Option(["--internal"], is_flag=True, help="The URL inside the cluster, by service discovery."),
    ]


def _print_signed_url(context: Context, method: Method, arguments: MethodArguments, options: Mapping[str, Any]) -> None:
    import time
    from datetime import UTC, datetime

    from tccli.core.client import prepare_call
    from tccli.core.hawk import sign_url
    from tccli.core.times import parse_instant
    from tccli.output import Result

    if method.verb != "GET":
        raise UsageError(f"cannot sign {method.id}: it is a {method.verb}, and a signed URL works for GET only")
    write = context.writer()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    expires = parse_instant(options["expires"] or DEFAULT_LIFETIME, now=now)
    if expires <= now:
        raise UsageError(f"--expires {options['expires']!r} is in the past")
    client = context.client()
    client.check_allowed(method)
    if client.read_only is not None:
        client.read_only.check_secrets(f"sign {method.id}", "whoever has a signed URL has your rights to it")
    account = client.account
    # The proxy's own URL works only inside of the task.
    root_url = account.root_url if account.proxy_url is None else context.root_url()
    call = prepare_call(root_url, method, *arguments)
    if account.proxy_url is not None:
        signed = _sign_by_proxy(client, account.proxy_url, call.url)
        if options["expires"] is not None:
            context.note(f"--expires is ignored: the proxy signs URLs for {PROXY_LIFETIME}")
    elif account.credentials is None:
        raise ConfigurationError(
            "no credentials to sign with", hint="set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN"
        )
    else:
        _check_lifetime(context, account.credentials, now, expires)
        url = client.prepare(method, *arguments).url if options["internal"] else call.url
        signed = sign_url(url, account.credentials, expires=int(expires.timestamp()))
    write(Result([signed], is_text=True, is_secret=True))


def _check_lifetime(context: Context, credentials: Credentials, now: datetime, expires: datetime) -> None:
    """
    Compare the lifetime of a URL with that of the credentials.

    Raises:
        ConfigurationError: The credentials have expired, or are valid only after the URL has expired.
    """
    from datetime import UTC, datetime

    from tccli.core.times import format_timestamp

    if credentials.certificate is None:
        return
    start, end = (datetime.fromtimestamp(credentials.certificate[key] / 1000, UTC) for key in ("start", "expiry"))
    if end <= now:
        raise ConfigurationError(
            f"cannot sign: the temporary credentials expired at {format_timestamp(end)}",
            hint="get new ones, or set a client's permanent credentials",
        )
    if start >= expires:
        raise ConfigurationError(
            f"cannot sign: the temporary credentials are valid only from {format_timestamp(start)}",
            hint="check this machine's clock, or give a later time with --expires",
        )
    if start > now:
        context.note(f"warning: the URL works only from {format_timestamp(start)}, as the temporary credentials do")
    if end < expires:
        context.note(
            f"warning: the URL expires with the temporary credentials at {format_timestamp(end)}, "
            f"before {format_timestamp(expires)}"
        )


def _sign_by_proxy(client: Client, proxy_url: str, url: str) -> str:
    """
    Return *url* signed by the task's proxy, which responds with 303 and the signed URL as the location.
    """
    from tccli.errors import BrokenAnswerError

    response = client.post_text(f"{proxy_url}/bewit", url)
    signed = response.headers.get("location") or response.body.decode("utf-8", "replace").strip()
    if not signed.startswith(url):
        raise BrokenAnswerError(f"{proxy_url}/bewit responded {response.status} without a signed URL")
    return signed


command = method_tree(
    "signed-url",
    _print_signed_url,
    _options,
    "Print a URL that anyone can fetch until it expires.\n\n"
    "Nothing is sent, unless a worker's proxy signs. --expires is computed from the clock of this machine, also if tc "
    "sandbox clock has changed the time of a sandbox.",
    examples=(
        "tc signed-url secrets get project/example/token",
        "tc signed-url queue getLatestArtifact fN1SbArXTPSVFNUvaOlinQ \\\n  private/report.html --expires 2h",
    ),
)
