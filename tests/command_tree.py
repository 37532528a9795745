"""
The command line as data, read once for all tests of what is made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tccli.cli.command_tree import CommandNode


@pytest.fixture(scope="session")
def tree() -> CommandNode:
    """
    The root, with everything below it.
    """
    from tccli.docgen.__main__ import build_command_tree

    return build_command_tree()
