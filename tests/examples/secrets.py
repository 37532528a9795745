"""
The examples of secrets need nothing but the common deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment

PREPARE: dict[str, Callable[[ExampleDeployment], None]] = {}

ENDS_WITH: dict[str, int] = {}
