"""
``tc slugid``: generate slugids, and convert them to UUIDs and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tccli.cli.command import Group
from tccli.cli.context import Context, get_context, with_context
from tccli.errors import UsageError

if TYPE_CHECKING:
    from uuid import UUID

MAX_COUNT = 1_000_000


class SlugidGroup(Group):
    """
    A group that knows what a number is meant for.
    """

    def hint(self, ctx: click.Context, name: str) -> str:
        """
        Return a hint for a name that is not known.
        """
        return f"write --count {name}" if name.isdigit() else super().hint(ctx, name)


@click.group(cls=SlugidGroup, name="slugid", invoke_without_command=True, examples=("tc slugid", "tc slugid --count 3"))
@click.option("--v4", is_flag=True, help="Allow any first character, such as - and _.")
@click.option(
    "--count", type=click.IntRange(1, MAX_COUNT), default=1, metavar="N", help="How many to print (default 1)."
)
@click.pass_context
def command(ctx: click.Context, *, v4: bool, count: int) -> None:
    """
    Print new slugids: unique ids of 22 characters, as used for tasks.

    They start with a letter from A to f, so they are never parsed as options.
    """
    if ctx.invoked_subcommand is not None:
        return
    import slugid

    from tccli.output import Result

    write = get_context(ctx).writer()
    make = slugid.v4 if v4 else slugid.nice
    write(Result([str(make()) for _ in range(count)], is_text=True))


@command.command("generate", short_help="Print a new slugid", examples=("tc slugid generate --nice",))
@click.option("-n", "--nice", is_flag=True, help="Begin with a letter from A to f.")
@with_context
def generate(context: Context, *, nice: bool) -> None:
    """
    Print a new slugid. Without --nice it may begin with - or _, as in the Go client.
    """
    import slugid

    from tccli.output import Result

    write = context.writer()
    write(Result([str(slugid.nice() if nice else slugid.v4())], is_text=True))


@command.command(
    "encode",
    short_help="Print the slugid of a UUID",
    examples=("tc slugid encode 7cdd526c-0ad7-4cf4-9514-d52f68e9629d",),
)
@click.argument("uuid_", metavar="UUID")
@with_context
def encode(context: Context, uuid_: str) -> None:
    """
    Print the slugid of a v4 UUID.
    """
    from uuid import UUID

    import slugid

    from tccli.output import Result

    write = context.writer()
    try:
        found = UUID(uuid_)
    except ValueError:
        raise UsageError(f"{uuid_!r} is not a UUID") from None
    if str(found) != uuid_.lower():
        raise UsageError(f"{uuid_!r} is not a UUID: expected 8-4-4-4-12 hexadecimal digits")
    write(Result([str(slugid.encode(_checked(found, uuid_)))], is_text=True))


@command.command(
    "decode", short_help="Print the UUID of a slugid", examples=("tc slugid decode fN1SbArXTPSVFNUvaOlinQ",)
)
@click.argument("slug", metavar="SLUG")
@with_context
def decode(context: Context, slug: str) -> None:
    """
    Print the UUID of a slugid.
    """
    import re

    import slugid

    from tccli.output import Result

    write = context.writer()
    if not re.fullmatch(r"[A-Za-z0-9_-]{22}", slug):
        raise UsageError(f"{slug!r} is not a slugid: expected 22 letters, digits, - and _")
    found = slugid.decode(slug)
    if str(slugid.encode(found)) != slug:
        raise UsageError(f"{slug!r} is not a slugid: its last character is not valid")
    write(Result([str(_checked(found, slug))], is_text=True))


def _checked(found: UUID, written: str) -> UUID:
    if found.version != 4:
        raise UsageError(f"{written!r} is not a version 4 (random) UUID")
    return found
