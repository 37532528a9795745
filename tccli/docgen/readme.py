"""
The README's table of services and commands, which stands between two comments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tccli.cli.command_tree import CommandNode

BEGIN = "<!-- The table is made by python -m tccli.docgen. -->\n"
END = "<!-- Here it ends. -->\n"


def with_table(text: str, tree: CommandNode) -> str:
    """
    Return the README with the table as it has to be.

    Raises:
        ValueError: The README has no place for it, or more than one.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after:
        raise ValueError(f"the README has not one place between {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{table(tree)}\n{END}{after}"


def table(tree: CommandNode) -> str:
    """
    Return the table, in Markdown: services, then commands, each with what ``tc --help`` says of it.
    """
    services = [each for each in tree.commands if each.service]
    commands = [each for each in tree.commands if not each.service]
    rows = [*_rows("service", services), "", *_rows("command", commands)]
    return "\n".join(rows) + "\n"


def _rows(heading: str, entries: Sequence[CommandNode]) -> Iterator[str]:
    yield f"| {heading} | |"
    yield "|---|---|"
    for entry in entries:
        below = ", ".join(f"`{each.name}`" for each in entry.commands if not entry.service and not entry.is_tree)
        said = f"{entry.summary} ({below})" if below else entry.summary
        yield f"| `tc {entry.name}` | {_cell(said)} |"


def _cell(text: str) -> str:
    """
    Return text that does not end a cell.
    """
    return text.replace("|", "\\|")
