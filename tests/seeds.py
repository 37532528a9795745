"""
Seeds of the tests that draw their inputs.
"""

from __future__ import annotations

import os
import random

IS_REPEATABLE = bool(os.environ.get("CI"))
"""Whether all runs draw the same inputs: the result depends on the state of the code, not on chance."""


def read_seed(variable: str) -> int:
    """
    Return the seed in an environment variable; else 1 with ``CI``, and a new one without.
    """
    return int(os.environ.get(variable, "0")) or (1 if IS_REPEATABLE else random.randrange(1, 2**31))
