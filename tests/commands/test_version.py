"""
``tc version``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import tccli
from tests.http_server import said

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.http_server import Rude


def test_says_both_versions(tc: CommandLine) -> None:
    """
    Its own, and that of the references.
    """
    assert {"tc": tccli.__version__, "references": "113.2.0"} == json.loads(tc("version").stdout)


def test_asks_the_deployment(tc: CommandLine, rude: Rude) -> None:
    """
    With ``--server``.
    """
    rude.answers(said({"version": "v1", "commit": "c"}))

    assert {"version": "v1", "commit": "c"} == json.loads(tc("version", "--server", env=rude.env).stdout)
    assert "/api/auth/v1/__version__" == rude.requests[0].target
