"""
Each example in the help of a method runs in bash, with the example deployment.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tccli import references
from tccli.references import method_docs
from tests.examples.example_deployment import INDEX_PATH, TASK, populate_task

if TYPE_CHECKING:
    from tests.examples.example_deployment import ExampleDeployment
    from tests.examples.shell import Shell

EXAMPLES = [
    (service, method)
    for service in references.service_names()
    for method in method_docs.list_documented_methods(service)
]


@pytest.mark.parametrize(("service", "method"), EXAMPLES, ids=[f"{service}.{method}" for service, method in EXAMPLES])
def test_the_example_of_a_method_runs(deployment: ExampleDeployment, shell: Shell, service: str, method: str) -> None:
    """
    As copied from the help into a shell.
    """
    preparations = import_module(f"tests.examples.{service.replace('-', '_')}")
    preparations.PREPARE.get(method, lambda _deployment: None)(deployment)
    populate_task(deployment)
    if preparations.EXIT_CODES.get(method) == 7:
        shell.shorten_retries()
    done = shell.run(method_docs.load_method_docs(service, method).example, deployment)

    assert preparations.EXIT_CODES.get(method, 0) == done.returncode, done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_the_deployment_is_populated(deployment: ExampleDeployment) -> None:
    """
    So that a failing example has an error of its own.
    """
    populate_task(deployment)

    assert "completed" == deployment.call("queue.status", TASK)["status"]["state"]
    assert TASK == deployment.call("index.findTask", INDEX_PATH)["taskId"]
