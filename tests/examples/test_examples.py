"""
Every example in the help of a method does what it says: it is run by bash, in a deployment that has what it names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tccli import references
from tccli.references import method_docs
from tests.examples.example_deployment import INDEX_PATH, TASK, furnish_task
from tests.examples.shell import depot, hung_up, shell, world

if TYPE_CHECKING:
    from tests.examples.example_deployment import World
    from tests.examples.shell import Shell

__all__ = ["depot", "hung_up", "shell", "world"]
EXAMPLES = [(service, method) for service in references.service_names() for method in method_docs.method_names(service)]


@pytest.mark.parametrize(("service", "method"), EXAMPLES, ids=[f"{service}.{method}" for service, method in EXAMPLES])
def test_the_example_of_a_method_runs(world: World, shell: Shell, service: str, method: str) -> None:
    """
    As it stands in the help, copied into a shell.
    """
    preparations = import_module(f"tests.examples.{service.replace('-', '_')}")
    preparations.PREPARE.get(method, lambda _world: None)(world)
    furnish_task(world)
    done = shell.run(method_docs.of_method(service, method).example, world)

    assert preparations.ENDS_WITH.get(method, 0) == done.returncode, done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_the_world_is_furnished(world: World) -> None:
    """
    So that an example which fails has a fault of its own.
    """
    furnish_task(world)

    assert "completed" == world.call("queue.status", TASK)["status"]["state"]
    assert TASK == world.call("index.findTask", INDEX_PATH)["taskId"]
