"""
``tc schema``: print the JSON schema of a method's payload or response.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.options import file_option
from tccli.errors import UsageError


@click.command(
    cls=Command,
    name="schema",
    params=[file_option()],
    examples=(
        "tc schema queue createTask",
        "tc schema queue task --output",
        "tc schema secrets set -o secret-schema.json",
    ),
)
@click.argument("service", metavar="SERVICE")
@click.argument("method", metavar="METHOD")
@click.option("--output", "--answer", "answer", is_flag=True, help="Print the schema of the response instead.")
@with_context
def command(context: Context, service: str, method: str, *, answer: bool) -> None:
    """
    Print the JSON schema of METHOD's payload, or of its response with --output.

    The schema is one document without references to others. In this command only -o names an output file.
    """
    from tccli.cli.lookup import find_method
    from tccli.output import Result

    write = context.writer()
    found = find_method(context.library(), service, method)
    name = found.output if answer else found.input
    if name is None:
        if answer:
            raise UsageError(f"{found.id}: the response has no published schema")
        if found.takes_payload:
            raise UsageError(f"{found.id}: the payload has no published schema")
        hint = f"for its response: tc schema {found.service} {found.name} --output" if found.output else ""
        raise UsageError(f"{found.id} takes no payload", hint=hint)
    import json

    from tccli.core.schemas.bundle import bundle

    document = bundle(found.reference.schemas, name)
    write(
        Result([document], raw=json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace"))
    )
