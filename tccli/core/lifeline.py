"""
The end of a forked process together with the one that forked it, also if that one is killed.
"""

from __future__ import annotations

import os
import signal


def end_with_parent(watched: int, parent: int) -> None:
    """
    Have the kernel end this process as soon as its parent has ended, whatever this process does meanwhile.

    Linux and macOS only. On Linux, it ends also if it is stopped.

    Args:
        watched: The end for reading of a pipe that nothing is written to. No process but the parent has the other end,
            and none but this one uses *watched*.
        parent: The process id of the parent.
    """
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(watched, fcntl.F_SETOWN, os.getpid())
    if hasattr(fcntl, "F_SETSIG"):
        # Instead of SIGIO, which waits for the end of a stop.
        fcntl.fcntl(watched, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(watched, fcntl.F_SETFL, fcntl.fcntl(watched, fcntl.F_GETFL) | os.O_ASYNC)
    if os.getppid() != parent:
        os._exit(0)
