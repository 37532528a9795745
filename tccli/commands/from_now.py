"""
``tc from-now``: print a timestamp relative to now.
"""

from __future__ import annotations

import re

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


class _TakesNegativeOffsets(Command):
    """
    Accepts ``-1 hour`` as an offset: a leading space keeps such a word from being parsed as an option.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Parse, with negative offsets protected.
        """
        return super().parse_args(ctx, [f" {word}" if re.match(r"-\s*([0-9]|$)", word) else word for word in args])


@click.command(
    cls=_TakesNegativeOffsets,
    name="from-now",
    examples=("tc from-now", "tc from-now 1 year", "tc from-now 2 days 3 hours", "tc from-now -1 hour"),
)
@click.argument("offset", nargs=-1, metavar="[OFFSET]...")
@click.option("--from", "start", metavar="TIMESTAMP", help="Use this timestamp instead of now.")
@with_context
def command(context: Context, offset: tuple[str, ...], start: str | None) -> None:
    """
    Print the timestamp OFFSET after now: '1 hour', '2 days 3 hours', -30m, 1y6mo. Without an offset, print now.

    Units, in this order: years (365 days), months (30 days), weeks, days, hours, minutes, seconds. Now is the time of
    this machine, also if tc sandbox clock has changed the time of a sandbox.
    """
    from datetime import UTC, datetime

    from tccli.core.times import format_timestamp, from_now, parse_timestamp
    from tccli.output import Result

    write = context.writer()
    origin = parse_timestamp(start) if start is not None else datetime.now(UTC)
    # "now", and "now + 1 hour", as people write it.
    text = re.sub(r"(?i)^\s*now\b", "", " ".join(offset))
    timestamp = format_timestamp(from_now(text, now=origin))
    # The Go client prints whole seconds.
    write(Result([re.sub(r"\.\d+Z$", "Z", timestamp) if context.is_go_client else timestamp], is_text=True))
