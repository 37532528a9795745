"""
Every example in the help of a method does what it says: it is run by bash, in a deployment that has what it names.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tccli import references
from tccli.references import words
from tests.depot import depot, hung_up
from tests.examples.world import INDEX_PATH, TASK, World, furnish, furnish_task

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.sandbox.server import Server
    from tests.depot import Depot

__all__ = ["depot", "hung_up"]
EXAMPLES = [(service, method) for service in references.service_names() for method in words.method_names(service)]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """
    A folder with ``tc`` in it.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "tc"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tccli "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(("service", "method"), EXAMPLES, ids=[f"{service}.{method}" for service, method in EXAMPLES])
def test_the_example_of_a_method_runs(
    depot: Depot,
    sandbox_server: Server,
    process_environment: dict[str, str],
    shell: Path,
    tmp_path: Path,
    service: str,
    method: str,
) -> None:
    """
    As it stands in the help, copied into a shell.
    """
    preparations = import_module(f"tests.examples.{service.replace('-', '_')}")
    world = World(depot, sandbox_server.sandbox.state)
    furnish(world)
    preparations.PREPARE.get(method, lambda _world: None)(world)
    furnish_task(world)
    environment = {**process_environment, **depot.sandbox.environment, **world.variables}
    environment["PATH"] = f"{shell}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", words.of_method(service, method).example],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert preparations.ENDS_WITH.get(method, 0) == done.returncode, done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_the_world_is_furnished(depot: Depot, sandbox_server: Server) -> None:
    """
    So that an example which fails has a fault of its own.
    """
    world = World(depot, sandbox_server.sandbox.state)
    furnish(world)
    furnish_task(world)

    assert "completed" == world.call("queue.status", TASK)["status"]["state"]
    assert TASK == world.call("index.findTask", INDEX_PATH)["taskId"]
