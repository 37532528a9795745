"""
Worker processes, as their parent sees them.
"""

from __future__ import annotations

import os
import socket
import subprocess
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


FILES_OF_A_WORKER = """
import os, socket
from tccli.core.http.deadline import Cancellation
from tccli.core.worker_processes import WorkerPool

inherited = [*os.pipe(), *(each.detach() for each in socket.socketpair()), os.open(os.devnull, os.O_RDONLY)]
for number in inherited:
    os.set_inheritable(number, True)

pipes = {os.readlink(f"/proc/self/fd/{number}") for number in inherited[:4]}

def list_open(_argument):
    paths = {each: f"/proc/self/fd/{each}" for each in range(64)}
    return {each: os.readlink(path) for each, path in paths.items() if os.path.lexists(path)}

with WorkerPool(1, lambda number, report: (list_open, Cancellation()), threads=1, close=lambda: None) as pool:
    pool.workers[0].channel.send([(1, None)])
    [(_, found, failure)] = pool.workers[0].channel.receive()
    assert not failure, failure
    assert pipes.isdisjoint(found.values()), found
    assert os.devnull == found[inherited[4]], found
assert pipes <= set(list_open(None).values())
"""


def test_pipes_of_the_caller_are_closed(process_environment: dict[str, str]) -> None:
    """
    In workers: somebody may wait for their end. A file may be named by a path.
    """
    command = [sys.executable, "-c", FILES_OF_A_WORKER]
    done = subprocess.run(command, env=process_environment, check=False, capture_output=True, text=True, timeout=60)
    assert 0 == done.returncode, done.stderr
