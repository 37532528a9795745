"""
Commands that may open few files: modules are files, too.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.http_server import json_response, response
from tests.ids import TASK_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http_server import Received, Response, ScriptedServer


@pytest.mark.skipif(sys.platform == "win32", reason="needs ulimit")
@pytest.mark.parametrize("limit", [7, 8, 10, 13])
def test_a_download_with_few_files(
    http_server: ScriptedServer, process_environment: dict[str, str], tmp_path: Path, limit: int
) -> None:
    """
    It succeeds, or tells what does not suffice.
    """

    def respond(request: Received) -> Response:
        if request.target.split("?")[0].endswith("/artifacts"):
            entry = {"storageType": "s3", "contentType": "a/b", "expires": "2999-01-01T00:00:00.000Z"}
            return json_response({"artifacts": [{**entry, "name": f"public/{number}"} for number in range(8)]})
        if "/artifact-content/" in request.target:
            return json_response({"storageType": "s3", "url": f"{http_server.url}/storage"})
        if request.target == "/storage":
            return response(200, b"x" * 1000)
        run = {"runId": 0, "state": "completed"}
        return json_response({"status": {"taskId": TASK_ID, "state": "completed", "runs": [run]}})

    http_server.respond_with(respond)
    script = f"ulimit -n {limit}; exec {sys.executable} -m tccli download-artifact {TASK_ID} 'public/*' -o {tmp_path}"
    env = {**process_environment, **http_server.env}
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, check=False, text=True)

    assert done.returncode in {0, 3}, done.stderr
    lines = done.stderr.splitlines()
    assert all(line.startswith("tc: ") for line in lines), done.stderr
    assert 0 == done.returncode or "open files" in lines[-1]
