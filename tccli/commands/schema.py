"""
``tc schema``: print the JSON schema of a method's payload or response.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.options import file_option
from tccli.errors import UsageError


class _SchemaCommand(Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if "--output" not in given or not error.message.startswith("Got unexpected extra argument"):
                raise
            hint = "here --output selects the response; to write to a file, use -o FILE"
            message = error.message.removeprefix("Got ")
            raise UsageError(f"schema: {message}", hint=hint) from None


@click.command(
    cls=_SchemaCommand,
    name="schema",
    params=[file_option()],
    examples=(
        "tc schema queue createTask",
        "tc schema queue task --response",
        "tc schema secrets set -o secret-schema.json",
    ),
)
@click.argument("service", metavar="SERVICE")
@click.argument("method", metavar="METHOD")
@click.option(
    "--response",
    "--output",
    "--answer",
    "is_response",
    is_flag=True,
    help="Print the schema of the response instead. --output and --answer are older names of this option.",
)
@with_context
def command(context: Context, service: str, method: str, *, is_response: bool) -> None:
    """
    Print the JSON schema of METHOD's payload, or of its response.

    The schema is one document without references to others. The fields of a payload have descriptions, which editors
    show.
    """
    from tccli.cli.lookup import find_method
    from tccli.output import Result

    write = context.writer()
    found = find_method(context.library(), service, method)
    name = found.output if is_response else found.input
    if name is None:
        if is_response:
            raise UsageError(f"{found.id}: the response has no published schema")
        if found.takes_payload:
            raise UsageError(f"{found.id}: the payload has no published schema")
        hint = f"for its response: tc schema {found.service} {found.name} --response" if found.output else ""
        raise UsageError(f"{found.id} takes no payload", hint=hint)
    import json

    from tccli.cli.help.methods import find_field_docs
    from tccli.core.schemas.bundle import bundle
    from tccli.core.schemas.descriptions import add_descriptions

    document = bundle(found.reference.schemas, name)
    if not is_response:
        add_descriptions(document, find_field_docs(found))
    write(
        Result([document], raw=json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace"))
    )
