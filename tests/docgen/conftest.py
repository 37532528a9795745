"""
The command line as data, read once for all tests of what is made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tccli.docgen.__main__ import the_surface

if TYPE_CHECKING:
    from tccli.docgen.surface import Entry


@pytest.fixture(scope="session")
def surface() -> Entry:
    """
    The root, with everything below it.
    """
    return the_surface()
