"""
What is done to tasks: to those that were named, and to any, several at a time.
"""

from __future__ import annotations

from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tccli.cli.questions import ask, open_answers
from tccli.cli.tasks.action_progress import ActionProgress
from tccli.cli.tasks.lines import make_line_writer, make_value_writer, write_each, writes_objects
from tccli.cli.tasks.names import resolve_many
from tccli.core.parallel import make_parallel_client
from tccli.core.printable import escape_line_breaks
from tccli.core.responses import read_timestamp
from tccli.core.tasks import queue
from tccli.errors import NegativeAnswerError, RefusedError, TcError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tccli.cli.context import Context
    from tccli.cli.tasks.outcomes import Outcome
    from tccli.core.client import Client

LEAVE_OUT_CONFIRM = "leave out --confirm"
UNKNOWN_NAME = "?"


class TaskAction(NamedTuple):
    """
    What a command does to each of its tasks.

    Attributes:
        verb: ``cancel``: in questions, and in ``would-cancel``.
        method: Of the queue: the one that changes something, with which it begins.
        would: Begins the line of ``--noop`` for one task, as in the Go client: ``Would cancel``.
        question: Begins the Go client's question of ``--confirm``: ``Cancels``.
        act: Does it, and returns the new status of the task; if None, *method* does.
        check: Checks the status of a task: raises an error, or prints a note.
        has_deadline: Whether the queue refuses it after the deadline of the task.
        checks_first: Whether *act* is called for tasks only that pass *check*; if not, it checks itself.
    """

    verb: str
    method: str
    would: str
    question: str
    act: Callable[[Client, str], dict[str, Any]] | None = None
    check: Callable[[dict[str, Any]], None] = lambda _status: None
    checks_first: bool = False
    has_deadline: bool = False

    def describe(self, client: Client, task_id: str) -> tuple[str, dict[str, Any]]:
        """
        Return the line of ``--noop`` and the status of a task; nothing is done.
        """
        name, state, status = _look_up(client, task_id)
        self.check(status)
        self._check_deadline(client, status)
        return f"{self.would} {name} taskid: {task_id} (state: {state})", status

    def confirm(self, context: Context, client: Client, task_id: str, answers: IO[str] | None) -> bool:
        """
        Ask whether to act on a task.
        """
        name, state, _ = _look_up(client, task_id)
        question = f"{self.verb} task {task_id} ({escape_line_breaks(name)}, {state})?"
        if context.is_go_client:
            what = f"{self.question} {name} taskId: {task_id} (state: {state})"
            question = f"{what}. Are you sure you want to proceed?(y/N)"
        return ask(context, question, answers, LEAVE_OUT_CONFIRM)

    def perform(self, client: Client, task_id: str) -> tuple[str, dict[str, Any]]:
        """
        Act on a task, and return its new state as a line, and its status.
        """
        status = self._act(client, task_id, None)
        return queue.format_run(queue.find_run(status, None)), status

    def perform_as_row(self, client: Client, target: Target, *, noop: bool) -> tuple[str, dict[str, Any]]:
        """
        Act on a task, and return ``ID NAME STATE`` and its status.

        Args:
            noop: Do nothing; the state is ``would-VERB``.
        """
        task_id, name, known = target
        if noop:
            status = queue.fetch_status(client, task_id) if known is None else known
            self.check(status)
            self._check_deadline(client, status)
            state = f"would-{self.verb}"
        else:
            status = self._act(client, task_id, known)
            state = queue.find_run(status, None)["state"]
        if name is None:
            try:
                name = queue.read_name(task_id, queue.fetch_definition(client, task_id))
            except TcError:
                # Who must not see the task has acted on it nevertheless.
                if noop:
                    raise
                name = UNKNOWN_NAME
        return f"{task_id} {name} {state}", make_record(status, name, f"would-{self.verb}" if noop else self.verb)

    def _check_deadline(self, client: Client, status: Mapping[str, Any]) -> None:
        """
        Check that a dry run does not announce what the queue will refuse.

        Raises:
            NegativeAnswerError: The deadline has passed.
        """
        deadline = status.get("deadline")
        if not self.has_deadline or not isinstance(deadline, str):
            return
        if read_timestamp("the status of a task", deadline) <= client.clock.now():
            what = f"cannot {self.verb} task {status['taskId']}: its deadline {deadline} has passed"
            raise NegativeAnswerError(what, hint="tc task retrigger creates a copy of it")

    def _act(self, client: Client, task_id: str, known: dict[str, Any] | None) -> dict[str, Any]:
        if self.checks_first:
            self.check(known or queue.fetch_status(client, task_id))
        if self.act is None:
            return queue.call_status_method(client, self.method, [task_id])
        return self.act(client, task_id)


def make_record(status: dict[str, Any], name: str, action: str) -> dict[str, Any]:
    """
    Return the status of a task, with what lists of tasks show of it, too.

    Args:
        action: What was, or would be, done to it.
    """
    if not status:
        return status
    run = queue.find_run(status, None)
    shown = {"name": name, "reason": run.get("reasonResolved") or "", "queue": status.get("taskQueueId") or ""}
    return {**status, **shown, "action": action}


class Target(NamedTuple):
    """
    A task to act on.

    Attributes:
        name: None if it is not known.
        status: Before the action, or None if it is not known.
    """

    task_id: str
    name: str | None = None
    status: dict[str, Any] | None = None


