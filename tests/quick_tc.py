"""
``tc`` with shorter pauses between polls and before retries: for tests of a process that waits.
"""

from __future__ import annotations

import sys

from tccli import __main__ as tc
from tccli.cli.options import Options
from tccli.core.tasks import pauses

MIN_PAUSE_SECONDS = 0.25
"""Long enough for a test to change several things between two polls."""
MAX_PAUSE_SECONDS = 0.5
DELAY_FACTOR_SECONDS = 0.01

if __name__ == "__main__":
    pauses.MIN_PAUSE_SECONDS = MIN_PAUSE_SECONDS
    pauses.MAX_PAUSE_SECONDS = MAX_PAUSE_SECONDS
    pauses.MIN_PAUSES_PER_WALK = 1
    Options.delay_factor = DELAY_FACTOR_SECONDS
    sys.argv[0] = tc.__file__
    tc.main()
