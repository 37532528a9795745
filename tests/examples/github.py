"""
Examples of github: they need a build, as if GitHub had sent an event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.sandbox.services.github import builds
from tests.examples.example_deployment import TASK, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable

BUILD = {
    "organization": "example-org",
    "repository": "example",
    "sha": "5c1a9f0e7d3b2a4c6e8f0a1b2c3d4e5f60718293",
    "taskGroupId": TASK,
    "pullRequestNumber": 12,
}


def insert_build(deployment: ExampleDeployment) -> None:
    deployment.create_task(schedulerId="taskcluster-github")
    builds.insert(deployment.state, BUILD)


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = dict.fromkeys(
    ("badge", "builds", "cancelBuilds", "createComment", "createStatus", "latest", "repository"), insert_build
)

EXIT_CODES: dict[str, int] = {}
