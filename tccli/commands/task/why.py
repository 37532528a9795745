"""
``tc task why``: explain why a task is pending, unscheduled, still running, failed or exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.cli.command import Command
from tccli.cli.context import Context, with_context
from tccli.cli.tasks.options import TASK_HELP, newest_option, task_argument
from tccli.errors import TcError

if TYPE_CHECKING:
    from tccli.core.client import Client
    from tccli.core.tasks.causes.model import LogFinding, TaskFacts

MIN_WRAPPED_COLUMNS = 20
MAX_SHOWN_CHARACTERS = 200


def _why(context: Context, task: str, *, newest: bool) -> None:
    from tccli.cli.tasks.lines import make_value_writer
    from tccli.cli.tasks.names import resolve_one
    from tccli.core.tasks.causes import explain_task

    write = make_value_writer(context)
    client = context.client()
    task_id, _ = resolve_one(context, client, task, newest=newest)
    explanation = explain_task(client, task_id, lambda facts: _read_log(context, client, facts))
    write(_wrap(explanation.as_text()), explanation.as_document())


def _wrap(text: str) -> str:
    """
    Return sentences with line breaks between words on a terminal; commands stay whole, so that they can be copied.
    """
    import sys

    if sys.stdout is None or not sys.stdout.isatty():
        return text
    from shutil import get_terminal_size
    from textwrap import wrap

    sentences, *commands = text.split("\n")
    width = max(get_terminal_size().columns, MIN_WRAPPED_COLUMNS)
    return "\n".join([*wrap(sentences, width, break_long_words=False, break_on_hyphens=False), *commands])


def _read_log(context: Context, client: Client, facts: TaskFacts) -> LogFinding:
    from tccli.core.printable import escape_line
    from tccli.core.tasks.causes.model import LogFinding
    from tccli.core.tasks.failures import MAX_LONG_TAIL_BYTES, MAX_TAIL_BYTES
    from tccli.core.tasks.logs import open_log, read_last_lines
    from tccli.core.tasks.queue import find_latest_run_id, find_log_name
    from tccli.core.tasks.signatures import find_exit_code, find_failure_line, is_vague

    try:
        run_id, name = find_latest_run_id(facts.runs), find_log_name(facts.definition)
        log = open_log(client, context.transfer_context(), facts.task_id, run_id, name)
        lines, is_cut = read_last_lines(log, MAX_TAIL_BYTES)
        found = find_failure_line(lines)
        if is_cut and is_vague(found, lines):
            lines, _ = read_last_lines(log, MAX_LONG_TAIL_BYTES)
            found = find_failure_line(lines)
    except TcError as error:
        return LogFinding(f"cannot see its log: {error.message}")
    if found is None:
        code = find_exit_code(lines)
        if code is None:
            return LogFinding("its log is empty")
        text = "its command printed nothing"
        return (
            LogFinding(f"{text}, and its exit code is {code}", "" if code == "0" else "command")
            if code
            else LogFinding(text)
        )
    return LogFinding(f"its log: {escape_line(found.text, MAX_SHOWN_CHARACTERS)}", found.kind)


command = Command(
    "why",
    callback=with_context(_why),
    params=[task_argument(), newest_option()],
    short_help="Explain why a task is pending, unscheduled, still running, failed or exception",
    help="Explain why a task is pending, unscheduled, running too long, failed or exception, and what to do next.\n\n"
    "Of a pending task: its place in the queue, the worker pool and its errors, workers that are quarantined or never "
    "took from the queue, the deadline. Of an unscheduled one: which tasks it waits for, and whether one of them "
    "failed, so that it can never run. Of a running one: its worker, and how long it may run. Of one that has ended: "
    "the reason, and the line of its log that tells most.\n\n"
    "What your scopes do not show is named with the scope. --format json prints taskId, name, state and causes, each "
    f"with kind, text and next.\n\n{TASK_HELP}",
    examples=("tc task why fN1SbArXTPSVFNUvaOlinQ", "tc task why fN1SbArXTPSVFNUvaOlinQ --jq '.causes[].kind' -r"),
)
