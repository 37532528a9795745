"""
Print the result of validating a document against a schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tccli.cli.context import Context
    from tccli.core.schemas.problems import Problem
    from tccli.output import Result


def report_problems(
    context: Context, write: Callable[[Result], None], problems: Sequence[Problem], document: str, schema: str
) -> None:
    """
    Write the problems, a line each, or as objects if a format was chosen; then note the result on stderr.

    Args:
        document: Names the document in messages.
        schema: Names the schema in messages.

    Raises:
        NegativeAnswerError: There are problems.
    """
    from tccli.core.printable import escape_controls
    from tccli.output import Result

    if context.is_go_client and context.options.format is None:
        _report_as_go_client(context, problems)
        return
    if context.options.format in {None, "raw"} and not context.options.selects_parts:
        # Names in a document may contain any character, line breaks too.
        lines = [escape_controls(str(problem)).replace("\n", "\\n") for problem in problems]
        write(Result(lines, is_text=True))
    else:
        rows = [{"path": each.path, "expected": each.expected, "found": each.found} for each in problems]
        write(Result([rows], is_table=True))
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise NegativeAnswerError(f"{document} does not match {schema}: {count}")
    context.note(f"{document} matches {schema}")


def _report_as_go_client(context: Context, problems: Sequence[Problem]) -> None:
    """
    Print all to stderr, in the form of the Go client's log.
    """
    for line in [f"- {problem}" for problem in problems] or ["The document is valid"]:
        text = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        context.print_message(f'level=info msg="{text}\\n"')
    if problems:
        raise NegativeAnswerError("the document is not valid")
