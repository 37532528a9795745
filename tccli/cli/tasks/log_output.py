"""
The logs of many tasks: printed one after the other, or followed all at once.
"""

from __future__ import annotations

import threading
from collections import deque
from copy import copy
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from tccli.core.tasks.runs import FollowedTask
from tccli.core.threads import start_thread
from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from tccli.cli.context import Context
    from tccli.cli.tasks.prefixed_output import PrefixedOutput
    from tccli.core.call_queue import CallQueue
    from tccli.core.client import Client
    from tccli.core.tasks.log_follow import LogOptions, Run, RunLog
    from tccli.core.tasks.members import Member

MAX_FOLLOWED_LOGS = 32
MAX_LOGS_AHEAD = 8
"""How many logs are read before those in front of them are printed."""
MAX_DEFINITIONS_AHEAD = 200
JOIN_SECONDS = 0.2


class LogPrinter:
    """
    Prints the logs of tasks of a group.

    Attributes:
        count: How many logs were printed or followed.
        errors: Of those that could not be.
        lost: Errors of logs that were only at a worker that is gone.
    """

    def __init__(self, context: Context, client: Client, output: PrefixedOutput, options: LogOptions) -> None:
        self._context = context
        self._client = client
        self._output = output
        self._options = options
        self._transfers = context.transfer_context()
        self._tasks: dict[str, FollowedTask] = {}
        # Those of which something is to be printed; None ends the thread that takes them.
        self._waiting: SimpleQueue[FollowedTask | None] = SimpleQueue()
        self._unfinished: set[str] = set()
        self._running: set[RunLog] = set()
        self._changed = threading.Condition()
        self._is_stopped = threading.Event()
        self._failure: BaseException | None = None
        # Of the thread in which lines are searched while others follow logs.
        self._calls: CallQueue | None = None
        self.count = 0
        self.errors: list[TcError] = []
        self.lost: list[TcError] = []

    def print_all(self, members: Sequence[Member]) -> None:
        """
        Print one log after the other; the next ones are read meanwhile.
        """
        from tccli.core.tasks.log_reader import BlockPump

        self._output.reserve(members)
        # A slow search in a thread would take no notice of Ctrl-C, and a tail is searched where it is read.
        reads_ahead = not (self._options.lines.searches and self._options.tail is not None)
        waiting: deque[tuple[Member, RunLog, BlockPump | None]] = deque()
        entries = iter(self._open_all(members))
        try:
            while True:
                while len(waiting) < MAX_LOGS_AHEAD and (entry := next(entries, None)) is not None:
                    waiting.append((*entry, BlockPump(entry[1].read_blocks()) if reads_ahead else None))
                if not waiting:
                    return
                member, log, pump = waiting[0]
                blocks = log.read() if pump is None else log.select(filter(None, pump.take()))
                self.count += 1
                try:
                    self._output.copy(member, blocks, is_alone=True)
                except TcError as error:
                    self._report(member, error)
                waiting.popleft()
        finally:
            for _, log, pump in waiting:
                if pump is not None:
                    pump.stop()
                log.remote.stop()

    def _open_all(self, members: Sequence[Member]) -> Iterator[tuple[Member, RunLog]]:
        from tccli.core.tasks.log_follow import Run
        from tccli.core.tasks.queue import fetch_definitions

        for start in range(0, len(members), MAX_DEFINITIONS_AHEAD):
            some = members[start : start + MAX_DEFINITIONS_AHEAD]
            definitions = fetch_definitions(self._client, [member.task_id for member in some])
            for member in some:
                assert member.run_id is not None
                run = Run(member.task_id, member.run_id, definitions.get(member.task_id), member.is_resolved)
                yield member, self._open(run, self._options.tail)

    def follow_while(self, watch: Callable[[Callable[[Callable[[], Any]], Any] | None], None]) -> None:
        """
        Call *watch*, which calls `follow`.

        Where lines are searched, it is called in another thread, and gets what calls a function in this one, else None.
        This is the main thread, where Ctrl-C interrupts a slow regular expression.
        """
        if not self._options.lines.searches:
            watch(None)
            return
        from tccli.core.call_queue import CallQueue

        calls = self._calls = CallQueue()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                watch(calls.call)
            except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                failures.append(error)
            finally:
                calls.end()

        start_thread(run)
        calls.serve()
        if failures:
            raise failures[0]

    def follow(self, member: Member, *, first: int | None = None, since: datetime | None = None) -> None:
        """
        Begin or continue to follow the logs of a task: of each run, in order, none left out.

        Args:
            first: The run with which this begins; None for the latest when the task is first seen.
            since: Begin with the first run that was not resolved before, instead of the latest.
        """
        with self._changed:
            task = self._tasks.get(member.task_id)
            if task is None:
                if not self._tasks:
                    start_thread(self._follow_all)
                task = self._tasks[member.task_id] = FollowedTask(member, first, since)
            # A poll changes the members, piece by piece, while the threads here read them.
            task.member = copy(member)
            if member.task_id in self._unfinished or not task.has_work:
                return
            self._unfinished.add(member.task_id)
        self._waiting.put(task)

    def _follow_all(self) -> None:
        from tccli.core.parallel import Schedule, run_parallel

        schedule = Schedule(jobs=MAX_FOLLOWED_LOGS, in_order=False, reads_ahead=True)
        try:
            for _ in run_parallel(self._follow, iter(self._waiting.get, None), schedule=schedule):
                pass
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            # Such as an OSError: the reader of stdout went away.
            self._failure = error
            self._is_stopped.set()

    def _follow(self, task: FollowedTask) -> None:
        try:
            while not self._is_finished(task):
                member = task.member
                try:
                    self._follow_runs(task, member)
                except TcError as error:
                    self._report(member, error)
                    task.skip(member)
        except BaseException:
            with self._changed:
                self._leave(task)
            raise

    def _leave(self, task: FollowedTask) -> None:
        self._unfinished.discard(task.member.task_id)
        self._changed.notify_all()

    def _is_finished(self, task: FollowedTask) -> bool:
        """
        Return whether there is nothing to do for a task until it is seen again.
        """
        with self._changed:
            if task.has_work and not self._is_stopped.is_set():
                return False
            # With the look at its work: from now on, `follow` queues it again.
            self._leave(task)
            return True

    def _follow_runs(self, task: FollowedTask, member: Member) -> None:
        """
        Print the logs of the runs that a member tells of, and a line for each that was retried.
        """
        from tccli.core.tasks.runs import describe_end, find_first_unresolved

        latest = member.run_id or 0
        if task.run_id is None or task.run_id < latest:
            status = self._fetch_status(member)
            if task.run_id is None:
                assert task.since is not None
                task.begin(min(find_first_unresolved(status, task.since), latest))
            while task.run_id is not None and task.run_id < latest:
                if not task.is_printed:
                    self._print_run(task, member, task.run_id, is_resolved=True)
                if self._is_stopped.is_set():
                    return
                self._note(member, describe_end(status, task.run_id, has_log=task.has_log))
                task.begin(task.run_id + 1)
        if task.has_work and task.run_id == latest:
            self._print_run(task, member, latest, is_resolved=member.is_resolved)

    def _print_run(self, task: FollowedTask, member: Member, run_id: int, *, is_resolved: bool) -> None:
        from tccli.core.tasks.log_follow import Run, is_log_missing
        from tccli.core.tasks.runs import describe_end, has_next_run, was_started

        task.is_printed = True
        log: RunLog | None = None
        # The last lines are those of the first log; of later ones, all are new.
        tail = self._options.tail if run_id == task.first else None
        try:
            log = self._open(Run(member.task_id, run_id, is_resolved=is_resolved), tail)
            with self._changed:
                if self._is_stopped.is_set():
                    return
                self._running.add(log)
                self.count += 1
            self._output.copy(member, log.read(), is_alone=False)
        except TcError as error:
            if is_log_missing(error):
                status = self._fetch_status(member)
                task.has_log = False
                if has_next_run(status, run_id) or not was_started(status, run_id):
                    with self._changed:
                        self.count -= 1
                    if not has_next_run(status, run_id):
                        self._note(member, describe_end(status, run_id, has_log=False))
                    return
            self._report(member, error)
        finally:
            with self._changed:
                self._running.discard(log)

    def _fetch_status(self, member: Member) -> dict[str, Any]:
        from tccli.core.tasks.queue import fetch_status

        return fetch_status(self._client, member.task_id)

    def sleep(self, seconds: float) -> None:
        """
        Wait.

        Raises:
            OSError: The output cannot be written.
        """
        self._is_stopped.wait(seconds)
        if self._failure is not None:
            raise self._failure

    def join(self, task_ids: Collection[str] | None = None) -> None:
        """
        Wait for the ends of the logs that are followed, or of those of some tasks.
        """
        while True:
            self.sleep(0)
            with self._changed:
                if not any(task_ids is None or task_id in task_ids for task_id in self._unfinished):
                    break
                self._changed.wait(JOIN_SECONDS)
        self.sleep(0)

    def stop(self) -> None:
        """
        End what still follows.
        """
        with self._changed:
            self._is_stopped.set()
            running = list(self._running)
        self._waiting.put(None)
        for log in running:
            log.remote.stop()

    def _open(self, run: Run, tail: int | None) -> RunLog:
        from tccli.core.tasks.log_follow import RunLog

        options = self._options._replace(tail=tail)
        call = None if self._calls is None else self._calls.call
        return RunLog(self._client, self._transfers, run, options, report=self._context.note, call=call)

    def _note(self, member: Member, text: str) -> None:
        self._context.note(text if self._output.is_one else f"{member.name}: {text}")

    def _report(self, member: Member, error: TcError) -> None:
        from tccli.core.tasks.log_follow import LostLogError

        if not self._is_stopped.is_set():
            # A task without a log is not an error either, but to print nothing at all is one.
            (self.lost if isinstance(error, LostLogError) else self.errors).append(error)
            self._context.note(f"{member.name}: {error}")

    def raise_errors(self) -> None:
        """
        Raise the first of the errors, each of which was reported.
        """
        errors = self.lost if self.count == len(self.lost) else self.errors
        if errors:
            error = errors[0]
            error.message, error.hint = f"{len(errors)} of {self.count} logs cannot be printed", ""
            raise error
