"""
Examples of web-server: one needs a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import TASK, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = b"""\
[taskcluster 2027-01-31T12:00:00.000Z] Task starts
[task 2027-01-31T12:00:01.500Z] building
without a time of its own
[taskcluster 2027-01-31T12:00:07.250Z] Task is done
"""


def upload_log(deployment: ExampleDeployment) -> None:
    """
    The task is completed, and has a log.
    """
    deployment.claim_task()
    deployment.transfer_env.artifact(TASK, "public/logs/live.log", LOG)
    deployment.call("queue.reportCompleted", TASK, "0")


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {"taskProfile": upload_log}

EXIT_CODES: dict[str, int] = {}
