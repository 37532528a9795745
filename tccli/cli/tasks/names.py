"""
Words on the command line and on stdin that name tasks, groups and task queues, and what they name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from tccli import references
from tccli.cli.addresses import check_deployment
from tccli.core.addresses import is_address, parse_address
from tccli.core.parameters import explain_extra, matches_pattern
from tccli.core.tasks import names
from tccli.core.tasks.labels import GroupListings
from tccli.errors import NegativeAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.cli.context import Context
    from tccli.core.client import Client


def resolve_one(
    context: Context,
    client: Client,
    word: str,
    *,
    newest: bool = False,
    label: str = "TASK",
    listings: GroupListings | None = None,
) -> tuple[str, int | None]:
    """
    Return the task that *word* names, and its run if an address names one. ``-`` must have exactly one id.

    Args:
        label: Names the argument or the option in messages.
        listings: Of groups, as for `tccli.core.tasks.names.resolve_task`.

    Raises:
        NegativeAnswerError: stdin has no ids.
    """
    if word == "-":
        words = _read_words()
        if len(words) > 1:
            raise UsageError(f"stdin has {len(words)} tasks; this command takes one", hint=_suggest_loop())
        word = words[0]
    word = word.strip()
    if is_address(word):
        return _read_address(context, client, word)
    return names.resolve_task(client, word, newest=newest, label=label, listings=listings), None


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
    listings = GroupListings()
    found = (resolve_one(context, client, each, newest=newest, label=label, listings=listings)[0] for each in given)
    return list(dict.fromkeys(found))


def resolve_group(context: Context, client: Client, word: str, *, newest: bool = False) -> str:
    """
    Return the id of the group that *word* names.
    """
    if word == "-":
        words = _read_words(names.GROUP_KEY)
        if len(words) > 1:
            raise UsageError(f"stdin has {len(words)} groups; this command takes one", hint=_suggest_loop())
        word = words[0]
    word = word.strip()
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
    word = word.strip()
    if is_address(word):
        address = parse_address(word, context.library())
        queue = address and address.values.get("taskQueueId")
        if address is None or queue is None:
            raise UsageError(f"{word} is not the address of a worker pool", hint="write PROVISIONER/WORKER-TYPE")
        check_deployment(context, word, address)
        return queue
    if not word:
        raise UsageError(f"{label} is empty", hint="write PROVISIONER/WORKER-TYPE")
    method = references.method("queue", "listPendingTasks")
    if not matches_pattern(method, "taskQueueId", word):
        is_id = matches_pattern(references.method("queue", "task"), "taskId", word)
        hint = f"if that is a group, tc group list {word} prints its tasks" if is_id and label == "POOL" else ""
        hint = hint or explain_extra(word, lambda inner: matches_pattern(method, "taskQueueId", inner))
        raise UsageError(f"{label} must be PROVISIONER/WORKER-TYPE, not {word!r}", hint=hint)
    return word


def _read_address(context: Context, client: Client, word: str) -> tuple[str, int | None]:
    address = parse_address(word, context.library())
    values = address.values if address else {}
    path = values.get("indexPath")
    if address is None or not (path or values.get("taskId")):
        hint = explain_extra(word, lambda inner: parse_address(inner, context.library()) is not None)
        hint = hint or "it looks like https://HOST/tasks/TASK"
        if "taskGroupId" in values:
            group_id = values["taskGroupId"]
            hint = f"it is that of a group: a task of it is {group_id}:LABEL; tc group list {group_id} prints them"
        raise UsageError(f"{word} is not the address of a task", hint=hint)
    check_deployment(context, word, address)
    if "taskId" not in values:
        return names.resolve_task(client, f"{names.INDEX_PREFIX}{path}"), None
    run_id = values.get("runId")
    if run_id is not None and not re.fullmatch("[0-9]{1,9}", run_id):
        raise UsageError(f"{word} does not name a run: {run_id!r} is not a number")
    return names.resolve_task(client, values["taskId"]), None if run_id is None else int(run_id)


def _read_words(key: str = "taskId") -> list[str]:
    """
    Return the words on stdin that name tasks, or groups.

    Raises:
        NegativeAnswerError: There are none.
    """
    from tccli.cli.inputs import read_id_lines

    what = "task" if key == "taskId" else "group"
    words = names.find_words(read_id_lines(what.upper()).decode("utf-8", "replace"), key)
    if not words:
        raise NegativeAnswerError(f"no {what} is selected: stdin has no {what} ids")
    return words
