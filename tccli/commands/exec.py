"""
``tc exec``: run a command with the account's variables and with values of secrets.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import CommandNotFoundError, CommandNotRunError, ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.core.account import Account
    from tccli.core.hawk import Credentials
    from tccli.core.secret_values import SecretReference, SecretValues

DEFAULT_LIFETIME = "1 hour"
# A profile would take precedence over the account's variables.
REMOVED_VARIABLES = {"TC_PROFILE"}


@click.command(
    cls=Command,
    name="exec",
    prints_data=False,
    short_help="Run a command with credentials and secrets",
    context_settings={"allow_interspersed_args": False},
    examples=(
        "tc exec --secret project/example/token:token=API_TOKEN \\\n    -- sh -c 'test -n \"$API_TOKEN\"'",
        "tc exec --secret-file project/example/token:token=token.txt \\\n    -- cat token.txt",
        "tc exec --temp-scope 'secrets:get:project/example/*' \\\n    -- tc secrets get project/example/token",
    ),
)
@click.option(
    "--secret",
    "variables",
    multiple=True,
    metavar="NAME[:KEY][=VAR]",
    help="Set a variable to a value of a secret; without KEY and VAR, one for each key; repeatable.",
)
@click.option(
    "--secret-file",
    "files",
    multiple=True,
    metavar="NAME[:KEY]=PATH",
    help="Write a value of a secret to a new file, which is removed afterwards; repeatable.",
)
@click.option(
    "--temp-scope", "scopes", multiple=True, metavar="SCOPE", help="Pass on only this scope of yours; repeatable."
)
@click.option(
    "--temp-expires",
    metavar="WHEN",
    help=f"When those credentials expire: an offset, seconds or a timestamp (default {DEFAULT_LIFETIME}).",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, required=True, metavar="COMMAND...")
@with_context
def command(
    context: Context,
    variables: tuple[str, ...],
    files: tuple[str, ...],
    scopes: tuple[str, ...],
    temp_expires: str | None,
    words: tuple[str, ...],
) -> int:
    r"""
    Run COMMAND with root URL and credentials in its environment, and exit with its exit code.

    With --secret, values of secrets are in its environment, too; with --secret-file, in files of mode 0600. They are
    fetched with your credentials, and stand on no command line. KEY is a path such as token or keys[0]; the variable
    has its last name. A value that is not a string is passed as JSON. In NAME, write \: for a colon.

    NAME alone sets a variable for each key, as the author of the secret named it. So a key whose variable is set to
    something else, or may change how programs run (PATH, BASH_ENV, PYTHONPATH, HTTPS_PROXY …), is refused with exit
    code 9. Write NAME:KEY to set such a variable.

    With --temp-scope, the command gets temporary credentials with these scopes only; they are computed without a
    request. Put options of COMMAND after --. The files are removed when COMMAND ends, and when tc is killed.

    Exit codes of tc itself: 126 if COMMAND cannot be run, 127 if it is not found, 128 + N if signal N ended it; 5 if a
    secret or a key does not exist. Signals are forwarded to COMMAND.
    """
    from tccli.core.child_process import SignalForwarder
    from tccli.core.private_files import private_files
    from tccli.core.secret_values import check_targets, encode_value, parse_variable

    if not words[0]:
        raise UsageError("exec: the name of the command is empty")
    if temp_expires is not None and not scopes:
        raise UsageError("--temp-expires needs --temp-scope")
    as_variables = [parse_variable(word) for word in variables]
    check_targets(as_variables)
    as_files = _parse_files(context, files)
    read_only = context.read_only()
    if read_only is not None:
        read_only.check_secrets("run a command", "it gets credentials, and can use them without tc")
    account = context.account()
    environment = _account_environment(context, account, scopes, temp_expires)
    if read_only is not None:
        environment["TC_READ_ONLY"] = "with-secrets"
    values = _fetch(context, [*as_variables, *as_files])
    found = values.list_variables(as_variables, environment)
    context.redactor.add(*found.values())
    # Also where the locale has another encoding, the bytes are UTF-8.
    environment |= {name: os.fsdecode(value.encode()) for name, value in found.items()}
    contents: dict[str, bytes] = {}
    for reference in as_files:
        assert reference.target is not None
        value = values.read(reference)
        context.redactor.add(value)
        contents[reference.target] = encode_value(reference, value)
    with SignalForwarder() as forwarder, private_files(contents, context.note):
        try:
            return forwarder.run(words, environment)
        except FileNotFoundError as error:
            raise CommandNotFoundError(f"cannot run {words[0]!r}: {error.strerror}") from None
        except (OSError, ValueError) as error:
            raise _explain_start(words[0], error) from None


def _explain_start(word: str, error: OSError | ValueError) -> CommandNotRunError:
    import errno

    is_too_long = isinstance(error, OSError) and error.errno == errno.E2BIG
    hint = "arguments and environment are too long; --secret-file passes a value in a file" if is_too_long else ""
    return CommandNotRunError(f"cannot run {word!r}: {getattr(error, 'strerror', None) or error}", hint=hint)


def _parse_files(context: Context, words: Sequence[str]) -> list[SecretReference]:
    from tccli.core.private_files import check_new_file, find_clash, is_replaceable_by_others
    from tccli.core.secret_values import parse_reference

    references: list[SecretReference] = []
    for word in words:
        reference = parse_reference(word, "--secret-file")
        if not reference.target:
            raise UsageError(f"--secret-file {word!r} has no path", hint="add =PATH")
        # Shells expand ~ at the start of a word only.
        path = os.path.expanduser(reference.target)
        check_new_file(path)
        if is_replaceable_by_others(path):
            context.note(f"warning: others can replace {path}: they can write its directory")
        clash = find_clash(path, [str(each.target) for each in references])
        if clash is not None:
            raise UsageError(f"two values for the file {path}: the other one is for {clash}")
        references.append(reference._replace(target=path))
    return references


def _account_environment(
    context: Context, account: Account, scopes: Sequence[str], expires: str | None
) -> dict[str, str]:
    """
    Return this process's environment with the variables of the account, and without those of others.
    """
    from tccli.core.account import list_variables
    from tccli.core.secret_values import ACCOUNT_VARIABLES

    removed = ACCOUNT_VARIABLES | REMOVED_VARIABLES
    environment = {name: value for name, value in context.environ.items() if name not in removed}
    credentials = account.credentials
    if scopes or (credentials is not None and credentials.authorized_scopes is not None):
        credentials = _issue(account, scopes, expires or DEFAULT_LIFETIME)
        context.redactor.add(credentials.access_token)
    environment |= list_variables(account.root_url, credentials)
    if account.proxy_url is not None:
        environment["TASKCLUSTER_PROXY_URL"] = account.proxy_url
    return environment


def _issue(account: Account, scopes: Sequence[str], expires: str) -> Credentials:
    """
    Return temporary credentials with *scopes*; without any, with the authorized scopes, which no variable limits.
    """
    import secrets
    from datetime import UTC, datetime

    from tccli.core.hawk import temporary_credentials
    from tccli.core.scopes.algebra import satisfies
    from tccli.core.times import parse_instant

    issuer = account.credentials
    if issuer is None:
        hint = "set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN"
        if account.proxy_url is not None:
            hint = f"the task's proxy has those of the task; {hint}"
        raise ConfigurationError("cannot issue temporary credentials: no credentials to sign them with", hint=hint)
    limit = issuer.authorized_scopes
    beyond = [scope for scope in scopes if limit is not None and not satisfies(limit, scope)]
    if beyond:
        raise UsageError(f"--temp-scope {beyond[0]} is not among the authorized scopes")
    now = datetime.now(UTC)
    return temporary_credentials(
        issuer,
        scopes=scopes or limit or (),
        start=now,
        expiry=parse_instant(expires, now=now),
        seed=secrets.token_urlsafe(33),
    )


def _fetch(context: Context, references: Sequence[SecretReference]) -> SecretValues:
    """
    Fetch each secret once. The connections are closed before the command runs.
    """
    from tccli.core.secret_values import SecretValues
    from tccli.output.text import dump_json

    secrets: dict[str, dict[str, Any]] = {}
    names = list(dict.fromkeys(reference.name for reference in references))
    if names:
        ctx = click.get_current_context()
        with click.Context(ctx.command, parent=ctx, info_name=ctx.info_name):
            secrets = _call(context, names)
    return SecretValues(secrets, dump_json)


def _call(context: Context, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    from tccli import references
    from tccli.core.parallel import Schedule, make_parallel_client, run_parallel
    from tccli.core.response_fields import read_field
    from tccli.errors import TcError

    client, method = make_parallel_client(context.client()), references.method("secrets", "get")
    calls = [client.prepare(method, [name]) for name in names]
    secrets: dict[str, dict[str, Any]] = {}
    schedule = Schedule(stops_at_error=True)
    for call, document in run_parallel(client.fetch, calls, schedule=schedule, cancellation=client.cancellation):
        if isinstance(document, TcError):
            raise document
        (name,) = call.arguments.args
        context.redactor.add_document(document)
        secrets[name] = read_field(f"secret {name}", document, "secret", dict)
    return secrets
