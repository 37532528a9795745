"""
What the commands for tasks and groups share: their arguments, and their lines of output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tccli.errors import NegativeAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tccli.cli.context import Context
    from tccli.core.client import Client
    from tccli.core.http.deadline import Cancellation

    T = TypeVar("T")

TASK_HELP = (
    "TASK is an id, the address of a task in the web interface or in the API, index:PATH, or GROUP:LABEL for the task "
    "of that name in a group."
)
TASKS_HELP = (
    f"{TASK_HELP} With -, tasks are read from stdin: the first id of each line, a line in another of these forms, or "
    "JSON with taskId. Each line must have one."
)
GROUP_HELP = (
    "GROUP is an id, the address of a group, index:PATH for the group of an indexed task, or a commit or pull request "
    "on GitHub: its address, github:ORG/REPO@SHA or github:ORG/REPO#NUMBER."
)
PATTERN_HELP = (
    "PATTERN is that of artifacts' names, such as 'public/build/*.apk': * does not match a slash, ** does. One without "
    "a slash, such as '*.zip', is that of the file name, at any depth."
)
PRIORITIES = ("highest", "very-high", "high", "medium", "low", "very-low", "lowest")
PRIORITY_HELP = f"LEVEL is {', '.join(PRIORITIES[:-1])} or {PRIORITIES[-1]}."
LEAVE_OUT_CONFIRM = "leave out --confirm"


def task_argument() -> click.Argument:
    """
    Return the argument for one task.
    """
    return click.Argument(["task"], metavar="TASK")


def tasks_argument() -> click.Argument:
    """
    Return the argument for one or more tasks.
    """
    return click.Argument(["tasks"], metavar="TASK...", nargs=-1, required=True)


def priority_argument() -> click.Argument:
    """
    Return the argument for a priority of the queue.
    """
    from tccli.cli.types import Choice

    return click.Argument(["level"], metavar="LEVEL", type=Choice(PRIORITIES))


def newest_option() -> click.Option:
    """
    Return ``--newest``.
    """
    return click.Option(["--newest"], is_flag=True, help="Of several tasks with the LABEL, take the one created last.")


def newest_group_option() -> click.Option:
    """
    Return ``--newest`` for groups.
    """
    return click.Option(
        ["--newest"], is_flag=True, help="Of several groups of a commit or pull request, take the one created last."
    )


def run_option() -> click.Option:
    """
    Return ``-r``. As in the Go client, -1 is the latest run.
    """
    from tccli.cli.types import RunNumber

    return click.Option(
        ["-r", "--run", "run_id"],
        type=RunNumber(min=-1),
        metavar="N",
        help="Consider run N (default: the latest).",
    )


def action_options(verb: str) -> list[click.Parameter]:
    """
    Return the options of commands that act on tasks.
    """
    return [
        click.Option(
            ["-n", "--noop", "--dry-run", "noop"], is_flag=True, help=f"Print what would be {verb}; change nothing."
        ),
        click.Option(["-c", "--confirm", "confirm"], is_flag=True, help="Ask before each task."),
    ]


def resolve_one(
    context: Context,
    client: Client,
    word: str,
    *,
    newest: bool = False,
    label: str = "TASK",
    listings: dict[str, list[dict[str, Any]]] | None = None,
) -> tuple[str, int | None]:
    """
    Return the task that *word* names, and its run if an address names one. ``-`` must have exactly one id.

    Args:
        label: Names the argument or the option in messages.
        listings: Of groups, as for `tccli.core.tasks.names.resolve_task`.

    Raises:
        NegativeAnswerError: stdin has no ids.
    """
    from tccli.core.addresses import is_address

    if word == "-":
        words = _read_words()
        if len(words) > 1:
            raise UsageError(f"stdin has {len(words)} tasks; this command takes one", hint=_suggest_loop())
        word = words[0]
    if is_address(word):
        return _read_address(context, client, word)
    from tccli.core.tasks.names import resolve_task

    return resolve_task(client, word, newest=newest, label=label, listings=listings), None


def _suggest_loop() -> str:
    """
    Return how to run the command for each line of stdin.
    """
    path = click.get_current_context().command_path
    loop = f"cut -d ' ' -f 1 | xargs -n 1 {path} runs it for each"
    return f"tc group logs GROUP prints the logs of many; {loop}" if path.endswith(" log") else loop


def resolve_many(
    context: Context, client: Client, words: Sequence[str], *, newest: bool = False, label: str = "TASK"
) -> list[str]:
    """
    Return the tasks that *words* name, each once. All are found before anything is done.

    Args:
        label: Names the argument or the option in messages.

    Raises:
        NegativeAnswerError: stdin has no ids.
    """
    given = [each for word in words for each in (_read_words() if word == "-" else [word])]
    listings: dict[str, list[dict[str, Any]]] | None = {} if len(given) > 1 else None
    found = (resolve_one(context, client, each, newest=newest, label=label, listings=listings)[0] for each in given)
    return list(dict.fromkeys(found))


def resolve_group(context: Context, client: Client, word: str, *, newest: bool = False) -> str:
    """
    Return the id of the group that *word* names.
    """
    from tccli.cli.addresses import check_deployment
    from tccli.core.addresses import is_address, parse_address
    from tccli.core.tasks import names

    if word == "-":
        words = _read_words(names.GROUP_KEY)
        if len(words) > 1:
            raise UsageError(f"stdin has {len(words)} groups; this command takes one", hint=_suggest_loop())
        word = words[0]
    if is_address(word) and not names.is_github(word):
        address = parse_address(word, context.library())
        group_id = address and address.values.get("taskGroupId")
        if address is None or group_id is None:
            hint = "it looks like https://HOST/tasks/groups/GROUP"
            if address is not None and "taskId" in address.values:
                hint = f"tc task group {address.values['taskId']} prints the group of the task"
            raise UsageError(f"{word} is not the address of a group", hint=hint)
        check_deployment(context, word, address)
        return group_id
    return names.resolve_group(client, word, newest=newest)


def resolve_queue(context: Context, word: str, label: str = "POOL") -> str:
    """
    Return the task queue that *word* names, which has the name of its worker pool.

    Args:
        label: Names the argument or the option in messages.

    Raises:
        UsageError: It names none.
    """
    from tccli import references
    from tccli.cli.addresses import check_deployment
    from tccli.core.addresses import is_address, parse_address
    from tccli.core.parameters import matches_pattern

    if is_address(word):
        address = parse_address(word, context.library())
        queue = address and address.values.get("taskQueueId")
        if address is None or queue is None:
            raise UsageError(f"{word} is not the address of a worker pool", hint="write PROVISIONER/WORKER-TYPE")
        check_deployment(context, word, address)
        return queue
    if not word:
        raise UsageError(f"{label} is empty", hint="write PROVISIONER/WORKER-TYPE")
    if not matches_pattern(references.method("queue", "listPendingTasks"), "taskQueueId", word):
        is_id = matches_pattern(references.method("queue", "task"), "taskId", word)
        hint = f"if that is a group, tc group list {word} prints its tasks" if is_id and label == "POOL" else ""
        raise UsageError(f"{label} must be PROVISIONER/WORKER-TYPE, not {word!r}", hint=hint)
    return word


def _read_address(context: Context, client: Client, word: str) -> tuple[str, int | None]:
    from tccli.cli.addresses import check_deployment
    from tccli.core.addresses import parse_address
    from tccli.core.tasks.names import INDEX_PREFIX, resolve_task

    address = parse_address(word, context.library())
    values = address.values if address else {}
    path = values.get("indexPath")
    if address is None or not (path or values.get("taskId")):
        hint = "it looks like https://HOST/tasks/TASK"
        if "taskGroupId" in values:
            group_id = values["taskGroupId"]
            hint = f"it is that of a group: a task of it is {group_id}:LABEL; tc group list {group_id} prints them"
        raise UsageError(f"{word} is not the address of a task", hint=hint)
    check_deployment(context, word, address)
    if "taskId" not in values:
        return resolve_task(client, f"{INDEX_PREFIX}{path}"), None
    run_id = values.get("runId")
    if run_id is not None and not re.fullmatch("[0-9]{1,9}", run_id):
        raise UsageError(f"{word} does not name a run: {run_id!r} is not a number")
    return resolve_task(client, values["taskId"]), None if run_id is None else int(run_id)


def _read_words(key: str = "taskId") -> list[str]:
    """
    Return the words on stdin that name tasks, or groups.

    Raises:
        NegativeAnswerError: There are none.
    """
    from tccli.cli.inputs import read_id_lines
    from tccli.core.tasks.names import find_words

    what = "task" if key == "taskId" else "group"
    words = find_words(read_id_lines(what.upper()).decode("utf-8", "replace"), key)
    if not words:
        raise NegativeAnswerError(f"no {what} is selected: stdin has no {what} ids")
    return words


def writes_objects(context: Context) -> bool:
    """
    Return whether objects are printed instead of lines, because a format was chosen, or parts of them.
    """
    options = context.options
    return options.format is not None or options.selects_parts


def make_line_writer(
    context: Context, *, waits: bool = False, is_template: bool = False
) -> Callable[[Iterable[tuple[str, Any]]], None]:
    """
    Return a function that writes pairs of a line and an object: the lines, or the objects if a format was chosen.

    One that is given as a list of one pair is one document; others are a list. They are written as they come.

    Args:
        waits: Whether pairs come one by one over a long time. Each is then written out at once,
            and without a pager, which would show them at the end.
        is_template: Whether the user chose the form of the lines. Other lines are one line each, whoever chose the
            names in them.
    """
    if waits and context.options.pager is None:
        context = context.replace(pager=False)
    write = context.writer()

    def write_pairs(pairs: Iterable[tuple[str, Any]]) -> None:
        # Before the first pair, since it takes long until the last one.
        if waits:
            check_list_filter(context)
        from tccli.core.printable import escape_line_breaks
        from tccli.output import Entries, Result

        if writes_objects(context):
            write(Result(pages=Entries(each for _, each in pairs), is_live=waits))
        else:
            lines = (line if is_template else escape_line_breaks(line) for line, _ in pairs)
            write(Result(lines, is_text=True, is_live=waits))

    return write_pairs


def check_list_filter(context: Context) -> None:
    """
    Check that the filter, if there is one, takes a list, before anything is waited for or done.

    Raises:
        UsageError: It takes an object.
    """
    if context.options.jq is not None:
        from tccli.output.filter import Filter

        Filter(context.options.jq).check_list()


def make_value_writer(context: Context) -> Callable[[str, Any], None]:
    """
    Return a function that writes a line, or its object if a format was chosen.
    """
    write = context.writer()

    def write_value(line: str, document: Any) -> None:
        from tccli.output import Result

        write(Result([document]) if writes_objects(context) else Result([line], is_text=True))

    return write_value


def check_allowed(client: Client, method: str) -> None:
    """
    Check that a method of the queue may be called, before anything is fetched for it.

    Raises:
        UsageError: Read-only mode refuses it.
    """
    from tccli import references

    client.check_allowed(references.method("queue", method))


def write_each(
    context: Context,
    write: Callable[[Iterable[tuple[str, Any]]], None],
    function: Callable[[T], tuple[str, Any]],
    items: Iterable[T],
    count: int,
    cancellation: Cancellation | None = None,
) -> None:
    """
    Write the line and the object that *function* returns for each item, several at a time.

    Args:
        count: The number of items.
        cancellation: Of the client that *function* uses.

    Raises:
        TcError: The first error; the other items are done nevertheless.
    """
    from tccli.cli.partial_failures import PartialFailures
    from tccli.core.parallel import run_parallel

    failures = PartialFailures(context, prints=count > 1)
    write(failures.leave_out(result for _, result in run_parallel(function, items, cancellation=cancellation)))
    failures.raise_summary(f"{failures.number} of {count} failed")


def parse_variables(context: Context, settings: Iterable[str]) -> dict[str, str]:
    """
    Return the values of ``--env``: ``NAME=VALUE``.

    Raises:
        UsageError: One of them has no name, or is not UTF-8.
    """
    variables = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not name:
            raise UsageError(f"--env {setting!r} has no name", hint="write --env NAME=VALUE")
        try:
            setting.encode()
        except UnicodeEncodeError:
            raise UsageError(f"--env {name}: the variable is not UTF-8, so it cannot be in a definition") from None
        if not equals:
            # As in the Go client; docker run takes the value from its environment.
            context.note(f'--env {name}: the variable is empty; write --env {name}=VALUE, or --env {name}="${name}"')
        variables[name] = value
    return variables
