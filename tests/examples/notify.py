"""
What the examples of notify need beyond the common deployment: an address to which nothing is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment


def denied(deployment: ExampleDeployment) -> None:
    """
    An address is on the denylist.
    """
    address = {"notificationType": "email", "notificationAddress": "someone@example.com"}
    deployment.call("notify.addDenylistAddress", payload=address)


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {"deleteDenylistAddress": denied, "listDenylist": denied}

ENDS_WITH: dict[str, int] = {}
