"""
Worker processes, as their parent sees them.
"""

from __future__ import annotations

import os
import socket
import sys

import pytest

from tccli.core.worker_processes import Channel, Worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are worker processes on Linux only")


def test_a_process_that_something_else_has_waited_for() -> None:
    """
    The system does so where SIGCHLD is ignored. How the process has ended is not known then.
    """
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    ours, theirs = socket.socketpair()
    theirs.close()
    watched, lifeline = os.pipe()
    os.close(watched)
    worker = Worker(pid, Channel(ours), lifeline)

    assert "unknown" in worker.kill()
    assert not worker.kill()
    worker.close()
