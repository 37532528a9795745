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


def test_prints_both_versions(tc: CommandLine) -> None:
    """
    Its own, and that of the references, which differ in the last number at most.
    """
    versions = json.loads(tc("version").stdout)

    assert {"tc", "references"} == set(versions)
    assert tccli.__version__ == versions["tc"]
    assert versions["references"].rpartition(".")[0] == versions["tc"].rpartition(".")[0]


def test_asks_the_deployment(tc: CommandLine, http_server: ScriptedServer) -> None:
    """
    With ``--server``.
    """
    http_server.respond_with(json_response({"version": "v1", "commit": "c"}))

    assert {"version": "v1", "commit": "c"} == json.loads(tc("version", "--server", env=http_server.env).stdout)
    assert "/api/auth/v1/__version__" == http_server.requests[0].target
