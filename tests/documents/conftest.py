"""
The command line as data, read once for all tests of what is made of it.
"""

from __future__ import annotations

import pytest

from tccli import app
from tccli.documents import surface as surfaces
from tccli.options import Settings


@pytest.fixture(scope="session")
def surface() -> surfaces.Entry:
    """
    The root, with everything below it.
    """
    return surfaces.read(app.root, Settings())
