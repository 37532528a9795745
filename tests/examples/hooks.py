"""
What the examples of hooks need beyond the common deployment: a hook that has fired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import HOOK, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable


def fired(deployment: ExampleDeployment) -> None:
    """
    The hook has made a task.
    """
    deployment.call("hooks.triggerHook", *HOOK, payload={})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {"getHookStatus": fired, "listLastFires": fired}

ENDS_WITH: dict[str, int] = {}
