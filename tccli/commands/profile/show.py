"""
``tc profile show``: show a profile.
"""

from __future__ import annotations

import sys

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import NegativeAnswerError


def _show(context: Context, name: str | None, *, show_secrets: bool) -> None:
    from tccli.output import Result

    write = context.writer()
    files = context.config_files()
    name = name or context.profile_name or files.default_name
    if name is None:
        raise NegativeAnswerError("there is no default profile", hint="tc profile list lists them; tc profile use NAME")
    content = dict(files.profile(name))
    if show_secrets:
        for each in (context, context.replace(profile=name)):
            read_only = each.read_only()
            if read_only is not None:
                read_only.check_secrets("print credentials", "they can be used without tc")
        write(Result([content], is_secret=True))
        return
    shown = context.redactor.redact_document(content)
    write(Result([shown]))
    if shown != content and sys.stdout is not None and sys.stdout.isatty():
        context.note("secrets are masked; --show-secrets prints them")


command = Command(
    "show",
    callback=with_context(_show),
    params=[
        click.Argument(["name"], metavar="[NAME]", required=False),
        click.Option(["--show-secrets"], is_flag=True, help="Do not mask the access token and the certificate."),
    ],
    short_help="Show a profile",
    help="Show the keys of a profile; without NAME, of the one in use: that of --profile or TC_PROFILE, else the "
    "default. Secrets are masked. Nothing is read from the keyring, and no credential_command is run.",
    examples=("tc profile show example", "tc profile show --jq .rootUrl -r"),
)
