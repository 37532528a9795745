"""
Examples of hooks: some need a hook that was fired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import HOOK, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable


def fire_hook(deployment: ExampleDeployment) -> None:
    deployment.call("hooks.triggerHook", *HOOK, payload={})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {"getHookStatus": fire_hook, "listLastFires": fire_hook}

EXIT_CODES: dict[str, int] = {}
