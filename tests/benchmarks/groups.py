#!/usr/bin/env python3
"""
Measure the commands for groups: time, processor time and peak memory of a large group. ``actions.py`` cancels one.

    .venv/bin/python tests/benchmarks/groups.py [--group 50000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.benchmarks import sandbox
from tests.transfer_env import slug

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(environment: Mapping[str, str], *words: str) -> tuple[float, float, float, int]:
    """
    Run tc, and return seconds, processor seconds, peak memory in MiB, and the exit code.
    """
    began = time.perf_counter()
    with open(os.devnull, "w") as out:
        argv = [sys.executable, "-m", "tccli", *words]
        process = subprocess.Popen(argv, env={**os.environ, **environment}, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main() -> None:
    """
    Measure, and print.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", type=int, default=50_000)
    options = parser.parse_args()
    process, environment, _ = sandbox.start()
    try:
        group, ids = slug(), [slug() for _ in range(options.group)]
        sandbox.measure(sandbox.create, environment, group, ids, 4)
        print(f"{options.group} tasks".ljust(48), "seconds  processor  MiB  exit code")
        for words in (
            ("group", "status", group),
            ("group", "list", group),
            ("group", "list", group, "--format", "jsonl"),
            ("group", "list", group, "--sort", "duration", "--limit", "10"),
            ("group", "wait", group, "--timeout", "1s"),
            ("group", "failures", group),
            ("queue", "listTaskGroup", group, "--paginate", "--format", "jsonl"),
        ):
            seconds, cpu, memory, code = run(environment, *words)
            name = " ".join(word for word in words if word != group)
            print(f"{name:48} {seconds:7.1f} {cpu:10.1f} {memory:4.0f} {code:10}")
    finally:
        process.terminate()


if __name__ == "__main__":
    main()