class Targets(NamedTuple):
    """
    Tasks to act on, which may be looked up as they are needed, and their number.
    """

    tasks: Iterable[Target]
    number: int


def _look_up(client: Client, task_id: str) -> tuple[str, str, dict[str, Any]]:
    status = queue.fetch_status(client, task_id)
    name = queue.read_name(task_id, queue.fetch_definition(client, task_id))
    return escape_line_breaks(name), str(queue.find_run(status, None)["state"]), status


def look_up_many(client: Client, task_ids: Sequence[str], *, needs_status: bool) -> Iterator[Target]:
    """
    Yield tasks with their names, and their statuses if needed, of which a request returns many.

    What does not exist, or must not be seen, is not known: acting on it is what fails.
    """
    for start in range(0, len(task_ids), queue.MAX_IDS_PER_REQUEST):
        chunk = task_ids[start : start + queue.MAX_IDS_PER_REQUEST]
        try:
            definitions = queue.fetch_definitions(client, chunk)
            statuses = queue.fetch_statuses(client, chunk) if needs_status else {}
        except RefusedError:
            definitions, statuses = {}, {}
        for task_id in chunk:
            found = definitions.get(task_id)
            name = None if found is None else queue.read_name(task_id, found)
            yield Target(task_id, name, statuses.get(task_id))


def run_action(
    context: Context,
    action: TaskAction,
    words: Sequence[str],
    *,
    noop: bool,
    confirm: bool,
    newest: bool,
    outcome: Outcome | None = None,
) -> None:
    """
    Act on tasks, and print what became of each: a line of state for one task, ``ID NAME STATE`` for several.

    Raises:
        TcError: The first error; the other tasks are acted on nevertheless.
    """
    write_value, write_lines = make_value_writer(context), make_line_writer(context, waits=True)
    if context.is_go_client:
        # Its --noop prints the line whatever the state is.
        action = action._replace(check=action.check if action.checks_first and not noop else lambda _status: None)
    client = make_parallel_client(context.client())
    if not noop:
        queue.check_allowed(client, action.method)
    answers = open_answers(words, LEAVE_OUT_CONFIRM) if confirm and not noop else None
    tasks = resolve_many(context, client, words, newest=newest)
    if confirm and not noop:
        # One question after the other, before anything is done.
        tasks = [task_id for task_id in tasks if action.confirm(context, client, task_id, answers)]
        if not (tasks or context.is_go_client):
            raise NegativeAnswerError("nothing was done")
    is_one = len(words) == 1 and words[0] != "-"
    if not is_one:
        targets = Targets(look_up_many(client, tasks, needs_status=noop or action.checks_first), len(tasks))
        act_on_targets(context, client, action, targets, write_lines, noop=noop, outcome=outcome)
        return
    for task_id in tasks:
        line, status = action.describe(client, task_id) if noop else action.perform(client, task_id)
        if outcome is None or noop:
            write_value(line, _describe_one(context, client, action, status, noop=noop))
        else:
            context.note(f"{task_id} {line}")
            outcome.follow(context, client, {task_id: _find_run_started(status)})


def _describe_one(
    context: Context, client: Client, action: TaskAction, status: dict[str, Any], *, noop: bool
) -> dict[str, Any]:
    """
    Return the record of one task, of which the name is looked up if it is printed.
    """
    if not writes_objects(context):
        return status
    name = ""
    task_id = status["taskId"]
    # What was done is printed, whatever becomes of the name.
    with suppress(TcError):
        name = queue.read_name(task_id, queue.fetch_definition(client, task_id))
    return make_record(status, name, f"would-{action.verb}" if noop else action.verb)


def act_on_targets(
    context: Context,
    client: Client,
    action: TaskAction,
    targets: Targets,
    write: Callable[[Iterable[tuple[str, Any]]], None],
    *,
    noop: bool,
    outcome: Outcome | None = None,
) -> None:
    """
    Act on tasks, several at a time, and print ``ID NAME STATE`` of each; then follow them if that is asked for.

    Raises:
        TcError: The first error; the other tasks are acted on nevertheless.
    """
    done: dict[str, int] = {}
    progress = ActionProgress(context, targets.number, client.cancellation)
    follows = outcome is not None and not noop

    def perform(numbered: tuple[int, Target]) -> tuple[str, dict[str, Any]]:
        number, target = numbered
        return progress.perform(lambda: action.perform_as_row(client, target, noop=noop), number)

    def note(pairs: Iterable[tuple[str, Any]]) -> None:
        # Stdout is for what is followed.
        for line, status in pairs:
            context.note(line)
            done[status["taskId"]] = _find_run_started(status)

    failure: TcError | None = None
    try:
        write_each(
            context,
            lambda pairs: progress.write(note if follows else write, pairs, noop=noop),
            perform,
            enumerate(targets.tasks),
            targets.number,
            client.cancellation,
        )
    except WaitTimeoutError:
        raise
    except TcError as error:
        if not done:
            raise
        failure = error
    if follows and outcome is not None:
        outcome.follow(context, client, done)
    if failure is not None:
        raise failure


def _find_run_started(status: dict[str, Any]) -> int:
    return queue.find_latest_run_id(status["runs"]) or 0
