"""
What the examples of the hand-written commands need beyond the common deployment, and how the unsuccessful ones end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.queue import claimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment

PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "upload artifact": claimed,
    "upload-artifact": claimed,
}

ENDS_WITH: dict[str, int] = {}

UNTIL_INTERRUPTED = {"sandbox start"}
"""Commands whose examples run until Ctrl-C."""
