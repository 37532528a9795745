"""
Commands that run in turns, the resources that they use, and the figures of the benchmarks.

A benchmark is a module with ``measure(runs)``, which yields a `Figure` for each thing that it measures.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

TC = str(Path(sys.executable).with_name("tc"))
MEBIBYTE = 1 << 20
Resource = Literal["wall", "cpu", "memory"]
LAUNCHER = """
import os, sys, time
os.set_inheritable(int(sys.argv[1]), False)
started = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
wall, cpu = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
os.write(int(sys.argv[1]), f"{os.waitstatus_to_exitcode(status)} {wall} {cpu} {usage.ru_maxrss}".encode())
"""
"""A small process that starts the command: the peak memory of a process is never less than what its parent took."""


class UnavailableError(Exception):
    """
    A program that a benchmark needs is not installed, and cannot be.
    """


@dataclass(frozen=True)
class Usage:
    """
    The resources of one run: wall and CPU time in seconds, children included, and peak memory in MiB.
    """

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Figure:
    """
    One thing that was measured.

    Attributes:
        what: What was measured.
        measured: What tc takes, with its unit.
        compared: What it is compared with, and what that takes; empty for an absolute figure.
        score: What the goal is about: usually the ratio of the two.
        unit: Of the score.
        goal: The most that the score may be, or the least with `at_least`; None for a figure without a goal.
        in_readme: Whether the README's table shows it.
    """

    what: str
    measured: str
    compared: str
    score: float
    unit: str = "times"
    goal: float | None = None
    at_least: bool = False
    in_readme: bool = False

    @property
    def is_met(self) -> bool:
        """
        Whether the goal is met, as precisely as it is printed.
        """
        if self.goal is None:
            return True
        score = float(f"{self.score:.2f}")
        return score >= self.goal if self.at_least else score <= self.goal

    @property
    def shown_score(self) -> str:
        """
        The score with its unit.
        """
        return show(self.score, self.unit)

    @property
    def shown_goal(self) -> str:
        """
        The goal in words.
        """
        if self.goal is None:
            return ""
        number = f"{self.goal:,.3f}".rstrip("0").rstrip(".")
        return f"at {'least' if self.at_least else 'most'} {number} {self.unit}"


def show(value: float, unit: str) -> str:
    """
    Return a number with its unit, with as many digits as matter.
    """
    digits = 0 if value >= 100 or unit == "/s" else 1 if value >= 10 or unit.startswith(("ms", "MiB")) else 2
    return f"{value:,.{digits}f} {unit}"


def show_seconds(seconds: float) -> str:
    """
    Return a time in milliseconds or seconds.
    """
    return show(seconds * 1000, "ms") if seconds < 0.5 else show(seconds, "s")


def clean_environment() -> dict[str, str]:
    """
    Return this process's environment without what configures tc or the official clients.
    """
    prefixes = ("TASKCLUSTER_", "TC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: Path | None = None,
    exit_codes: Container[int] = (0,),
) -> Usage:
    """
    Run a command, and return what it used.

    Raises:
        SystemExit: It ended with another exit code.
    """
    with open(stdin or os.devnull, "rb") as file, tempfile.TemporaryFile() as report:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, str(report.fileno()), *command],
            env=dict(environment),
            stdin=file,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[report.fileno()],
            check=True,
        )
        report.seek(0)
        code, wall, cpu, memory = map(float, report.read().split())
    if code not in exit_codes:
        raise SystemExit(f"{' '.join(command)} failed with {code:.0f}: {done.stderr.decode()}")
    # macOS reports bytes.
    return Usage(wall, cpu, memory / (MEBIBYTE if sys.platform == "darwin" else 1024))


def alternate(runs: int, commands: Mapping[str, Callable[[], Usage]]) -> dict[str, list[Usage]]:
    """
    Run the commands in turns, once to warm up and then *runs* times, so that a machine whose speed drifts affects them
    all alike.
    """
    usages: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            result = command()
            if number:
                usages[name].append(result)
    return usages


def median(usages: Sequence[Usage], resource: Resource) -> float:
    """
    Return the median of a resource.
    """
    return float(statistics.median(getattr(usage, resource) for usage in usages))


def ratio(usages: Sequence[Usage], base: Sequence[Usage], resource: Resource) -> float:
    """
    Return the median of the ratios, run by run.
    """
    pairs = zip(usages, base, strict=True)
    return float(statistics.median(getattr(mine, resource) / getattr(other, resource) for mine, other in pairs))


def compare(
    usages: Mapping[str, Sequence[Usage]],
    name: str,
    base: str,
    goal: float | None,
    *,
    resource: Resource = "wall",
    what: str = "",
    in_readme: bool = False,
) -> Figure:
    """
    Return the figure of how much of a resource *name* takes relative to *base*.
    """
    mine, other = median(usages[name], resource), median(usages[base], resource)
    return Figure(
        f"{what or name}{', CPU' if resource == 'cpu' else ''}",
        show_seconds(mine),
        f"{show_seconds(other)} for {base}",
        ratio(usages[name], usages[base], resource),
        goal=goal,
        in_readme=in_readme,
    )


def peak_memory(what: str, usages: Sequence[Usage], goal: float | None, *, in_readme: bool = False) -> Figure:
    """
    Return the figure of the most memory that any run took.
    """
    memory = max(usage.memory for usage in usages)
    return Figure(what, show(memory, "MiB"), "", memory, "MiB", goal, in_readme=in_readme)


@contextmanager
def start_sandbox() -> Iterator[dict[str, str]]:
    """
    Run a sandbox in a process of its own; yield the environment variables that lead to it.
    """
    process = subprocess.Popen([TC, "sandbox", "start"], env=clean_environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().removeprefix("export ").strip() for _ in range(4)]
        yield dict(line.split("=", 1) for line in lines)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def find_program(name: str) -> str:
    """
    Return the path of a program.

    Raises:
        UnavailableError: It is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise UnavailableError(f"{name} is not installed")
    return path


def install_tool(package: str, program: str) -> str:
    """
    Return the path of a program of a Python package, which is installed into an environment of its own and kept.

    Raises:
        UnavailableError: It cannot be installed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "taskcluster-cli-benchmarks")
    directory = cache / package
    path = directory / "bin" / program
    if not path.exists():
        steps = [sys.executable, "-m", "venv", str(directory)], [str(directory / "bin/pip"), "install", "-q", package]
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                shutil.rmtree(directory, ignore_errors=True)
                raise UnavailableError(f"{package} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return str(path)
