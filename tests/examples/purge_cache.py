"""
Examples of purge-cache: some need a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.example_deployment import QUEUE, ExampleDeployment

if TYPE_CHECKING:
    from collections.abc import Callable


def request_purge(deployment: ExampleDeployment) -> None:
    deployment.call("purge-cache.purgeCache", QUEUE, payload={"cacheName": "example-checkout"})


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "allPurgeRequests": request_purge,
    "purgeRequests": request_purge,
}

EXIT_CODES: dict[str, int] = {}
