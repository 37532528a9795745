"""
``tc`` with shorter pauses between polls: for tests of a process that waits.
"""

from __future__ import annotations

import sys

from tccli import __main__ as tc
from tccli.core.tasks import pauses

MIN_PAUSE_SECONDS = 0.25
"""Long enough for a test to change several things between two polls."""
MAX_PAUSE_SECONDS = 0.5

if __name__ == "__main__":
    pauses.MIN_PAUSE_SECONDS = MIN_PAUSE_SECONDS
    pauses.MAX_PAUSE_SECONDS = MAX_PAUSE_SECONDS
    pauses.MIN_PAUSES_PER_WALK = 1
    sys.argv[0] = tc.__file__
    tc.main()
