"""
What the examples of purge-cache need beyond the common world: a request to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import QUEUE, World

if TYPE_CHECKING:
    from collections.abc import Callable


def purged(world: World) -> None:
    """
    Somebody wants a cache to be thrown away.
    """
    world.call("purge-cache.purgeCache", QUEUE, payload={"cacheName": "example-checkout"})


PREPARE: dict[str, Callable[[World], None]] = {"allPurgeRequests": purged, "purgeRequests": purged}

ENDS_WITH: dict[str, int] = {}
