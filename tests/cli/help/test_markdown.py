"""
Pages in a terminal.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import topics
from tccli.cli.help.markdown import extract_code, parse_blocks, render

PAGE = """\
A paragraph that goes on
for two lines.

## Heading
- an item
- another one that is
  longer

    code --option "$(x)" \\
      and more

    after an empty line

| name | what |
|---|---|
| one | the first |
| three | what is said of three |

| a | without a header |
"""

SHOWN = """\
  A paragraph that goes on for two lines.

Heading:

  - an item
  - another one that is longer

    code --option "$(x)" \\
      and more

    after an empty line

  name   what
  ----------------------------
  one    the first
  three  what is said of three

  a  without a header
"""


def test_a_page_is_shown_in_columns() -> None:
    """
    Code as it is, everything else wrapped and aligned.
    """
    assert SHOWN == render(PAGE, 60)


def test_a_table_that_has_no_room_is_shown_below_itself() -> None:
    """
    Rather than in a column of single words.
    """
    page = "| a-long-name-of-something | what there is to say of it in some more words |"

    assert "  a-long-name-of-something\n      what there is to say of it in some\n      more words\n" == render(
        page, 40
    )


def test_pieces_are_told_apart() -> None:
    """
    By what they begin with.
    """
    kinds = ["paragraph", "heading", "item", "item", "code", "table", "table"]

    assert kinds == [block.kind for block in parse_blocks(PAGE)]
    assert ['code --option "$(x)" \\\n  and more\n\nafter an empty line'] == extract_code(PAGE)


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
@pytest.mark.parametrize("name", topics.list_topic_names())
def test_a_topic_keeps_to_its_columns(name: str, columns: int) -> None:
    """
    But for examples, which nobody could copy otherwise, and single words.
    """
    text = topics.load_topic(name).text
    code = {f"    {line}".rstrip() for each in extract_code(text) for line in each.split("\n")}
    longest = max((len(word) for word in text.split()), default=0)
    for line in render(text, columns).splitlines():
        assert line in code or len(line) <= max(columns, longest + 6)


@given(st.text("ab |-#\n `", max_size=60), st.integers(20, 100))
def test_any_text_can_be_shown(text: str, width: int) -> None:
    """
    Nothing of it is lost but what makes it Markdown.
    """
    shown = render(text, width)

    assert text.count("a") == shown.count("a")
    assert text.count("b") == shown.count("b")
