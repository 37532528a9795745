"""
``tc skeleton``: print an example payload for a method.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context


@click.command(
    cls=Command,
    name="skeleton",
    examples=(
        "tc skeleton queue createTask --format yaml -o task.yml",
        'tc skeleton queue createTask | tc queue createTask "$(tc slugid)"',
        "tc skeleton hooks createHook --full",
    ),
)
@click.argument("service", metavar="SERVICE")
@click.argument("method", metavar="METHOD")
@click.option("--full", is_flag=True, help="Include optional fields.")
@with_context
def command(context: Context, service: str, method: str, *, full: bool) -> None:
    """
    Print an example payload for METHOD that matches its schema, with new times and slugids.

    The format is JSON, or YAML with --format yaml. Edit it and give it to the method.
    """
    from tccli.cli.lookup import find_method
    from tccli.output import Result

    write = context.writer()
    found = find_method(context.library(), service, method)
    import json
    from datetime import UTC, datetime
    from random import SystemRandom

    from tccli.core.schemas.examples.generate import Randomness
    from tccli.core.schemas.examples.skeleton import generate_payload

    document = generate_payload(found, Randomness(datetime.now(UTC), SystemRandom()), full=full)
    write(
        Result([document], raw=json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace"))
    )
