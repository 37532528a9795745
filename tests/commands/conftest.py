"""
Objects and artifacts to download.
"""

from __future__ import annotations

from tests.transfer_env import depot, hung_up

__all__ = ["depot", "hung_up"]
