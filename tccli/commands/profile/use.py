"""
``tc profile use``: make a profile the default.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.errors import UsageError


def _use(context: Context, name: str | None, *, none: bool) -> None:
    from tccli.cli.profile_settings import note_overrides
    from tccli.core.profiles import set_default

    if (name is None) != none:
        raise UsageError("give the NAME of a profile, or --none")
    files = context.config_files()
    if name is not None:
        files.profile(name)
    set_default(files.profiles_path, name)
    if name is None:
        named = " but the one that is named default" if "default" in files.profiles else ""
        context.note(f"there is no default profile{named}")
    else:
        context.note(f"the default profile is {name}")
        note_overrides(context, name)


command = Command(
    "use",
    callback=with_context(_use),
    params=[
        click.Argument(["name"], metavar="[NAME]", required=False),
        click.Option(["--none"], is_flag=True, help="Have no default."),
    ],
    prints_data=False,
    short_help="Make a profile the default",
    help="Make a profile the default, which is used if neither --profile, TC_PROFILE nor the environment selects "
    "another account.",
    examples=("tc profile use example", "tc profile use --none"),
)
