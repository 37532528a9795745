"""
Worker processes for a long batch: whether there are any, and what they do.
"""

from __future__ import annotations

import select
import sys
import threading
import time
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, Any

from tccli.cli.batch.stdin import find_size
from tccli.core.batch.calls import BatchCall
from tccli.core.processors import count_processors

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tccli.cli.batch.runner import CallRunner
    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.core.dispatch import RemoteCall
    from tccli.core.http.deadline import Cancellation
    from tccli.core.journal.file import Journal
    from tccli.core.parallel import Helper, Schedule
    from tccli.core.worker_processes import WorkerPool

MAX_WORKERS = 4
"""They make more calls in a second than a deployment takes."""
MIN_INPUT_BYTES = 16 * 1024
"""A worker takes as much processor time as a hundred calls, and memory."""
FIRST_BYTES_SECONDS = 0.005
"""How long the first lines wait for others, which show that the input is long."""


def start_workers(
    context: Context, client: Client, runner: CallRunner, journal: Journal | None, schedule: Schedule, *, dry_run: bool
) -> AbstractContextManager[WorkerPool | None]:
    """
    Start workers that make calls as the threads of this process do, if the calls on stdin need them.

    Waits for the first byte of the input, if that is a pipe. Call this before any thread is started.
    """
    count = 0 if dry_run else _count_workers(context, schedule)
    if not count:
        return nullcontext()
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

    try:
        return WorkerPool(count, prepare, threads=schedule.jobs // count, close=close)
    except OSError:
        # Threads do without: there are limits of processes and of memory.
        return nullcontext()


def make_helper(pool: WorkerPool, calls: RemoteCall, schedule: Schedule) -> Helper:
    """
    Return what gives calls of the engine to workers.
    """
    from tccli.core.dispatch import Dispatcher

    # The first failure must not find calls that wait.
    return Dispatcher(pool, calls, sends_ahead=not schedule.stops_at_error)


def _count_workers(context: Context, schedule: Schedule) -> int:
    # On macOS, libraries that look up names and proxies must not be used after a fork. A rate is less than what one
    # process can do. Requests that are printed are printed by this process, and it counts faked responses.
    if (
        sys.platform != "linux"
        or schedule.rate is not None
        or context.traces
        or context.fake_path is not None
        or threading.active_count() > 1
    ):
        return 0
    count = min(MAX_WORKERS, schedule.jobs, count_processors())
    return count if count > 1 and _is_long() else 0


def _is_long() -> bool:
    """
    Return whether stdin has many lines; without reading any, and without waiting for those that are yet to be written.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return False
    # Nothing was read of it.
    stream = sys.stdin.buffer
    size = find_size(stream)
    if size is not None:
        return size >= MIN_INPUT_BYTES
    try:
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        poll.poll()
        end = time.monotonic() + FIRST_BYTES_SECONDS
        while (count := _count_bytes(stream)) < MIN_INPUT_BYTES and time.monotonic() < end:
            [(_, events)] = poll.poll()
            if events & select.POLLHUP:
                # Nothing follows.
                break
            time.sleep(FIRST_BYTES_SECONDS / 10)
    except (OSError, ValueError):
        # It is not a pipe.
        return False
    return count >= MIN_INPUT_BYTES


def _count_bytes(stream: IO[bytes]) -> int:
    """
    Return how many bytes a pipe has.
    """
    import fcntl
    import termios

    count = bytearray(4)
    fcntl.ioctl(stream, termios.FIONREAD, count)
    return int.from_bytes(count, sys.byteorder)
