"""
Watch a group: on a terminal a display that is drawn again and again, else a line per change.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from tccli.core.printable import escape_controls, escape_line_breaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

    from tccli.cli.context import Context
    from tccli.core.tasks.group_progress import GroupProgress
    from tccli.core.tasks.waiting import Snapshot

STYLES = {"completed": "green", "failed": "red", "exception": "red", "running": "bold"}
"""Without yellow and cyan, which are hard to see on white."""
MAX_BAR_COLUMNS = 60
TICK_SECONDS = 1.0


def wants_display(context: Context) -> bool:
    """
    Return whether the output is a terminal that can be drawn on, and nothing else was asked for.
    """
    options = context.options
    asks_for_data = options.format or options.jq or options.columns or options.output
    is_terminal = sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") not in {None, "", "dumb"}
    return is_terminal and not asks_for_data


def list_changes(snapshots: Iterable[Snapshot]) -> Iterator[tuple[str, Any]]:
    """
    Yield ``ID NAME STATE`` and an object for each change of a task; its state before is None for one that is new.
    """
    for snapshot in snapshots:
        for member, before in snapshot.changes:
            yield member.line(), {**member.as_row(snapshot.now), "before": before}


class GroupDisplay:
    """
    Counts, rate and time left in the last lines of the terminal, and above them a line for each failure as it comes.

    It is a context manager.

    Args:
        title: The first line.
        wait_seconds: After which the watch gives up, or None.
    """

    def __init__(self, context: Context, title: str, wait_seconds: float | None) -> None:
        from rich.console import Console

        from tccli.cli.live_display import LiveDisplay

        colour = context.options.color
        self._console = Console(
            no_color=True if colour == "never" else None, force_terminal=True if colour == "always" else None
        )
        self._title = title
        self._end = None if wait_seconds is None else time.monotonic() + wait_seconds
        self._progress: GroupProgress | None = None
        self._next_poll = 0.0
        self._is_over = False
        self._live = LiveDisplay(context, self._console)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._live.is_started:
            self._is_over = True
            if self._progress is None:
                self._live.is_transient = True
            else:
                self._draw()
            self._live.__exit__()

    def begin(self) -> None:
        """
        Draw before the first snapshot: the first look at a large group takes a while.
        """
        self._draw("reading its tasks")

    def sleep(self, seconds: float) -> None:
        """
        Pause, with a countdown.
        """
        self._next_poll = time.monotonic() + seconds
        while (left := self._next_poll - time.monotonic()) > 0:
            self._draw()
            time.sleep(min(TICK_SECONDS, left))

    def show(self, snapshot: Snapshot) -> None:
        """
        Draw a snapshot, and print the tasks that have failed since the last one.
        """
        from tccli.core.tasks.group_progress import measure_progress

        self._progress = measure_progress(snapshot)
        for member, _ in snapshot.changes:
            if member.state in {"failed", "exception"}:
                reason = f" ({member.reason})" if member.reason != member.state else ""
                self._live.print(_escape(f"{member.line()}{reason}"), STYLES[member.state])
        self._draw()

    def _draw(self, before: str = "waiting for its first task") -> None:
        from rich.console import Group
        from rich.text import Text

        title = Text(self._title, "bold", no_wrap=True, overflow="ellipsis")
        progress = self._progress
        lines = [title, *(self._describe(progress) if progress is not None else [Text(before)])]
        self._live.draw(Group(*lines))

    def _describe(self, progress: GroupProgress) -> Iterator[Text]:
        from rich.text import Text

        from tccli.core.times import format_span

        yield _draw_bar(progress, min(MAX_BAR_COLUMNS, max(4, self._console.width - 20)), self._console.encoding)
        parts = [Text(f"{count} {state}", STYLES.get(state, "")) for state, count in progress.counts.items()]
        yield Text(", ").join(parts) if parts else Text("no task matches so far")
        if progress.blocked:
            names = ", ".join(_escape(member.name) for member in progress.blocked[:100])
            text = f"{len(progress.blocked)} can never run: {names}"
            yield Text(text, "magenta", no_wrap=True, overflow="ellipsis")
        now = time.monotonic()
        rest = [f"{progress.per_minute:.3g} per minute"] if progress.per_minute else []
        if progress.seconds_left is not None and not self._is_over:
            rest.append(f"about {format_span(progress.seconds_left)} left")
        if self._end is not None and not self._is_over:
            rest.append(f"gives up in {format_span(self._end - now)}")
        if self._next_poll > now and not self._is_over:
            rest.append(f"next look in {format_span(self._next_poll - now)}")
        if rest:
            yield Text(", ".join(rest), "dim")


def _escape(text: str) -> str:
    return escape_controls(escape_line_breaks(text))


def _draw_bar(progress: GroupProgress, columns: int, encoding: str) -> Text:
    from rich.text import Text

    done, rest = ("━", "─") if encoding.lower().startswith("utf") else ("#", "-")
    bar = Text(no_wrap=True, overflow="ellipsis")
    total = progress.total or 1
    completed = progress.counts.get("completed", 0)
    places = [columns * completed // total, columns * progress.ended // total]
    if progress.ended > completed and places[0] == places[1]:
        # A failure is seen, however few there are.
        places = [max(0, places[0] - 1), max(1, places[1])]
    bar.append(done * places[0], "green")
    bar.append(done * (places[1] - places[0]), "red")
    bar.append(rest * (columns - places[1]), "dim")
    bar.append(f"  {progress.ended} of {progress.total} ended")
    return bar
