"""
How far a batch is, on stderr: a line that changes on a terminal, else a line per minute.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tccli.cli.side_thread import run_beside
from tccli.core.times import format_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tccli.cli.context import Context

LOG_INTERVAL_SECONDS = 60.0
REFRESH_INTERVAL_SECONDS = 0.2
MIN_ESTIMATE_SECONDS = 2.0
"""Before, the first calls may count for too much."""
MIN_DELAY_SECONDS = 0.5
"""Most batches end before rich is loaded, and before a user could read anything."""


@dataclass
class Counts:
    """
    What became of the calls so far.

    Attributes:
        ended: Calls with a result, and lines that are not calls.
        failed: Of these, how many have an error.
        uncertain: Of the failed ones.
        bad: Of the failed ones, those with wrong lines.
        cut_off: Results with one page of several.
        skipped: Calls that an earlier run has done.
        taken: Calls that were read, and lines that are not calls, but for the skipped ones.
        read_bytes: Of the input.
        total_bytes: Of the input, or None if it is not a file.
    """

    ended: int = 0
    failed: int = 0
    uncertain: int = 0
    bad: int = 0
    cut_off: int = 0
    skipped: int = 0
    taken: int = 0
    read_bytes: int = 0
    total_bytes: int | None = None

    @property
    def done_bytes(self) -> float:
        """
        How much of the input is done, if all lines that were read are as long: many of their calls have not ended.
        """
        done = self.read_bytes * (self.ended + self.skipped) / max(self.taken + self.skipped, 1)
        return min(done, self.total_bytes or 0)

    def as_document(self) -> dict[str, int]:
        """
        Return the numbers for JSON.
        """
        return {"calls": self.ended, "failed": self.failed, "uncertain": self.uncertain, "skipped": self.skipped}

    def describe(self) -> str:
        """
        Return the numbers in words.
        """
        parts = [f"{self.ended} call{'' if self.ended == 1 else 's'}"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.uncertain:
            parts.append(f"{self.uncertain} uncertain")
        if self.skipped:
            parts.append(f"{self.skipped} skipped: an earlier run has done them")
        return ", ".join(parts)


@contextmanager
def show_progress(context: Context, counts: Counts) -> Iterator[None]:
    """
    Show *counts* on stderr until the end of the block, unless ``--quiet`` was given.
    """
    if context.options.quiet or sys.stderr is None:
        yield
        return
    is_terminal = sys.stderr.isatty()
    if is_terminal and context.options.output is None and sys.stdout is not None and sys.stdout.isatty():
        # The results show the progress, and would be mixed with it.
        yield
        return
    with run_beside(partial(_bar if is_terminal else _log, context, counts)):
        yield


def _bar(context: Context, counts: Counts, wait: Callable[[float], bool]) -> None:
    if wait(MIN_DELAY_SECONDS):
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from tccli.cli.live_display import LiveDisplay

    started = time.monotonic() - MIN_DELAY_SECONDS
    columns = [TextColumn("{task.description}", markup=False)]
    if counts.total_bytes is not None:
        columns += [BarColumn(), TaskProgressColumn()]  # type: ignore[list-item]  # rich takes any columns
    console = Console(stderr=True)
    bar = Progress(*columns, console=console)
    with LiveDisplay(context, console, is_transient=True) as display:
        task = bar.add_task("", total=counts.total_bytes)
        while True:
            ended = wait(REFRESH_INTERVAL_SECONDS)
            text = f"{counts.describe()}, {_rate(counts, started)}{_remaining(counts, started)}"
            bar.update(task, description=text, completed=counts.done_bytes)
            display.draw(bar)
            if ended:
                return


def _log(context: Context, counts: Counts, wait: Callable[[float], bool]) -> None:
    started = time.monotonic()
    while not wait(LOG_INTERVAL_SECONDS):
        share = f" ({counts.done_bytes / counts.total_bytes:.0%} of the input)" if counts.total_bytes else ""
        context.note(f"{counts.describe()}, {_rate(counts, started)}{share}")


def _remaining(counts: Counts, started: float) -> str:
    """
    Return how long the rest of the input takes, if its lines are as those before, or nothing if that is not known.
    """
    seconds = time.monotonic() - started
    if not counts.total_bytes or not counts.ended or seconds < MIN_ESTIMATE_SECONDS:
        return ""
    # What an earlier run has done took no time.
    done = counts.done_bytes * counts.ended / (counts.ended + counts.skipped)
    return f", {format_span(seconds * (counts.total_bytes - counts.done_bytes) / done)} left" if done else ""


def _rate(counts: Counts, started: float) -> str:
    rate = counts.ended / max(time.monotonic() - started, 0.001)
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
