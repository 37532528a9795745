"""
``tc signed-url``: print a URL that anyone can fetch until it expires.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.methods import method_tree
from tccli.cli.tasks.options import TASK_HELP, newest_option
from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tccli.core.calls import MethodArguments
    from tccli.core.client import Client
    from tccli.core.hawk import Credentials
    from tccli.references import Method

DEFAULT_LIFETIME = "15 minutes"
PROXY_LIFETIME = "1 hour"
USAGE = "usage: tc signed-url artifact TASK [RUN] NAME"


def _options() -> list[click.Option]:
    return [
        click.Option(["--expires"], metavar="WHEN", help=f"Offset, seconds or timestamp (default {DEFAULT_LIFETIME})."),
        click.Option(["--internal"], is_flag=True, help="The URL inside the cluster, by service discovery."),
    ]


def _print_signed_url(context: Context, method: Method, arguments: MethodArguments, options: Mapping[str, Any]) -> None:
    from tccli.output import Result

    if method.verb != "GET":
        raise UsageError(f"cannot sign {method.id}: it is a {method.verb}, and a signed URL works for GET only")
    write = context.writer()
    client = context.client()
    expires = _parse_expiry(options["expires"], client)
    _check_read_only(client, method)
    write(Result([_sign(context, client, method, arguments, options, expires)], is_text=True, is_secret=True))


def _parse_expiry(text: str | None, client: Client) -> datetime:
    """
    Return when a URL expires, by the clock of the deployment if a response has told it.

    Raises:
        UsageError: It is malformed or in the past.
    """
    from tccli.core.times import parse_expiry

    return parse_expiry(text or DEFAULT_LIFETIME, now=client.clock.now().replace(microsecond=0))


def _check_read_only(client: Client, method: Method) -> None:
    client.check_allowed(method)
    if client.read_only is not None:
        client.read_only.check_secrets(f"sign {method.id}", "anyone who has a signed URL has your rights to it")


def _sign(
    context: Context,
    client: Client,
    method: Method,
    arguments: MethodArguments,
    options: Mapping[str, Any],
    expires: datetime,
) -> str:
    from tccli.core.calls import prepare_call
    from tccli.core.hawk import sign_url

    account = client.account
    # The proxy's own URL works only inside of the task.
    root_url = account.root_url if account.proxy_url is None else context.root_url()
    call = prepare_call(root_url, method, *arguments)
    if account.proxy_url is not None:
        signed = _sign_by_proxy(client, account.proxy_url, call.url)
        if options["expires"] is not None:
            context.note(f"--expires is ignored: the proxy signs URLs for {PROXY_LIFETIME}")
        return signed
    if account.credentials is None:
        raise ConfigurationError(
            "no credentials to sign with",
            hint=account.unused or "set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN",
        )
    _check_lifetime(context, account.credentials, client.clock.now(), expires)
    url = client.prepare(method, *arguments).url if options["internal"] else call.url
    return sign_url(url, account.credentials, expires=int(expires.timestamp()))


def _print_artifact_url(
    context: Context, words: tuple[str, ...], *, latest: bool, no_check: bool, newest: bool, **options: Any
) -> None:
    from tccli.cli.artifact_urls import check_artifact, find_artifact, make_url_call, pin_run
    from tccli.core.times import format_timestamp
    from tccli.output import Result

    write = context.writer()
    client = context.client()
    _parse_expiry(options["expires"], client)
    _check_read_only(client, make_url_call("", "", "")[0])
    task_id, run, name = find_artifact(context, client, words, USAGE, newest=newest)
    if run is not None and latest:
        raise UsageError("--latest and RUN exclude each other")
    if run is None and not latest:
        run = pin_run(context, client, task_id)
    if not no_check:
        check_artifact(client, task_id, run, name)
    expires = _parse_expiry(options["expires"], client)
    signed = _sign(context, client, *make_url_call(task_id, run, name), options, expires)
    write(Result([signed], is_text=True, is_secret=True))
    until = format_timestamp(expires) if client.account.proxy_url is None else f"{PROXY_LIFETIME} from now"
    which = "the latest run" if run is None else f"run {run}"
    context.note(f"{name} of {which} of task {task_id}, until {until}: anyone who has the URL can fetch it")
    if name.startswith("public/"):
        context.note("a public artifact needs no signature: tc url artifact prints its address")


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


def _artifact_command() -> click.Command:
    return Command(
        "artifact",
        callback=with_context(_print_artifact_url),
        params=[
            click.Argument(["words"], nargs=-1, metavar="TASK [RUN] NAME"),
            click.Option(["--latest"], is_flag=True, help="The URL follows reruns: it gives what the latest run has."),
            click.Option(["--no-check"], is_flag=True, help="Do not check that the artifact is there."),
            newest_option(),
            *_options(),
        ],
        short_help="Print a URL by which anyone can fetch an artifact until it expires",
        help="Print a URL by which anyone can fetch an artifact until it expires, without an account.\n\n"
        "It is that of RUN, or of the run that is the latest one now: a rerun does not change what the URL gives. The "
        "artifact must be there, else the exit code is 5. stderr has until when, of which run, and who can use it.\n\n"
        f"{TASK_HELP}",
        examples=("tc signed-url artifact fN1SbArXTPSVFNUvaOlinQ \\\n  private/report.html --expires 2h",),
    )


command = method_tree(
    "signed-url",
    _print_signed_url,
    _options,
    "Print a URL that anyone can fetch until it expires.\n\n"
    "Nothing is sent, unless it is for an artifact, or a worker's proxy signs. --expires is computed from the clock of "
    "this machine; for an artifact, from that of the deployment.",
    commands=(_artifact_command(),),
    examples=(
        "tc signed-url artifact fN1SbArXTPSVFNUvaOlinQ \\\n  private/report.html --expires 2h",
        "tc signed-url secrets get project/example/token",
    ),
)
