"""
``tc validate``: check a payload against a method's schema, without sending it.
"""

from __future__ import annotations

import click

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.types import DATA_FORMAT
from tccli.errors import UsageError


@click.command(
    cls=Command,
    name="validate",
    examples=(
        "tc skeleton queue createTask | tc validate queue createTask",
        "tc skeleton secrets set --format yaml -o secret.yml\ntc validate secrets set secret.yml",
        "tc queue task fN1SbArXTPSVFNUvaOlinQ | tc validate queue task --response",
    ),
)
@click.argument("service", metavar="SERVICE")
@click.argument("method", metavar="METHOD")
@click.argument("file", metavar="[FILE]", default="-")
@click.option("--response", "--answer", "answer", is_flag=True, help="Check a response instead of a payload.")
@click.option("--data-format", **DATA_FORMAT)
@with_context
def command(context: Context, service: str, method: str, file: str, data_format: str | None, *, answer: bool) -> None:
    """
    Check a payload for METHOD, from FILE or stdin, and print every problem on a line of its own.

    The exit code is 0 for a valid payload, and 1 otherwise. With --format json, problems are objects with path,
    expected and found.
    """
    from tccli.cli import inputs
    from tccli.cli.lookup import find_method
    from tccli.cli.validation import report_problems

    write = context.writer()
    found = find_method(context.library(), service, method)
    what = "response" if answer else "payload"
    schema = found.output if answer else found.input
    if schema is None:
        if not answer and not found.takes_payload:
            raise UsageError(f"{found.id} takes no payload")
        raise UsageError(f"{found.id}: the {what} has no published schema")
    document = inputs.read_document(file, found.id, what, data_format)
    from tccli.core.schemas.validate import find_problems

    wrong = find_problems(found.reference, schema, document.document, root=what)
    report_problems(context, write, wrong, f"the {what} from {_where(file)}", f"the schema of {found.id}")


def _where(file: str) -> str:
    return "stdin" if file == "-" else file
