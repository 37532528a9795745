"""
The examples of secrets need nothing but the common world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import World

PREPARE: dict[str, Callable[[World], None]] = {}

ENDS_WITH: dict[str, int] = {}
