"""
The official JavaScript client, unchanged, against the sandbox. Needs Node.js, and ``npm install`` in
``tests/javascript``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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


def test_a_worker_runs_what_the_javascript_client_creates() -> None:
    """
    From creation to artifacts, with the sandbox's worker.
    """
    environment = {**os.environ, "NODE_NO_WARNINGS": "1"}
    command = [sys.executable, "-m", "tccli", "sandbox", "run", "--worker", "--", "node", "walk.mjs", "worker"]
    walk = subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert (0, "") == (walk.returncode, walk.stderr)


@pytest.mark.parametrize("part", ["task", "rerun", "group", "object", "index", "hook", "credentials"])
def test_the_javascript_client_works(part: str, sandbox: RunningSandbox) -> None:
    """
    All assertions of its script hold; the client does not know that this is a sandbox.
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
