"""
What the examples of hooks need beyond the common world: a hook that has fired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import HOOK, World

if TYPE_CHECKING:
    from collections.abc import Callable


def fired(world: World) -> None:
    """
    The hook has made a task.
    """
    world.call("hooks.triggerHook", *HOOK, payload={})


PREPARE: dict[str, Callable[[World], None]] = {"getHookStatus": fired, "listLastFires": fired}

ENDS_WITH: dict[str, int] = {}
