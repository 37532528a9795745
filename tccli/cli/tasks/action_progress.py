"""
How many tasks were acted on, and what is still printed of a command that did not come so far as to act on all.
"""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from tccli.core.time_limit import TimeLimitError, limit_time
from tccli.errors import NoAnswerError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from tccli.cli.context import Context
    from tccli.core.http.deadline import Cancellation

    Pair = tuple[str, dict[str, Any]]

MAX_END_SECONDS = 0.5
"""How long an interruption waits for the calls that it has ended, and then for the output."""


class _TimeUpError(Exception):
    """
    Ends the engine, which would continue after an error of one task.
    """


class ActionProgress:
    """
    What became of tasks, several of which are acted on at a time.

    Args:
        total: The number of tasks.
        cancellation: Of the calls.
    """

    def __init__(self, context: Context, total: int, cancellation: Cancellation | None) -> None:
        self._context = context
        self._total = total
        self._cancellation = cancellation
        self._done = self._working = self._ended_early = 0
        # By the identity of the pair: its number, which is that of the task, and the pair.
        self._unwritten: dict[int, tuple[int, Pair]] = {}
        self._changed = threading.Condition()
        self._end: KeyboardInterrupt | _TimeUpError | None = None

    def perform(self, act: Callable[[], Pair], number: int) -> Pair:
        """
        Act on a task by *act*, and return what is printed.

        Args:
            number: Of the task, in the order of the output.
        """
        limit = self._context.time_limit
        with self._changed:
            self._working += 1
        pair: Pair | None = None
        ended_early = False
        try:
            pair = act()
        except NoAnswerError as error:
            # It may have been sent by an attempt before the last one.
            ended_early = self._cancellation is not None and self._cancellation.is_cancelled
            if limit is not None and limit.is_over:
                raise _TimeUpError from error
            raise
        finally:
            # At once: a task is counted as one that runs, or as what has become of it.
            with self._changed:
                self._working -= 1
                self._ended_early += ended_early
                if pair is not None:
                    self._done += 1
                    self._unwritten[id(pair)] = number, pair
                self._changed.notify_all()
        return pair

    def write(self, write: Callable[[Iterable[Pair]], None], pairs: Generator[Pair], *, noop: bool) -> None:
        """
        Write what comes of `perform`; after an interruption, also what has arrived and waits for others, and report it.

        Raises:
            KeyboardInterrupt: After that.
            WaitTimeoutError: The time of the command is up.
        """
        options = self._context.options
        # A file has all or nothing, and a pager has ended.
        is_open = options.output in {None, "-"} and not options.pager
        try:
            # Closed at once: the limit of time in it must end with it.
            with closing(self._follow(pairs, is_open=is_open)) as followed:
                write(followed)
        except KeyboardInterrupt as error:
            # The output was interrupted: what it was writing is continued.
            self._end = error
            pairs.close()
            if is_open and (options.format in {None, "jsonl"}) and not options.selects_parts:
                self._write_rest(write)
        except (TimeLimitError, _TimeUpError):
            if self._end is None:
                raise
        if isinstance(self._end, _TimeUpError):
            raise WaitTimeoutError(f"the time is up: {self._describe()}") from None
        if self._end is not None:
            if not noop:
                self._context.note_interruption(f"interrupted: {self._describe()}")
            raise self._end

    def _follow(self, pairs: Iterable[Pair], *, is_open: bool) -> Generator[Pair]:
        try:
            for pair in pairs:
                yield pair
                self._unwritten.pop(id(pair), None)
        except (KeyboardInterrupt, _TimeUpError) as error:
            self._end = error
            self._wait()
            if not is_open:
                raise
            # A filter may never end, and a reader may read slowly.
            with limit_time(MAX_END_SECONDS):
                yield from self._list_unwritten()

    def _write_rest(self, write: Callable[[Iterable[Pair]], None]) -> None:
        self._wait()
        with suppress(TimeLimitError), limit_time(MAX_END_SECONDS):
            write(self._list_unwritten())

    def _wait(self) -> None:
        """
        End the calls that are on the way, and wait a moment until each has its response or not.
        """
        if self._cancellation is not None:
            self._cancellation.cancel()
        with self._changed:
            self._changed.wait_for(lambda: not self._working, MAX_END_SECONDS)

    def _list_unwritten(self) -> Generator[Pair]:
        with self._changed:
            found = sorted(self._unwritten.values(), key=lambda each: each[0])
        for _, pair in found:
            yield pair
            self._unwritten.pop(id(pair), None)

    def _describe(self) -> str:
        with self._changed:
            text, underway = f"{self._done} of {self._total} tasks are done", self._ended_early + self._working
        if underway:
            text += f", and perhaps {underway} more, whose calls were on the way"
        return f"{text}; the same command does the others"
