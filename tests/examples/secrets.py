"""
Examples of secrets: nothing to prepare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment

PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {}

EXIT_CODES: dict[str, int] = {}
