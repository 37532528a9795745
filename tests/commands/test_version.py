"""
``tc version``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import tccli
from tests.http_server import json_response

if TYPE_CHECKING:
    from tests.conftest import CommandLine
    from tests.http_server import ScriptedServer


def test_says_both_versions(tc: CommandLine) -> None:
    """
    Its own, and that of the references.
    """
    assert {"tc": tccli.__version__, "references": "113.2.0"} == json.loads(tc("version").stdout)


def test_asks_the_deployment(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With ``--server``.
    """
    http_server.respond_with(json_response({"version": "v1", "commit": "c"}))

    assert {"version": "v1", "commit": "c"} == json.loads(tc("version", "--server", env=http_server.env).stdout)
    assert "/api/auth/v1/__version__" == http_server.requests[0].target
