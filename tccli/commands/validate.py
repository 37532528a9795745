"""
``tc validate``: hold a payload against a method's schema, without sending it.
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
        "tc queue task fN1SbArXTPSVFNUvaOlinQ | tc validate queue task --answer",
    ),
)
@click.argument("service", metavar="SERVICE")
@click.argument("method", metavar="METHOD")
@click.argument("file", metavar="[FILE]", default="-")
@click.option("--answer", is_flag=True, help="It is an answer of the method, not a payload.")
@click.option("--data-format", **DATA_FORMAT)
@with_context
def command(context: Context, service: str, method: str, file: str, data_format: str | None, *, answer: bool) -> None:
    """
    Say all that is wrong with a payload for METHOD, in FILE or on stdin.

    Prints a line for each problem and exits with 1; with 0 and nothing on stdout, the payload is right. With --format
    json it prints objects of path, expected and found.
    """
    from tccli.cli import inputs
    from tccli.cli.lookup import find_method
    from tccli.cli.validation import report_problems

    write = context.writer()
    found = find_method(context.library(), service, method)
    what = "answer" if answer else "payload"
    schema = found.output if answer else found.input
    if schema is None:
        if not answer and not found.takes_payload:
            raise UsageError(f"{found.id} takes no payload")
        raise UsageError(f"{found.id}: the schema of its {what} is not known")
    document = inputs.read_document(file, found.id, what, data_format)
    from tccli.core.schemas.validate import find_problems

    wrong = find_problems(found.reference, schema, document.document, root=what)
    report_problems(context, write, wrong, f"the {what} from {_where(file)}", f"the schema of {found.id}")


def _where(file: str) -> str:
    return "stdin" if file == "-" else file
