"""
Examples of notify: some need a denied address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment


def deny_address(deployment: ExampleDeployment) -> None:
    address = {"notificationType": "email", "notificationAddress": "someone@example.com"}
    deployment.call("notify.addDenylistAddress", payload=address)


PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "deleteDenylistAddress": deny_address,
    "listDenylist": deny_address,
}

EXIT_CODES: dict[str, int] = {}
