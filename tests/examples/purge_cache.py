"""
What the examples of purge-cache need beyond the common deployment: a request to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import QUEUE, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable


def purged(deployment: ExampleDeployment) -> None:
    """
    Somebody wants a cache to be thrown away.
    """
    deployment.call("purge-cache.purgeCache", QUEUE, payload={"cacheName": "example-checkout"})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {"allPurgeRequests": purged, "purgeRequests": purged}

ENDS_WITH: dict[str, int] = {}
