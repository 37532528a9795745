"""
``tc signout``: forget the credentials of a profile or of the shell, and delete their client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.shell_options import guess_user_shell, shell_option
from tccli.core.shells import guess_shell
from tccli.errors import ConfigurationError, NegativeAnswerError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

CREDENTIAL_KEYS = ("clientId", "accessToken", "certificate", "keyring", "valid_until")


@click.command(
    cls=Command,
    name="signout",
    prints_data=False,
    examples=('eval "$(tc signout --delete)"', "tc signin --save staging\ntc signout staging --delete"),
)
@click.argument("profile", required=False, metavar="[PROFILE]")
@click.option("--delete", is_flag=True, help="Delete the client on the deployment, too.")
@shell_option("as SHELL")
@with_context
def command(context: Context, profile: str | None, *, delete: bool, shell: str | None) -> None:
    """
    Remove the credentials from PROFILE, or from where tc takes them: the profile in use, or the environment. For the
    environment, lines for eval are printed.

    With --delete, the client is deleted first; if that fails, nothing is removed. Other keys of the profile stay.
    """
    from tccli.core.account import CREDENTIAL_VARIABLES

    name = profile or context.profile_name
    variables = [each for each in CREDENTIAL_VARIABLES if context.environ.get(each)]
    if name is None and not variables:
        name = context.config_files().default_name
    if name is not None:
        if shell is not None:
            raise UsageError("--shell is for the environment; the credentials are in a profile", hint="leave it out")
        _sign_out_of_profile(context.replace(profile=name), name, delete=delete)
    elif variables:
        if delete:
            _delete_client(context)
        _print_lines(context, variables, shell)
    else:
        raise NegativeAnswerError("not signed in: neither the environment nor a profile has credentials")


def _sign_out_of_profile(context: Context, name: str, *, delete: bool) -> None:
    from tccli.cli.profile_settings import delete_from_keyring
    from tccli.core import profiles

    files = context.config_files()
    content: Mapping[str, Any] = files.profile(name)
    if content.get("credential_command"):
        hint = f"tc profile unset {name} credential_command"
        raise UsageError(f"cannot sign out: the profile {name} takes its credentials from a command", hint=hint)
    if not any(content.get(key) for key in CREDENTIAL_KEYS):
        raise NegativeAnswerError(f"not signed in: the profile {name} has no credentials")
    removed = dict.fromkeys(CREDENTIAL_KEYS)
    profiles.check_values(files.profiles_path, name, removed)
    if delete:
        _delete_client(context)
    delete_from_keyring(content, [other for each, other in files.profiles.items() if each != name])
    profiles.set_values(files.profiles_path, name, removed)
    context.note(f"the profile {name} has no credentials any more")


def _delete_client(context: Context) -> None:
    from datetime import UTC, datetime

    from tccli import references
    from tccli.core.validity import validity_period

    client = context.client()
    credentials = client.account.credentials
    if credentials is None:
        raise ConfigurationError("cannot delete the client: no credentials are in use", hint=client.account.unused)
    if credentials.certificate is not None:
        message = f"cannot delete the client: {credentials.client_id} is the name of temporary credentials"
        raise UsageError(message, hint="they end by themselves; sign out without --delete")
    end = validity_period(client.account)[1]
    if end is not None and end <= datetime.now(UTC):
        context.note(f"the client {credentials.client_id} has expired: the deployment deletes it itself")
        return
    try:
        client.call(references.method("auth", "deleteClient"), [credentials.client_id])
    except RefusedError as error:
        # A client that is gone already cannot delete itself.
        if error.status == 403:
            remedy = "tc signout without --delete only forgets the credentials; the client ends when it expires"
            error.hint = f"{error.hint}; {remedy}" if error.hint else remedy
            raise
        if error.status != 401 or not _is_gone(context, credentials.client_id):
            raise
        context.note(f"the client {credentials.client_id} does not exist any more")
        return
    context.note(f"deleted the client {credentials.client_id}")


def _is_gone(context: Context, client_id: str) -> bool:
    from tccli import references
    from tccli.errors import NotFoundError, TcError

    anonymous = context.replace(anonymous=True, quiet=True).client()
    try:
        anonymous.call(references.method("auth", "client"), [client_id])
    except NotFoundError:
        return True
    except TcError:
        pass
    return False


def _print_lines(context: Context, variables: list[str], shell: str | None) -> None:
    import sys

    from tccli.core.shells import unset_variables

    if sys.stdout is not None and sys.stdout.isatty():
        context.note('the shell does not read these lines from the terminal; eval "$(tc signout)" evaluates them')
    guess = guess_user_shell(context)
    for line in unset_variables(variables, guess_shell(shell) if shell else guess, is_guess=shell is None):
        click.echo(line)
