"""
Examples of the hand-written commands: preparations and exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.examples.queue import claim_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment

PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {
    "upload artifact": claim_task,
    "upload-artifact": claim_task,
}

EXIT_CODES: dict[str, int] = {}

UNTIL_INTERRUPTED = {"sandbox start"}
"""Commands whose examples run until Ctrl-C."""
