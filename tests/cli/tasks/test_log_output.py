"""
Logs of many tasks that are followed at the same time.
"""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any, cast

import click

from tccli.cli.context import Context
from tccli.cli.tasks.log_output import MAX_FOLLOWED_LOGS, LogPrinter
from tccli.cli.tasks.prefixed_output import PrefixedOutput
from tccli.core.tasks.log_follow import LogOptions, Run, RunLog
from tccli.core.tasks.log_lines import LineFilter
from tccli.core.tasks.members import Member
from tccli.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.core.tasks.runs import FollowedTask


def make_member(number: int, runs: int = 1, *, is_pending: bool = False) -> Member:
    """
    Return a running task.

    Args:
        runs: Their number.
        is_pending: The last one has not started.
    """
    run = {"runId": 0, "state": "running", "started": "2030-01-01T00:00:00Z"}
    last = {"state": "pending"} if is_pending else run
    status = {
        "taskId": f"t{number}",
        "state": last["state"],
        "runs": [*[run] * (runs - 1), last],
        "taskQueueId": "p/w",
    }
    return Member({"status": status, "task": {"metadata": {"name": f"n{number}"}}})


class Printer(LogPrinter):
    """
    Follows logs that end when all may; that of the first task cannot be read.
    """

    ended = threading.Event()

    def _fetch_status(self, member: Member) -> dict[str, Any]:
        return {"taskId": member.task_id, "runs": [{"state": "running", "started": member.started}]}

    def _open(self, run: Run, _: int | None) -> RunLog:
        if run.task_id == "t0":
            raise NotFoundError("no log", status=404)

        def read() -> Iterator[bytes]:
            yield b"begin\n"
            assert self.ended.wait(60)
            yield b"end\n"

        log = RunLog.__new__(RunLog)
        setattr(log, "read", read)  # noqa: B010 - not the method
        return log


class RetriedPrinter(LogPrinter):
    """
    Follows the logs of two runs, each of which ends when it may.

    Attributes:
        opened: The runs whose logs were read.
        may_end: By run.
        left: Is set when a thread has nothing to do for a task.
    """

    def __init__(self, out: io.BytesIO) -> None:
        with click.Context(click.Command("logs")):
            context = Context(environ={})
            output = PrefixedOutput(out, "id", coloured=False)
            super().__init__(context, cast("Any", None), output, LogOptions(LineFilter()))
        self.opened: list[int] = []
        self.may_end = [threading.Event(), threading.Event()]
        self.left = threading.Event()

    def _fetch_status(self, member: Member) -> dict[str, Any]:
        return {"taskId": member.task_id, "runs": [{"state": "exception"}, {"state": "running"}]}

    def _open(self, run: Run, _: int | None) -> RunLog:
        self.opened.append(run.run_id)

        def read() -> Iterator[bytes]:
            assert self.may_end[run.run_id].wait(60)
            yield b"end\n"

        log = RunLog.__new__(RunLog)
        setattr(log, "read", read)  # noqa: B010 - not the method
        return log

    def _note(self, member: Member, text: str) -> None:
        pass

    def _follow(self, task: FollowedTask) -> None:
        super()._follow(task)
        self.left.set()


def test_a_run_that_starts_while_the_one_before_is_left() -> None:
    """
    Its log is waited for, also if the task is seen again just when a thread has found nothing more to do for it.
    """

    class Printer(RetriedPrinter):
        def _is_finished(self, task: FollowedTask) -> bool:
            is_finished = super()._is_finished(task)
            if is_finished and self.opened == [0]:
                self.follow(make_member(1, 2))
            return is_finished

    out = io.BytesIO()
    printer = Printer(out)
    printer.may_end[0].set()
    printer.follow(make_member(1))
    assert printer.left.wait(60)
    timer = threading.Timer(0.2, printer.may_end[1].set)
    timer.start()
    printer.join()
    printer.stop()
    timer.join()
    assert 2 == out.getvalue().count(b"end")


def test_a_task_that_changes_while_its_log_is_followed() -> None:
    """
    What is known of it changes for the thread that follows it at once, not piece by piece as a poll changes it.
    """
    printer = RetriedPrinter(io.BytesIO())
    member, newer = make_member(1), make_member(1, 2, is_pending=True)
    printer.follow(member)
    # The first thing that an update does: the start of the run before is still there.
    member._common = newer._common
    printer.may_end[0].set()
    printer.may_end[1].set()
    printer.join()
    member.update(newer)
    printer.follow(member)
    printer.join()
    assert [0] == printer.opened
    member.update(make_member(1, 2))
    printer.follow(member)
    printer.join()
    printer.stop()
    assert [0, 1] == printer.opened


def test_threads_do_not_grow_with_the_group() -> None:
    """
    Each log is printed, in its turn.
    """
    before = threading.active_count()
    out = io.BytesIO()
    with click.Context(click.Command("logs")):
        context = Context(environ={})
        output = PrefixedOutput(out, "id", coloured=False)
        printer = Printer(context, cast("Any", None), output, LogOptions(LineFilter()))
    for number in range(300):
        printer.follow(make_member(number))
        printer.follow(make_member(number))
    most = threading.active_count() - before
    printer.ended.set()
    printer.join(["t7"])
    assert b"t7 " in out.getvalue()
    printer.join()
    printer.stop()

    assert 598 == len(out.getvalue().splitlines())
    assert ["no log"] == [error.message for error in printer.errors]
    # One reads ahead, and one waits for results.
    assert most <= MAX_FOLLOWED_LOGS + 2
