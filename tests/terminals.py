"""
Pseudo-terminals for tests of what a terminal shows.
"""

from __future__ import annotations

import os
from contextlib import suppress


def read_terminal(descriptor: int) -> bytes:
    """
    Return what is shown until no process has the terminal, or the pipe, any more; and close it.
    """
    shown = b""
    # Linux reports the end of a terminal as an error.
    with suppress(OSError):
        while piece := os.read(descriptor, 65536):
            shown += piece
    os.close(descriptor)
    return shown
