"""
``tc whoami``: show the credentials in use, where they come from, when they end, and their scopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import NegativeAnswerError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.client import Client


@click.command(
    cls=Command,
    name="whoami",
    examples=(
        "tc whoami",
        "tc whoami --jq '.scopes[]' -r",
        "tc whoami --check 'queue:rerun-task:*' secrets:get:project/example",
        "tc whoami --expand --format yaml",
    ),
)
@click.option("--all", "all_profiles", is_flag=True, help="Show the credentials of each profile.")
@click.option("--check", is_flag=True, help="Check that the credentials have each SCOPE.")
@click.option(
    "--expand", is_flag=True, help="List all scopes on a terminal, with those of roles; with --all, everywhere."
)
@click.argument("scopes", metavar="[SCOPE]…", nargs=-1)
@with_context
def command(context: Context, *, all_profiles: bool, check: bool, expand: bool, scopes: tuple[str, ...]) -> None:
    """
    Show whose credentials are used and where they come from: client, type, whether they are active, start, end, scopes,
    and how far the clock of this machine is from that of the deployment.

    The end is the earlier one of the client and the certificate; there is a warning if it is less than an hour away, or
    less than a quarter of the lifetime of temporary credentials. In JSON, clockDifference is in seconds.
    The exit code is 1 if the credentials are not active, if there are none, or with --check if a scope is missing.
    """
    scopes = tuple(scope for text in scopes for scope in text.splitlines())
    if check != bool(scopes):
        raise UsageError("--check needs a SCOPE" if check else "whoami takes no SCOPE without --check")
    if check and all_profiles:
        raise UsageError("--check and --all exclude each other", hint="name a profile with --profile")
    if check:
        _check(context, scopes)
    elif all_profiles:
        _show_all(context, expand=expand)
    else:
        _show(context, expand=expand)


def _show(context: Context, *, expand: bool) -> None:
    from tccli.cli import identity
    from tccli.output import Result

    write = context.writer()
    client = _signed_in(context)
    found = identity.fetch_identity(client, context.environ)
    write(Result([found], to_text=lambda width: identity.format_identity(found, width, expand=expand)))
    _warn(context, client, found)
    if not found["active"]:
        message = f"the credentials of {found['clientId']} are not active"
        raise NegativeAnswerError(message, hint=_suggest(client, found))


def _signed_in(context: Context) -> Client:
    # Before the client, which would warn of a profile without credentials, too.
    account = context.account(sends=False)
    if account.root_url and account.credentials is None and account.proxy_url is None:
        from tccli.core.response_hints import sign_in

        raise NegativeAnswerError("not signed in", hint=sign_in(account))
    return context.client()


def _warn(context: Context, client: Client, found: dict[str, Any]) -> None:
    """
    Print what the user should know about the end of the credentials, and about a profile that is out of date.
    """
    from tccli.core.times import format_span, format_timestamp, parse_timestamp
    from tccli.core.validity import WARNING_PERIOD, suggest_renewal

    if "expiry" not in found or not found["active"]:
        return
    end, now = parse_timestamp(found["expiry"]), client.clock.now()
    # Those that were made for an hour or so are not worth a warning at once.
    lifetime = end - parse_timestamp(found["start"]) if "start" in found else None
    if end - now < (WARNING_PERIOD if lifetime is None else min(WARNING_PERIOD, lifetime / 4)):
        left = format_span((end - now).total_seconds())
        context.note(f"warning: the credentials end in {left}; {suggest_renewal(client.account)}")
    stored = client.account.valid_until
    if stored is not None and stored < min(now, end):
        source = client.account.credentials_source
        context.note(
            f"warning: valid_until in {source} is {format_timestamp(stored)}, but the client ends later; "
            f"correct it with tc profile set NAME valid_until {found['expiry']}"
        )


def _suggest(client: Client, found: dict[str, Any]) -> str:
    from tccli.core.validity import suggest_renewal

    if found.get("disabled"):
        return "the client is disabled; its owner can enable it with tc auth enableClient"
    return suggest_renewal(client.account)


def _check(context: Context, scopes: Sequence[str]) -> None:
    from tccli.cli import identity
    from tccli.core.scopes import satisfies
    from tccli.core.scopes.required import check_expression
    from tccli.output import Result

    for scope in scopes:
        check_expression(scope)
    write = context.writer()
    present = identity.fetch_scopes(_signed_in(context))
    missing = [scope for scope in scopes if not satisfies(present, scope)]
    text = "".join(f"missing {scope}\n" for scope in missing) or "satisfied\n"
    write(Result([{"satisfied": not missing, "missing": missing}], to_text=lambda _width: text))
    if missing:
        raise NegativeAnswerError(f"missing scope{'s' if len(missing) > 1 else ''}: {', '.join(missing)}")


def _show_all(context: Context, *, expand: bool) -> None:
    from dataclasses import replace

    from tccli.cli import identity
    from tccli.core.http.deadline import Cancellation
    from tccli.core.parallel import run_parallel
    from tccli.output import Result

    write = context.writer(is_list=True)
    files = context.config_files()
    if not files.profiles:
        raise NegativeAnswerError(
            f"there are no profiles in {files.profiles_path}", hint="tc profile set NAME KEY VALUE"
        )

    clients: dict[str, Client] = {}
    cancellation = Cancellation()
    rows: dict[str, dict[str, Any]] = {}
    # One after the other: a credential command may ask for something.
    for name in files.profiles:
        rows[name] = {"name": name, "active": False}
        try:
            clients[name] = replace(_signed_in(context.replace(profile=name)), cancellation=cancellation)
        except TcError as error:
            rows[name]["error"] = context.redactor.redact_text(str(error))

    def fetch(item: tuple[str, Client]) -> dict[str, Any]:
        found = identity.fetch_identity(item[1], context.environ, with_scopes=expand)
        left_out = {"source"} if expand else {"source", *identity.SCOPE_FIELDS}
        return {key: value for key, value in found.items() if key not in left_out}

    for (name, _), result in run_parallel(fetch, clients.items(), cancellation=cancellation):
        if isinstance(result, TcError):
            rows[name]["error"] = context.redactor.redact_text(str(result))
        else:
            rows[name] = {"name": name, "active": result.pop("active"), **result}
    key_columns = ("name", "active", "clientId", "error")
    write(Result([list(rows.values())], is_table=True, key_columns=key_columns))
    inactive = [name for name, row in rows.items() if not row["active"]]
    if inactive:
        count = f"{len(inactive)} of {len(rows)} profiles"
        raise NegativeAnswerError(f"{count} cannot be used: {', '.join(inactive)}")
