"""
The engine with worker processes that end at any moment.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.seeds import read_seed

if TYPE_CHECKING:
    from pathlib import Path

# A process of its own, since workers are forked before there are threads.
ROUNDS = """
import os, random, signal, sys, time
from tccli.core import dispatch
from tccli.core.http.deadline import Cancellation
from tccli.core.parallel import Schedule, run_parallel
from tccli.core.worker_processes import WorkerPool
from tccli.errors import TcError

dispatch.MIN_PROCESSOR_SHARE, dispatch.SAMPLE_JOBS, dispatch.MIN_SAMPLE_SECONDS = 0, 1, 0

def is_wrong(item):
    return item % 23 == 5

class Calls:
    is_ready = True

    def __init__(self, padding):
        self.padding = padding
        self.lost = set()
        self.lines = []
        self.begun, self.over = [], []

    def may_wait(self, item):
        return item % 3 != 0

    def begin(self, items):
        # Some are made here.
        self.begun += (item for item in items if item % 17)
        return [None if item % 17 == 0 else (item, self.padding) for item in items]

    def withdraw(self, items):
        self.over += items

    def end(self, item, answer):
        self.over.append(item)
        if answer == "lost" or is_wrong(item):
            raise TcError(str(item))
        return answer[0]

    def lose(self, item, reason, *, again):
        self.lost.add(item)
        return None if item % 3 and again else "lost"

    def report(self, line):
        self.lines.append(line)

    def report_loss(self, reason):
        assert reason == "signal 9", reason

def double(item):
    if is_wrong(item):
        raise TcError(str(item))
    return item * 2

def play(draw):
    count, jobs = draw.choice([0, 1, 2, 16, 65, 300]), draw.choice([2, 5, 16])
    workers, kills = draw.randrange(1, min(jobs, 3) + 1), draw.random() < 0.5
    schedule = Schedule(jobs, draw.random() < 0.5, stops_at_error=draw.random() < 0.3, reads_ahead=True)
    stop_after = draw.randrange(200) if draw.random() < 0.2 else None

    def prepare(number, report):
        own = random.Random(draw.random() + number)

        def run(argument):
            item, padding = argument
            if own.random() < 0.05:
                time.sleep(0.002)
            if kills and own.random() < 0.01:
                os.kill(os.getpid(), signal.SIGKILL)
            if item == 1:
                report("line")
            return item * 2, padding

        return run, Cancellation()

    # More than a socket takes, in both directions.
    calls, done = Calls("x" * draw.choice([0, 0, 300_000])), []
    with WorkerPool(workers, prepare, threads=jobs // workers, close=lambda: None) as pool:
        helper = dispatch.Dispatcher(pool, calls, sends_ahead=not schedule.stops_at_error)
        results = run_parallel(double, range(count), schedule=schedule, helper=helper)
        for item, result in results:
            done.append(item)
            if isinstance(result, TcError):
                assert str(item) == str(result) and (is_wrong(item) or item in calls.lost)
            else:
                assert item * 2 == result
            if stop_after == len(done):
                results.close()
                break
        end = time.monotonic() + 10
        while not kills and len(calls.begun) > len(calls.over):
            assert time.monotonic() < end, "calls were begun, and are neither made nor taken back"
            time.sleep(0.001)
    assert len(done) == len(set(done))
    assert not schedule.in_order or done == sorted(done)
    assert schedule.stops_at_error or stop_after is not None or len(done) == count
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        return
    raise AssertionError("a worker has not ended")

draw = random.Random(int(sys.argv[1]))
for _ in range(100):
    play(draw)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there are worker processes on Linux only")
def test_each_item_has_one_result(process_environment: dict[str, str], tmp_path: Path) -> None:
    """
    In order or not, whether errors stop the rest, the results are no longer read, or workers are killed: and no
    process is left, nor a call that was begun and is not made.
    """
    seed = read_seed("TC_DISPATCH_SEED")
    done = subprocess.run(
        [sys.executable, "-c", ROUNDS, str(seed)],
        env=process_environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=300,
    )

    assert 0 == done.returncode, (seed, done.stderr.decode())
