"""
The README's table of services and commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tccli.docgen import readme

if TYPE_CHECKING:
    from tccli.cli.command_tree import CommandNode

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_table_is_up_to_date(tree: CommandNode) -> None:
    """
    After a change of commands: ``python -m tccli.docgen``.
    """
    text = README.read_text("utf-8")

    assert readme.with_table(text, tree) == text


def test_everything_stands_in_the_table(tree: CommandNode) -> None:
    """
    Services and commands, each with what it is for.
    """
    table = readme.table(tree)

    assert not [entry.name for entry in tree.commands if f"| `tc {entry.name}` | {entry.summary}" not in table]


def test_nothing_else_is_changed(tree: CommandNode) -> None:
    """
    What stands around the table stays as it is.
    """
    text = f"before\n{readme.BEGIN}an old table\n{readme.END}after\n"
    made = readme.with_table(text, tree)

    assert made.startswith(f"before\n{readme.BEGIN}")
    assert made.endswith(f"{readme.END}after\n")
    assert "an old table" not in made


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("nothing\n", id="no place"),
        pytest.param(f"{readme.BEGIN}x\n", id="no end"),
        pytest.param(f"{readme.BEGIN}{readme.END}{readme.BEGIN}{readme.END}", id="two places"),
    ],
)
def test_a_readme_without_a_place_is_refused(tree: CommandNode, text: str) -> None:
    """
    Instead of being left without a table.
    """
    with pytest.raises(ValueError, match="place"):
        readme.with_table(text, tree)
