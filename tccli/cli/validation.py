"""
Print the result of validating a document against a schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tccli.cli.context import Context
    from tccli.core.schemas.validate import Problem
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
    from tccli.output import Result

    if context.options.format in {None, "raw"} and context.options.jq is None:
        write(Result([_escape_control_characters(str(problem)) for problem in problems], is_text=True))
    else:
        rows = [{"path": each.path, "expected": each.expected, "found": each.found} for each in problems]
        write(Result([rows], is_table=True))
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise NegativeAnswerError(f"{document} does not match {schema}: {count}")
    context.note(f"{document} matches {schema}")


def _escape_control_characters(line: str) -> str:
    # Names in a document may contain any character, line breaks too.
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
