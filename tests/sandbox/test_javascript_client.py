"""
The official JavaScript client, unchanged, walks through the sandbox; where Node is, and ``npm install`` has been run in
``tests/javascript``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

FOLDER = Path(__file__).parents[1] / "javascript"

pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not (FOLDER / "node_modules" / "taskcluster-client").is_dir(),
    reason="the JavaScript client is not installed",
)


@pytest.mark.parametrize("part", ["task", "rerun", "group", "object", "index", "hook", "credentials"])
def test_the_javascript_client_finds_what_it_expects(part: str, sandbox: RunningSandbox) -> None:
    """
    Every assertion of the walk holds; the client is not told that this is a sandbox.
    """
    environment = {**os.environ, **sandbox.environment, "NODE_NO_WARNINGS": "1"}
    walk = subprocess.run(
        ["node", "walk.mjs", part],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert (0, "") == (walk.returncode, walk.stderr)
