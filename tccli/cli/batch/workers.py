"""
Worker processes for a long batch: whether there are any, and what they do.
"""

from __future__ import annotations

import select
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from tccli.cli.batch.stdin import find_size
from tccli.core.batch.calls import BatchCall
from tccli.core.processors import count_processors

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.cli.batch.runner import CallRunner
    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.core.http.deadline import Cancellation
    from tccli.core.journal import Journal
    from tccli.core.parallel import Schedule
    from tccli.core.worker_processes import WorkerPool

MAX_WORKERS = 4
"""They make more calls in a second than a deployment takes."""
MIN_INPUT_BYTES = 16 * 1024
"""A worker takes as much processor time as a hundred calls, and memory."""
FIRST_BYTES_SECONDS = 0.005
"""How long the first lines wait for others, which tell that the input is long."""


def count_workers(context: Context, schedule: Schedule) -> int:
    """
    Return how many workers the calls on stdin need; 0 for none, so that threads of this process make all calls.

    Waits for the first byte, if the input is a pipe.
    """
    count = min(MAX_WORKERS, schedule.jobs)
    # macOS has fork, but its libraries cannot be used after it. A rate is less than what one process can do. What
    # requests are traced to is written by this process, and faked responses are counted by it.
    if (
        sys.platform != "linux"
        or count < 2
        or schedule.rate is not None
        or context.traces
        or context.fake_path is not None
        or threading.active_count() > 1
    ):
        return 0
    count = min(count, count_processors())
    return count if count > 1 and _is_long() else 0


def _is_long() -> bool:
    """
    Return whether stdin has many lines; without reading any, and without waiting for those that are yet to be written.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return False
    stream = sys.stdin.buffer
    # Nothing was read of it.
    size = find_size(stream)
    if size is not None:
        return size >= MIN_INPUT_BYTES
    import fcntl
    import termios

    poll = select.poll()
    poll.register(stream, select.POLLIN)
    poll.poll()
    end = time.monotonic() + FIRST_BYTES_SECONDS
    ready = bytearray(4)
    while True:
        try:
            fcntl.ioctl(stream, termios.FIONREAD, ready)
        except OSError:
            return False
        if int.from_bytes(ready, sys.byteorder) >= MIN_INPUT_BYTES:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(FIRST_BYTES_SECONDS / 10)


def start_workers(
    count: int, context: Context, client: Client, runner: CallRunner, journal: Journal | None, jobs: int
) -> WorkerPool:
    """
    Start workers that make calls as the threads of this process do.
    """
    from tccli.core.worker_processes import WorkerPool

    # As the first call does.
    context.library()
    if client.account.credentials is not None:
        from tccli.core import hawk_resource  # noqa: F401

    def prepare(number: int, report: Callable[[str], None]) -> tuple[Callable[[Any], Any], Cancellation]:
        assert client.back_off is not None
        assert client.cancellation is not None
        client.back_off.process = number + 1
        context.print_message = report  # type: ignore[method-assign, assignment]
        return lambda call: tuple(runner.run(BatchCall(*call))), client.cancellation

    def close() -> None:
        if journal is not None:
            # What it has locked remains locked as long as it is open.
            journal.close()

    return WorkerPool(count, prepare, jobs=jobs, close=close)
