"""
``tc signin``: sign in with a browser and set the credentials in the shell, or in a profile.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.shell_options import choose_shell, csh_option, guess_user_shell, shell_option
from tccli.cli.types import retry_count, timeout
from tccli.errors import ConfigurationError, NegativeAnswerError, RefusedError, TcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.core.signin.callback import Callback
    from tccli.core.signin.new_client import NewClient

DEFAULT_WAIT = "10m"
MAX_PORT = 65_535
RESET_TIMEOUT_SECONDS = 10.0


def _parse_port(value: str) -> int:
    number = retry_count(value)
    if number > MAX_PORT:
        raise click.BadParameter(f"{value!r} is not a port")
    return number


@click.command(
    cls=Command,
    name="signin",
    examples=(
        'eval "$(tc signin)"',
        "lines=$(tc signin --scope 'queue:*' --expires 1h) && eval \"$lines\"",
        "tc signin --save staging",
        'tc signin --check || eval "$(tc signin --no-browser)"',
    ),
)
@click.option("--check", is_flag=True, help="Do not sign in: exit with 0 if you are signed in, else with 1.")
@click.option(
    "-s",
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="A scope of the client, or several on a line each; repeatable (default *: all of yours).",
)
@click.option("--expires", metavar="WHEN", help="An offset or a timestamp (default 1d).")
@click.option(
    "-n",
    "--name",
    metavar="NAME",
    help="Name of the client below your own client id, before a random suffix (default cli).",
)
@click.option(
    "-p",
    "--port",
    type=_parse_port,
    metavar="PORT",
    default="0",
    help="Port for the callback (default any).",
)
@click.option("--browser/--no-browser", default=None, help="Open a browser over ssh, too; or print the URL only.")
@click.option("--wait", type=timeout, metavar="DURATION", default=DEFAULT_WAIT, help="How long to wait (default 10m).")
@click.option(
    "--save",
    is_flag=False,
    flag_value="",
    metavar="[PROFILE]",
    help="Store the credentials in a profile instead of printing them (default: the profile in use).",
)
@shell_option("as SHELL")
@csh_option()
@with_context
def command(context: Context, /, *, check: bool, scopes: tuple[str, ...], save: str | None, **options: Any) -> None:
    """
    Sign in to the web interface of the deployment, and print lines for eval that set the credentials of a new client.

    The client is created in the browser, below your own client id. It has the scopes that you name, as far as you have
    them, and is deleted when it expires. Without a browser on this machine, tc prints the URL. Open it elsewhere, and
    paste the URL of the last page, which another machine cannot load, into the terminal.
    """
    if context.options.reference:
        raise UsageError("signin does not use --reference: it needs only what tc knows itself", hint="leave it out")
    if check:
        _check(context)
        return
    if context.fake_path is not None:
        raise ConfigurationError("API calls can be faked, but not a sign-in")
    if save is not None:
        _sign_in_to_profile(context, save, scopes, options)
    else:
        _sign_in_to_shell(context, scopes, options)


def _check(context: Context) -> None:
    """
    Raise NegativeAnswerError if there are no credentials, or if the deployment refuses them.
    """
    from tccli import references
    from tccli.core.response_hints import sign_in

    context.root_url()
    try:
        client = context.client()
    except ConfigurationError as error:
        raise NegativeAnswerError(f"not signed in: {error.message}", hint=error.hint) from None
    if client.account.credentials is None and client.account.proxy_url is None:
        raise NegativeAnswerError("not signed in", hint=sign_in(client.account))
    try:
        client.call_json(references.method("auth", "currentScopes"), [])
    except (RefusedError, ConfigurationError) as error:
        # Credentials that have ended are not sent.
        raise NegativeAnswerError(f"not signed in: {error.message}", hint=error.hint) from None


def _sign_in_to_shell(context: Context, scopes: tuple[str, ...], options: dict[str, Any]) -> None:
    import sys

    from tccli.core.shells import set_variables
    from tccli.output import Result

    shell = choose_shell(options["shell"], csh=options["csh"])
    guess = guess_user_shell(context)
    write = context.writer()
    _check_read_only(context)
    root_url = context.root_url()
    is_lines = context.options.format is None and not context.options.selects_parts
    if is_lines and context.options.output is None and sys.stdout is not None and sys.stdout.isatty():
        context.note('the shell does not read these lines from the terminal; eval "$(tc signin)" evaluates them')
    found = _sign_in(context, root_url, _read_profile(context, context.profile_name), scopes, options)
    variables = {
        "TASKCLUSTER_CLIENT_ID": found.client_id,
        "TASKCLUSTER_ACCESS_TOKEN": found.access_token,
        "TASKCLUSTER_ROOT_URL": root_url,
    }
    if context.environ.get("TASKCLUSTER_CERTIFICATE"):
        # That of temporary credentials is not one of the new client.
        variables["TASKCLUSTER_CERTIFICATE"] = ""
    if is_lines:
        result = Result(set_variables(variables, shell or guess, is_guess=shell is None), is_text=True, is_secret=True)
    else:
        keys = {"rootUrl": root_url, "clientId": found.client_id, "accessToken": found.access_token}
        result = Result([keys], is_secret=True)
    with _report_lost_client(found):
        write(result)


def _sign_in_to_profile(context: Context, name: str, scopes: tuple[str, ...], options: dict[str, Any]) -> None:
    from tccli.cli.profile_settings import note_overrides
    from tccli.core import profiles
    from tccli.core.credential_sources import check_keyring, write_keyring
    from tccli.core.signin.new_client import NewClient

    if options["csh"] or options["shell"]:
        raise UsageError("--save and --shell exclude each other: nothing is printed for a shell")
    files = context.config_files()
    name = name or context.profile_name or files.default_name or "default"
    profiles.check_name(name)
    # The file must be readable before the user signs in.
    exists = name in files.profiles
    if (
        exists
        and context.profile_name is None
        and context.options.root_url is None
        and "rootUrl" in files.profile(name)
    ):
        context = context.replace(profile=name)
    _check_read_only(context)
    if exists:
        # With another profile's root URL, this one still limits what is stored in it.
        _check_read_only(context.replace(profile=name))
    root_url = context.root_url()
    profile = _read_profile(context, name if exists else context.profile_name)
    uses_keyring = exists and bool(files.profiles[name].get("keyring"))
    if uses_keyring:
        check_keyring(root_url)
    trial = NewClient("tc", "x", "1970-01-01T00:00:00.000Z", (), "")
    profiles.check_values(files.profiles_path, name, _make_values(root_url, trial, uses_keyring=uses_keyring))
    found = _sign_in(context, root_url, profile, scopes, options)
    with _report_lost_client(found):
        if uses_keyring:
            write_keyring(root_url, found.client_id, found.access_token)
        values = _make_values(root_url, found, uses_keyring=uses_keyring)
        profiles.set_values(files.profiles_path, name, values)
    before = files.profiles.get(name, {})
    removed = ", ".join(key for key, value in values.items() if value is None and key in before)
    is_default = name == (files.default_name or "default")
    context.note(f"the credentials are in the profile {name}{'' if is_default else f'; --profile {name} uses them'}")
    if removed:
        context.note(f"profile {name}: removed {removed}")
    if is_default and context.profile_name is None:
        note_overrides(context, name)


def _make_values(root_url: str, client: NewClient, *, uses_keyring: bool) -> dict[str, str | None]:
    """
    Return the keys of the profile by name; None removes one.
    """
    return {
        "rootUrl": root_url,
        "clientId": client.client_id,
        "accessToken": None if uses_keyring else client.access_token,
        "certificate": None,
        "credential_command": None,
        "valid_until": client.expires or None,
    }


def _check_read_only(context: Context) -> None:
    read_only = context.read_only()
    if read_only is not None:
        raise UsageError(f"cannot sign in: refused by {read_only.source}: it creates a client", hint="nothing was sent")


@contextmanager
def _report_lost_client(client: NewClient) -> Iterator[None]:
    """
    Name the client in an error: its access token is in no place then, and it remains until it expires.
    """
    try:
        yield
    except TcError as error:
        until = f" until {client.expires}" if client.expires else ""
        lost = f"the new client {client.client_id} exists{until}, but its access token is lost: sign in again"
        error.hint = f"{error.hint}; {lost}" if error.hint else lost
        raise


def _read_profile(context: Context, name: str | None) -> Any:
    files = context.config_files()
    return files.default_profile() if name is None else files.profile(name)


def _sign_in(
    context: Context, root_url: str, profile: Any, scopes: tuple[str, ...], options: dict[str, Any]
) -> NewClient:
    """
    Return the new client.
    """
    from datetime import UTC, datetime

    from tccli.cli.sign_in import wait_for_callback
    from tccli.core.account import Account
    from tccli.core.signin import url
    from tccli.core.signin.callback import CallbackServer

    name = url.DEFAULT_NAME if options["name"] is None else options["name"]
    url.check_name(name)
    given = options["expires"]
    expires = url.parse_expires(
        profile.get("expires") or url.DEFAULT_EXPIRES if given is None else given, now=datetime.now(UTC)
    )
    wanted = url.parse_scopes(scopes or tuple(profile.get("scopes", ())))
    limited = context.replace(
        retries=0, timeout=RESET_TIMEOUT_SECONDS, authorized_scope=[], authorized_scopes=None, anonymous=False
    )
    # A log that cannot be written, or an option of the profile that is not valid, is reported before the sign-in.
    limited.replace(quiet=True).client(Account(root_url))
    with CallbackServer(root_url, options["port"]) as server:
        address = url.make_url(
            root_url, server.url, name=name, suffix=url.make_suffix(), scopes=wanted, expires=expires
        )
        callback = wait_for_callback(context, server, address, browser=options["browser"], seconds=options["wait"])
        found = _replace_token(limited, root_url, callback, wanted)
        server.wait_for_page()
    return found


def _replace_token(context: Context, root_url: str, callback: Callback, scopes: list[str]) -> NewClient:
    """
    Replace the token that the browser has seen, and report who is signed in.
    """
    from tccli.core.account import Account
    from tccli.core.hawk import Credentials
    from tccli.core.signin.new_client import replace_token

    credentials = Credentials(callback.client_id, callback.access_token)
    source = "sign-in"
    account = Account(root_url, None, credentials, root_url_source=source, credentials_source=source)
    found = replace_token(context.client(account), scopes)
    context.redactor.add(found.access_token)
    until = f" until {found.expires}" if found.expires else ""
    context.note(f"signed in to {root_url} as {found.client_id}{until}")
    if found.missing_scopes:
        context.note(f"warning: you do not have these scopes yourself: {' '.join(found.missing_scopes)}")
    if found.problem:
        remedy = "delete the page on localhost from the history"
        context.note(f"the browser's history has this access token; cannot replace it: {found.problem}; {remedy}")
    return found
