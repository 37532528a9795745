"""
Progress of transfers on stderr: a bar on a terminal, else a line per minute.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tccli.cli.side_thread import run_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tccli.cli.context import Context
    from tccli.core.transfer.context import TransferProgress

LOG_INTERVAL_SECONDS = 60.0
MIN_RATE_BYTES = 10_000
"""Fewer bytes do not show how fast a connection is."""
MIN_DELAY_SECONDS = 0.5
"""Most transfers are complete before rich is loaded, and before a user could read a bar."""
REFRESH_INTERVAL_SECONDS = 0.1


@contextmanager
def show_progress(context: Context, name: str, progress: TransferProgress) -> Iterator[None]:
    """
    Show *progress* on stderr until the end of the block, unless ``--quiet`` was given.
    """
    if context.options.quiet or sys.stderr is None:
        yield
        return
    show = partial(_bar, context, name, progress) if sys.stderr.isatty() else partial(_log, context, name, progress)
    with run_beside(show):
        yield


def format_size(count: float) -> str:
    """
    Return a number of bytes with a decimal unit: ``1.5 MB``.
    """
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def format_summary(count: int, seconds: float, verified: tuple[str, ...], wire_bytes: int) -> str:
    """
    Return size, time, rate and what was verified, as text.

    Args:
        wire_bytes: Bytes that this run sent or received, for the rate.
    """
    checked = describe_verification(verified)
    if count < MIN_RATE_BYTES and seconds < 1:
        # The rate would be that of the round trip.
        return f"{format_size(count)}, {checked}"
    rate = f"{format_size(wire_bytes / seconds)}/s" if seconds > 0 else "immediately"
    size, moved = format_size(count), format_size(wire_bytes)
    # The others were compressed, or transferred by an earlier run: the rate is not theirs.
    what = f"{size} ({moved} transferred)" if wire_bytes < count and moved != size else size
    return f"{what} in {seconds:.1f} s ({rate}), {checked}"


def describe_verification(verified: tuple[str, ...]) -> str:
    """
    Return what was verified, as text.

    Args:
        verified: As in `DownloadResult`.
    """
    if set(verified) - {"length"}:
        first, last = ", ".join(verified[:-1]), verified[-1]
        return f"verified by {first} and {last}" if first else f"verified by {last}"
    # A length shows that nothing is missing, not that the bytes are right.
    return "complete (length only)" if verified else "not verified: no length and no hash is known"


def _bar(context: Context, name: str, progress: TransferProgress, wait: Callable[[float], bool]) -> None:
    if wait(MIN_DELAY_SECONDS):
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.table import Column

    from tccli.cli.live_display import LiveDisplay
    from tccli.core.printable import escape_controls

    console = Console(stderr=True)
    # The numbers take about 34 columns; a long name must leave some for the bar.
    narrow = Column(no_wrap=True, overflow="ellipsis", max_width=max(4, (console.width - 36) // 2))
    columns = (
        TextColumn("{task.description}", markup=False, table_column=narrow),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    bar = Progress(*columns, console=console, expand=True)
    with LiveDisplay(context, console, is_transient=True) as display:
        resumed = progress.resumed_bytes
        task = bar.add_task(escape_controls(name), total=progress.total_bytes, completed=resumed)
        while True:
            ended = wait(REFRESH_INTERVAL_SECONDS)
            if resumed != progress.resumed_bytes:
                # The bytes of an earlier run would count for the rate of this one.
                resumed = progress.resumed_bytes
                bar.reset(task, total=progress.total_bytes, completed=resumed)
            bar.update(task, total=progress.total_bytes, completed=progress.done_bytes)
            display.draw(bar)
            if ended:
                return


def _log(context: Context, name: str, progress: TransferProgress, wait: Callable[[float], bool]) -> None:
    started = time.monotonic()
    while not wait(LOG_INTERVAL_SECONDS):
        rate = (progress.done_bytes - progress.resumed_bytes) / (time.monotonic() - started)
        total = (
            f" of {format_size(progress.total_bytes)} ({progress.done_bytes / progress.total_bytes:.0%})"
            if progress.total_bytes
            else ""
        )
        left = (
            f", {(progress.total_bytes - progress.done_bytes) / rate:.0f} s left"
            if progress.total_bytes and rate > 0
            else ""
        )
        context.note(f"{name}: {format_size(progress.done_bytes)}{total}, {format_size(rate)}/s{left}")
