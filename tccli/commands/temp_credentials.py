"""
``tc temp-credentials``: issue temporary credentials with the scopes you give.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.shell_options import choose_shell, csh_option, shell_option
from tccli.cli.types import RequiredOption
from tccli.core.shells import set_variables
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from tccli.core.hawk import Credentials


@click.command(
    cls=Command,
    name="temp-credentials",
    examples=(
        "eval \"$(tc temp-credentials --expires '1 hour' \\\n  --scope secrets:get:project/example/token)\"",
        "tc temp-credentials --scope 'queue:*' --name ci/reader \\\n  --expires '30 minutes' --format json",
    ),
)
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="A scope they have; repeatable.")
@click.option("--name", metavar="CLIENT", help="Their own client id, for the audit log.")
@click.option("--start", metavar="WHEN", default="0 seconds", help="An offset, seconds, or a timestamp (default now).")
@click.option(
    "--expires", cls=RequiredOption, metavar="WHEN", help="An offset, seconds, or a timestamp; at most 31 days."
)
@shell_option("bash")
@csh_option()
@with_context
def command(
    context: Context,
    scopes: tuple[str, ...],
    name: str | None,
    start: str,
    expires: str,
    *,
    shell: str | None,
    csh: bool,
) -> None:
    """
    Print temporary credentials as export lines, for eval.

    Nothing is sent: they are signed with the credentials in use, which must be permanent. Offsets are from the clock of
    this machine, also if tc sandbox clock has changed the time of a sandbox. --format json prints JSON.
    """
    import secrets
    from datetime import UTC, datetime

    from tccli.core.account import list_variables
    from tccli.core.hawk import temporary_credentials
    from tccli.core.times import parse_instant
    from tccli.output import Result

    kind = choose_shell(shell, csh=csh) or "bash"
    write = context.writer()
    now = datetime.now(UTC)
    read_only = context.read_only()
    if read_only is not None:
        read_only.check_secrets("issue temporary credentials", "they are rights, and can be used without it")
    account = context.account(sends=False)
    if account.credentials is None:
        raise ConfigurationError(
            "cannot issue temporary credentials: no credentials to sign them with",
            hint="set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN",
        )
    issued = temporary_credentials(
        account.credentials,
        scopes=scopes,
        start=parse_instant(start, now=now),
        expiry=parse_instant(expires, now=now),
        seed=secrets.token_urlsafe(33),
        name=name,
    )
    if not scopes:
        context.note("warning: without --scope, these credentials have only the anonymous scopes")
    if context.options.format is None and not context.options.selects_parts:
        write(Result(set_variables(list_variables(account.root_url, issued), kind), is_text=True, is_secret=True))
    else:
        write(Result([_document(issued)]))


def _document(issued: Credentials) -> dict[str, Any]:
    return {
        "clientId": issued.client_id,
        "accessToken": issued.access_token,
        "certificate": json.dumps(issued.certificate, ensure_ascii=False, separators=(",", ":")),
    }
