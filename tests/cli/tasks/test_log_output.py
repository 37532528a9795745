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


def make_member(number: int) -> Member:
    """
    Return a running task.
    """
    run = {"runId": 0, "state": "running", "started": "2030-01-01T00:00:00Z"}
    status = {"taskId": f"t{number}", "state": "running", "runs": [run], "taskQueueId": "p/w"}
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
