"""
The command line as data, read once for all tests of what is made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tccli.docgen.__main__ import build_command_tree

if TYPE_CHECKING:
    from tccli.docgen.command_tree import CommandNode


@pytest.fixture(scope="session")
def tree() -> CommandNode:
    """
    The root, with everything below it.
    """
    return build_command_tree()
